// One whole conversation, cut after every single message of it, in every way: each promise settles, each table is empty, and
// nothing is thrown where nobody can catch it.
import { describe, expect, it, onTestFinished } from "vitest";
import { type Connection, listen, none, PBError, Referenceable, type RemoteReference, Root } from "../../src/index.ts";
import { ManualClock } from "../support/clock.ts";
import { turnOver, until } from "../support/ends.ts";
import { type Cut, Relay } from "../support/relay.ts";

class Two extends Referenceable {
  remote_three(n: number) {
    return n * 3;
  }
  remote_self() {
    return this;
  }
}

class Listener extends Referenceable {
  heard = 0;
  async remote_heard(_line: string, two: RemoteReference<Two>) {
    using held = two;
    this.heard++;
    return await held.callRemote("three", this.heard);
  }
}

class Service extends Root {
  running = 0;
  readonly lost: string[] = [];
  readonly kept: RemoteReference[] = [];
  readonly marks = new Set<number>();
  remote_echo(value: unknown): any {
    return value;
  }
  remote_mark(n: number) {
    this.marks.add(n);
    return n;
  }
  remote_newTwo() {
    return new Two();
  }
  remote_many() {
    return { list: [new Two(), new Two()], again: new Two() };
  }
  remote_keep(reference: RemoteReference) {
    reference.onDisconnect(({ code }) => this.lost.push(code));
    this.kept.push(reference);
  }
  remote_fail(): Two {
    throw new PBError("as expected");
  }
  async remote_tell(listener: RemoteReference<Listener>) {
    using held = listener;
    this.running++;
    try {
      return await Promise.all([held.callRemote("heard", "a", new Two()), held.callRemote("heard", "b", new Two())]);
    } finally {
      this.running--;
    }
  }
}

/**
 * Everything that a client does, as promises that have to settle whatever happens. Adds to `unexecuted` the marks whose calls
 * are said not to have been executed.
 */
function converse(connection: Connection<Service>, unexecuted: number[]): Promise<unknown>[] {
  const { root } = connection;
  const promises: Promise<unknown>[] = [];
  const also = <T>(promise: Promise<T>): Promise<T> => {
    promises.push(promise);
    return promise;
  };
  also(root.callRemote("echo", { some: ["value"] }));
  also(root.callRemote("newTwo").callRemote("self").callRemote("three", 4));
  also(root.callRemote("fail"));
  also(root.callRemote("fail").callRemote("three", 1));
  also(root.callRemote("tell", new Listener()));
  for (let n = 0; n < 3; n++) {
    root.callRemote("mark", n).catch(({ executed }) => {
      if (executed === "no") unexecuted.push(n);
    });
  }
  root.callRemoteOnly("keep", new Two());
  also(root.callRemote("keep", new Two()));
  also(root.with({ timeout: 1000 }).callRemote("echo", new Uint8Array(20_000)));
  also(root.with({ signal: new AbortController().signal }).callRemote("echo", new Two()));
  also(
    (async () => {
      using two = await root.callRemote("newTwo");
      await two.callRemote("three", 1);
      const { list, again } = await root.callRemote("many");
      for (const reference of [...list, again]) reference.release();
      return await root.callRemote("echo", 1);
    })(),
  );
  return promises;
}

let names = 0;

async function run(limit: number, how: Cut) {
  const log: string[] = [];
  const root = new Service();
  const clock = new ManualClock();
  const options = {
    clock,
    dialects: [none],
    log: ({ level, message }: any) => void (level === "error" && log.push(message)),
  };
  const server = await listen(root, `memory://cut-${++names}`, options);
  const disconnections: string[] = [];
  server.on("disconnection", ({ reason }) => disconnections.push(reason.code));
  const relay = new Relay(limit, how);
  const connecting = relay.connect<Service>(server, options);
  const end = [...server.connections][0] as Connection;
  let connection: Connection<Service> | undefined;
  let results: PromiseSettledResult<unknown>[] = [];
  const unexecuted: number[] = [];
  try {
    connection = await connecting;
    results = await Promise.allSettled(converse(connection, unexecuted));
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/CONNECT_FAILED|NEGOTIATION_FAILED/) });
  }
  return { relay, unexecuted, connection, end, results, root, clock, server, disconnections, log };
}

describe("a conversation", () => {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown) => unhandled.push(reason);

  it("that is not cut settles as it should, and is long enough to be worth cutting", async () => {
    const { relay, connection, results, server } = await run(Number.POSITIVE_INFINITY, "closed");
    expect(relay.carried).toBeGreaterThan(40);
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
      "fulfilled",
      "fulfilled",
      "fulfilled",
      "fulfilled",
    ]);
    await connection?.close();
    await server.close();
  });

  it.each<Cut>(["closed", "aborted", "aborted in the middle of a message"])(
    "that is %s settles every promise and empties every table, wherever that happens",
    async (how) => {
      process.on("unhandledRejection", listener);
      process.on("uncaughtException", listener);
      onTestFinished(() => {
        process.off("unhandledRejection", listener);
        process.off("uncaughtException", listener);
      });
      for (let limit = 0; ; limit++) {
        const { relay, unexecuted, connection, end, results, root, clock, server, disconnections, log } = await run(
          limit,
          how,
        );
        const where = `cut after message ${limit}`;
        if (relay.carried < limit) {
          await server.close();
          expect(limit).toBeGreaterThan(40);
          break;
        }
        await until(() => server.connections.size === 0, `${where}: the server's end of it`);
        const reasons = [await end.closed, ...(connection === undefined ? [] : [await connection.closed])];
        for (const { code } of reasons) expect(code, where).toMatch(/PEER_CLOSED|TRANSPORT_FAILED/);
        expect(disconnections, where).toHaveLength(1);
        for (const result of results) {
          if (result.status === "fulfilled") continue;
          expect(result.reason.code ?? result.reason, where).toMatch(
            /CONNECTION_LOST|DEAD_REFERENCE|REMOTE_ERROR|NOT_A_REFERENCE/,
          );
        }
        for (const side of [connection, end]) {
          if (side === undefined) continue;
          expect(side.inspect(), where).toMatchObject({ exports: [], imports: [], names: [], awaited: 0, waiting: 0 });
        }
        await until(() => root.running === 0 && end.inspect().running === 0, `${where}: the end of the running calls`);
        for (const n of unexecuted) expect(root.marks.has(n), `${where}: ${n} was executed`).toBe(false);
        expect(root.lost, where).toHaveLength(root.kept.length);
        expect(clock.waiting, where).toBeLessThanOrEqual(1); // the timeouts' one timer
        // What was running when the connection went may fail with ConnectionLost, which is no secret.
        expect(
          log.filter((message) => !/tell|heard/.test(message)),
          where,
        ).toEqual([]);
        await server.close();
        await turnOver();
        expect(unhandled, where).toEqual([]);
      }
    },
  );
});
