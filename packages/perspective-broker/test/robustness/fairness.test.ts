// Nobody starves: not other connections, not timers, however much one peer sends at once.
import { describe, expect, it, onTestFinished } from "vitest";
import { connect, listen, Referenceable, type RemoteReference, Root } from "../../src/index.ts";
import { ManualClock } from "../support/clock.ts";
import { turnOver, until } from "../support/ends.ts";
import { everywhere, meetInMemory } from "../support/everywhere.ts";
import { encode, rawClient } from "../support/raw-peer.ts";

class Echo extends Root {
  handled = 0;
  remote_echo(value: unknown) {
    this.handled++;
    return value;
  }
  async remote_later(value: unknown) {
    await undefined;
    this.handled++;
    return value;
  }
  remote_slow() {
    this.handled++;
    const end = performance.now() + 1;
    while (performance.now() < end);
  }
}

let names = 0;

/** Ten thousand calls as one chunk. */
const flood = (method: string, flag = 0) =>
  Buffer.concat(
    Array.from({ length: 10_000 }, (_, i) =>
      encode(["message", i, "root", method, flag, ["tuple", 1], ["dictionary"]]),
    ),
  );

describe("one chunk with ten thousand calls", () => {
  it.each([
    ["echo", 0],
    ["echo", 1],
    ["later", 1],
  ])("leaves turns to timers and to other connections (%s, flag %i)", async (method, flag) => {
    const root = new Echo();
    // A clock that stands still: the share of a turn is counted in messages alone.
    const server = await listen(root, `memory://fair-${++names}`, { clock: new ManualClock(), log: () => {} });
    onTestFinished(() => server.close());
    const friend = await connect<Echo>(server.address);
    const peer = await rawClient(server);
    const turns: number[] = [];
    let done = false;
    const everyTurn = () => {
      turns.push(root.handled);
      if (!done) setImmediate(everyTurn);
    };
    setImmediate(everyTurn);
    let timer = -1;
    setTimeout(() => {
      timer = root.handled;
    }, 1);
    peer.sends(flood(method, flag));
    await turnOver();
    const before = root.handled;
    await friend.root.callRemote("echo", 1);
    const after = root.handled;
    await until(() => root.handled === 10_001);
    done = true;
    await until(() => timer >= 0);
    expect(after - before, "handled while a friend waited for one answer").toBeLessThan(4 * 256);
    expect(turns.length).toBeGreaterThan(30);
    const steps = turns.map((handled, i) => handled - (turns[i - 1] ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(2 * 256 + 2);
    await friend.close();
  });

  it("whose calls take long has its share of a turn by the clock", async () => {
    const root = new Echo();
    const server = await listen(root, `memory://fair-${++names}`, { limits: { turnMilliseconds: 4 }, log: () => {} });
    onTestFinished(() => server.close());
    const peer = await rawClient(server);
    peer.sends(
      Buffer.concat(
        Array.from({ length: 200 }, (_, i) => encode(["message", i, "root", "slow", 0, ["tuple"], ["dictionary"]])),
      ),
    );
    const steps: number[] = [];
    let last = 0;
    while (root.handled < 200) {
      await turnOver();
      steps.push(root.handled - last);
      last = root.handled;
    }
    // It looks at the clock after every 16 messages.
    expect(Math.max(...steps)).toBeLessThanOrEqual(32);
  });
});

describe("a long conversation over memory", () => {
  it("lets timers fire", async () => {
    const { connection } = await meetInMemory<Echo>(new Echo());
    let fired = false;
    setTimeout(() => {
      fired = true;
    }, 1);
    for (let i = 0; i < 20_000 && !fired; i++) await connection.root.callRemote("echo", i);
    expect(fired).toBe(true);
  });
});

everywhere((meet) => {
  describe("two connections of one server", () => {
    it("share it, whatever the one sends", async () => {
      class Deep extends Root {
        async remote_bounce(other: RemoteReference<Bouncer>, times: number) {
          for (let i = 0; i < times; i++) await other.callRemote("bounce", i);
          other.release();
        }
        remote_echo(value: unknown) {
          return value;
        }
      }
      class Bouncer extends Referenceable {
        remote_bounce(n: number) {
          return n;
        }
      }
      const root = new Deep();
      const busy = await meet<Deep>(root);
      const calm = await meet<Deep>(root);
      let over = false;
      const bouncing = Promise.all(
        Array.from({ length: 10 }, () => busy.connection.root.callRemote("bounce", new Bouncer(), 100)),
      ).then(() => {
        over = true;
      });
      for (let i = 0; i < 5; i++) expect(await calm.connection.root.callRemote("echo", i)).toBe(i);
      expect(over).toBe(false);
      await bouncing;
    });
  });
});
