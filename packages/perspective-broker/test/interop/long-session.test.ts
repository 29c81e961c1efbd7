// One connection with real Twisted that is used for long, in both roles and both dialects: nothing is mixed up, and nothing
// is left in any table of either side.
import { type Connection, none, pb, Referenceable, type RemoteReference, Tuple } from "perspective-broker";
import { expect, it, onTestFinished } from "vitest";
import { equal, until } from "../peers/scenarios/checks.ts";
import { ourClient, ourServer } from "./in-process.ts";
import { finished, python, serving, twisted } from "./programs.ts";
import { withEachTwisted } from "./twisted.ts";

const ROUNDS = 500;

for (const dialect of [none, pb]) {
  withEachTwisted(`a long session in dialect ${dialect.name}`, ({ path }) => {
    it("of a Twisted client leaves nothing behind", async () => {
      const server = await ourServer({ dialects: [dialect] });
      const args = ["--port", String(server.port), "--rounds", String(ROUNDS)];
      const client = await finished(python(path, "long_session.py", ...args), 100);
      expect(client.stdout).toBe(`DONE ${ROUNDS} 0 0\n`);
      const connection = server.connections[0] as Connection;
      expect(connection.dialect).toBe(dialect.name);
      expect(await connection.closed).toMatchObject({ code: "PEER_CLOSED" });
      expect(server.logged).toEqual([]);
    }, 120_000);

    it("of our client leaves nothing behind", async () => {
      const server = await serving(twisted(path, "pb_server.py"));
      onTestFinished(() => server.stop());
      const connection = await ourClient(server.port, { dialects: [dialect], dicts: "map" });
      expect(connection.dialect).toBe(dialect.name);
      for (let start = 0; start < ROUNDS; start += 10) {
        const ten = Array.from({ length: 10 }, (_, i) => oneRound(connection.root, start + i));
        await Promise.all(ten);
      }
      expect(await connection.root.callRemote("liveRefs")).toBe(0);
      await until(() => connection.inspect().exports.length === 0, "the server keeps objects of ours");
      expect(connection.inspect()).toMatchObject({ exports: [], imports: [], awaited: 0, running: 0, waiting: 0 });
    }, 120_000);
  });
}

class Doubler extends Referenceable {
  remote_double(x: unknown): unknown[] {
    return [x, x];
  }
}

/** The same as in long_session.py. */
async function oneRound(root: RemoteReference, i: number): Promise<void> {
  const text = "ä\u{1f96a}".repeat(i % 300);
  const data = new Uint8Array(256 * (i % 40)).map((_, at) => at % 256);
  const value = new Map<unknown, unknown>([
    ["i", i],
    ["f", i / 4 + 0.125],
    ["t", new Tuple(text, data)],
    ["l", [null, true, -i, 2n ** 60n + BigInt(i)]],
    [data, [text]],
  ]);
  const [echo, later, doubled, two] = await Promise.all([
    root.callRemote("echo", value),
    root.callRemote("later", 0.001 * (i % 3), [text, i]),
    root.callRemote("callBack", new Doubler(), "double", data),
    root.callRemote("newTwo"),
  ]);
  // Not expect(): it takes its time with byte arrays.
  equal(echo, value, "echo");
  equal(later, [text, i], "later");
  equal(doubled, [data, data], "callBack");
  equal(await two.callRemote("three", i), new Tuple("three", i), "three");
  two.release();
  root.callRemoteOnly("nosuch");
}
