// Bounds of what a peer can make this side hold: references in both directions, calls that run, calls that wait, output.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type CloseReason,
  type ConnectionLost,
  LimitExceeded,
  type Limits,
  listen,
  pb,
  Referenceable,
  RemoteError,
  type RemoteReference,
  Root,
} from "../../src/index.ts";
import { turnOver, until } from "../support/ends.ts";
import { everywhere, inEveryDialect, type Met, meetInMemory, type Place } from "../support/everywhere.ts";
import { rawClient, rawServer, type Term } from "../support/raw-peer.ts";

class Two extends Referenceable {
  remote_three(n: number) {
    return n * 3;
  }
}

const EXCEEDED = "Maximum PB reference count exceeded.";

describe("references that are given out", () => {
  class Giver extends Root {
    remote_newTwo() {
      return new Two();
    }
    async remote_newTwoLater() {
      await turnOver();
      return new Two();
    }
    remote_some(count: number) {
      return Array.from({ length: count }, () => new Two());
    }
    remote_echo(value: unknown) {
      return value;
    }
  }

  it("are exactly MAX_BROKER_REFS - 1 beside a root and a named object; three refusals, then Goodbye", async () => {
    const { connection, accepted, takeLogged } = await meetInMemory<Giver>(new Giver(), {
      server: { objects: { foo: new Two() } },
      untidy: true,
    });
    const held: RemoteReference[] = [];
    const errors: RemoteError[] = [];
    for (let i = 0; i < 1100 && errors.length < 4; i++) {
      try {
        held.push(await connection.root.callRemote("newTwo"));
      } catch (error) {
        errors.push(error as RemoteError);
      }
    }
    expect(held).toHaveLength(1024 - 1);
    expect(errors.map(({ message }) => message)).toEqual([EXCEEDED, EXCEEDED, EXCEEDED, `${EXCEEDED}  Goodbye.`]);
    for (const error of errors) {
      expect(error).toBeInstanceOf(RemoteError);
      expect(error.check("twisted.spread.pb.Error")).toBe(true);
    }
    expect(await accepted.closed).toMatchObject({ code: "LIMIT_EXCEEDED", message: /limits\.references/ });
    expect(await connection.closed).toMatchObject({ code: "PEER_CLOSED" });
    takeLogged();
  });

  everywhere((meet) => {
    it.each(["newTwo", "newTwoLater"] as const)(
      "are refused, and the last answer still arrives before the end (%s)",
      async (method) => {
        const { connection, accepted, takeLogged } = await meet<Giver>(new Giver(), {
          server: { limits: { references: 3 } },
          untidy: true,
        });
        const results = await Promise.allSettled(Array.from({ length: 8 }, () => connection.root.callRemote(method)));
        expect(results.slice(0, 3).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
        const messages = results.slice(3).map((result) => (result.status === "rejected" ? result.reason.message : ""));
        expect(messages.slice(0, 4)).toEqual([EXCEEDED, EXCEEDED, EXCEEDED, `${EXCEEDED}  Goodbye.`]);
        expect(await accepted.closed).toMatchObject({ code: "LIMIT_EXCEEDED" });
        takeLogged();
      },
    );
  });

  it("have room again when others were given back", async () => {
    const { connection, takeLogged } = await meetInMemory<Giver>(new Giver(), {
      server: { limits: { references: 2 } },
    });
    for (let round = 0; round < 20; round++) {
      const first = await connection.root.callRemote("newTwo");
      const second = await connection.root.callRemote("newTwo");
      expect(await second.callRemote("three", round)).toBe(3 * round);
      first.release();
      second.release();
    }
    const kept = await connection.root.callRemote("newTwo");
    expect(await kept.callRemote("three", 1)).toBe(3);
    kept.release();
    expect(takeLogged()).toEqual([]);
  });

  it("of a message that is refused half-way are all taken back", async () => {
    const { connection, accepted, takeLogged } = await meetInMemory<Giver>(new Giver(), {
      server: { limits: { references: 10 } },
    });
    await expect(connection.root.callRemote("some", 50)).rejects.toMatchObject({ message: EXCEEDED });
    expect(accepted.inspect().exports).toEqual([]);
    const ten = (await connection.root.callRemote("some", 10)) as RemoteReference<Two>[];
    expect(ten).toHaveLength(10);
    for (const reference of ten) reference.release();
    takeLogged();
  });

  it("count once, however often the same object goes", async () => {
    const two = new Two();
    class Same extends Root {
      remote_two() {
        return [two, two, two];
      }
    }
    const { connection } = await meetInMemory<Same>(new Same(), { server: { limits: { references: 1 } } });
    const [first] = (await connection.root.callRemote("two")) as RemoteReference<Two>[];
    await connection.root.callRemote("two");
    first?.releaseAll();
  });

  it("are bounded for the caller, too, whose calls fail here", async () => {
    const { connection } = await meetInMemory<Giver>(new Giver(), {
      client: { limits: { references: 1 } },
      untidy: true,
    });
    const held = [new Two(), new Two(), new Two()];
    await expect(connection.root.callRemote("echo", held)).rejects.toBeInstanceOf(LimitExceeded);
    expect(connection.inspect().exports).toEqual([]);
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
  });
});

describe("references that are received", () => {
  class Taker extends Root {
    kept: RemoteReference[] = [];
    remote_take(references: RemoteReference[]) {
      this.kept.push(...references);
      return this.kept.length;
    }
    remote_drop() {
      for (const reference of this.kept.splice(0)) reference.release();
    }
  }

  it("are bounded: a message that brings too many is refused, and all of it is given back", async () => {
    const root = new Taker();
    const { connection, accepted } = await meetInMemory<Taker>(root, { server: { limits: { imports: 5 } } });
    const twos = (count: number) => Array.from({ length: count }, () => new Two());
    expect(await connection.root.callRemote("take", twos(5))).toBe(5);
    await expect(connection.root.callRemote("take", twos(3))).rejects.toMatchObject({ message: /limits\.imports/ });
    await until(() => connection.inspect().exports.length === 5);
    expect(accepted.inspect().imports).toHaveLength(5);
    await connection.root.callRemote("drop");
    expect(await connection.root.callRemote("take", twos(2))).toBe(2);
    await connection.root.callRemote("drop");
  });

  it("that an answer brings too many of fail that call, and go back", async () => {
    class Giver extends Root {
      remote_some(count: number) {
        return Array.from({ length: count }, () => new Two());
      }
    }
    const { connection, accepted } = await meetInMemory<Giver>(new Giver(), { client: { limits: { imports: 5 } } });
    await expect(connection.root.callRemote("some", 6)).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "imports",
    });
    await until(() => accepted.inspect().exports.length === 0);
    const some = (await connection.root.callRemote("some", 5)) as RemoteReference<Two>[];
    for (const reference of some) reference.release();
  });
});

describe("calls above the cap", () => {
  class Busy extends Root {
    readonly begun: number[] = [];
    most = 0;
    whenBegun: (n: number) => void = () => {};
    #running = 0;
    #finish: (() => void)[] = [];
    async remote_work(n: number, _weight?: Uint8Array) {
      this.begun.push(n);
      this.most = Math.max(this.most, ++this.#running);
      await new Promise<void>((resolve) => this.#finish.push(resolve));
      this.#running--;
      return n;
    }
    remote_quick(n: number) {
      this.begun.push(n);
      this.whenBegun(n);
      return n;
    }
    async remote_callBack(n: number, other: RemoteReference<Other>) {
      using held = other;
      this.most = Math.max(this.most, ++this.#running);
      const back = await held.callRemote("answer", n);
      const again = await held.callRemote("answer", back);
      this.#running--;
      return again;
    }
    finishOne() {
      this.#finish.shift()?.();
    }
    async finishAll() {
      for (let turn = 0; turn < 200; turn++) {
        this.finishOne();
        await turnOver();
      }
    }
  }

  class Other extends Referenceable {
    async remote_answer(n: number) {
      await turnOver();
      return n + 1;
    }
  }

  /** In pb7 the caller knows what is allowed and keeps the rest; in Twisted's dialects all of it goes to the callee at once. */
  const waiting = ({ connection, accepted }: Met<Busy>, place: Place): number => {
    expect(place.native ? accepted.inspect().waiting : connection.inspect().held).toBe(0);
    return place.native ? connection.inspect().held : accepted.inspect().waiting;
  };

  inEveryDialect((meet, place) => {
    it("wait, in order, and run as others end", async () => {
      const root = new Busy();
      const met = await meet<Busy>(root, { server: { limits: { calls: 4 } } });
      const { connection, accepted } = met;
      const answers = Array.from({ length: 10 }, (_, n) => connection.root.callRemote("work", n));
      await until(() => waiting(met, place) === 6 && root.begun.length === 4);
      expect(accepted.inspect().running).toBe(4);
      expect(root.begun).toEqual([0, 1, 2, 3]);
      root.finishOne();
      await until(() => root.begun.length === 5);
      expect(accepted.inspect().running).toBe(4);
      expect(waiting(met, place)).toBe(5);
      await root.finishAll();
      expect(await Promise.all(answers)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(root.begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(root.most).toBe(4);
      expect(waiting(met, place)).toBe(0);
    });

    it("do not overtake each other, quick ones and those without an answer included", async () => {
      const root = new Busy();
      const { connection } = await meet<Busy>(root, { server: { limits: { calls: 1 } } });
      const answers = [connection.root.callRemote("work", 1), connection.root.callRemote("quick", 2)];
      connection.root.callRemoteOnly("quick", 3);
      answers.push(
        connection.root.callRemote("quick", 4),
        connection.root.callRemote("work", 5),
        connection.root.callRemote("quick", 6),
      );
      await until(() => root.begun.length === 1);
      for (let turn = 0; turn < 10; turn++) await turnOver();
      expect(root.begun).toEqual([1]);
      await root.finishAll();
      expect(await Promise.all(answers)).toEqual([1, 2, 4, 5, 6]);
      expect(root.begun).toEqual([1, 2, 3, 4, 5, 6]);
    });

    it("are not overtaken by one that comes while the waiting ones are worked off in several turns", async () => {
      const root = new Busy();
      const { connection } = await meet<Busy>(root, { server: { limits: { calls: 1, turnCalls: 2 } } });
      const answers: Promise<unknown>[] = [connection.root.callRemote("work", 0)];
      for (let n = 1; n <= 20; n++) answers.push(connection.root.callRemote("quick", n));
      for (let turn = 0; turn < 30; turn++) await turnOver();
      expect(root.begun).toEqual([0]);
      root.whenBegun = (n) => {
        if (n === 7) answers.push(connection.root.callRemote("quick", 21));
      };
      root.finishOne();
      await until(() => root.begun.length === 22);
      await Promise.all(answers);
      expect(root.begun).toEqual(Array.from({ length: 22 }, (_, n) => n));
    });

    it("keep what they brought, whatever is released of it meanwhile", async () => {
      class Keeper extends Root {
        kept: RemoteReference<Two> | undefined;
        finish = () => {};
        remote_keep(two: RemoteReference<Two>) {
          this.kept = two;
        }
        wait() {
          return new Promise<void>((resolve) => {
            this.finish = resolve;
          });
        }
        async remote_work() {
          await this.wait();
        }
        async remote_use(two: RemoteReference<Two>) {
          using held = two;
          return await held.callRemote("three", 4);
        }
      }
      const root = new Keeper();
      const met = await meet<Keeper>(root, { server: { limits: { calls: 1 } } });
      const two = new Two();
      await met.connection.root.callRemote("keep", two);
      const working = met.connection.root.callRemote("work");
      const using = met.connection.root.callRemote("use", two);
      await until(() => waiting(met as never, place) === 1);
      root.kept?.releaseAll();
      for (let turn = 0; turn < 10; turn++) await turnOver();
      root.finish();
      expect(await using).toBe(12);
      await working;
    });

    it("never run when the connection ends before their turn", async () => {
      const root = new Busy();
      const met = await meet<Busy>(root, { server: { limits: { calls: 1 } }, untidy: true });
      const { connection, accepted } = met;
      const answers = [1, 2, 3].map((n) => connection.root.callRemote("work", n).catch((e: unknown) => e));
      await until(() => waiting(met, place) === 2);
      await connection.close();
      await accepted.closed;
      const executed = (await Promise.all(answers)).map((error) => (error as ConnectionLost).executed);
      // What never left is known not to have run.
      expect(executed).toEqual(place.native ? ["unknown", "no", "no"] : ["unknown", "unknown", "unknown"]);
      expect(waiting(met, place)).toBe(0);
      await root.finishAll();
      expect(root.begun).toEqual([1]);
      expect(accepted.inspect()).toMatchObject({ running: 0 });
    });
  });

  everywhere((meet) => {
    it("with a cap of four, ten calls that each call back do not lock up", async () => {
      const root = new Busy();
      const { connection } = await meet<Busy>(root, { server: { limits: { calls: 4 } } });
      const answers = Array.from({ length: 10 }, (_, n) => connection.root.callRemote("callBack", n, new Other()));
      expect(await Promise.all(answers)).toEqual(Array.from({ length: 10 }, (_, n) => n + 2));
      expect(root.most).toBe(4);
    });

    it("with a cap of four on both sides, neither do a hundred", async () => {
      const root = new Busy();
      const limits = { calls: 4 };
      const { connection } = await meet<Busy>(root, { server: { limits }, client: { limits } });
      const answers = Array.from({ length: 100 }, (_, n) => connection.root.callRemote("callBack", n, new Other()));
      expect(await Promise.all(answers)).toHaveLength(100);
    });
  });

  const twisted = { client: { dialects: [pb] } };

  it("wait at the callee up to a bound in bytes, and are answered with an error above it (pb)", async () => {
    const root = new Busy();
    const limits = { calls: 2, queuedBytes: 10_000 };
    const { connection, accepted } = await meetInMemory<Busy>(root, { ...twisted, server: { limits } });
    const weight = new Uint8Array(1000);
    const answers = Array.from({ length: 30 }, (_, n) => connection.root.callRemote("work", n, weight));
    const refused: number[] = [];
    for (const [n, answer] of answers.entries()) {
      answer.catch((error: unknown) => {
        expect(error).toMatchObject({ type: "twisted.spread.pb.Error", message: /limits\.queuedBytes/ });
        refused.push(n);
      });
    }
    await until(() => refused.length > 0 && accepted.inspect().waiting > 0);
    for (let turn = 0; turn < 20; turn++) await turnOver();
    expect(accepted.inspect().waiting).toBe(9);
    expect(refused).toEqual(Array.from({ length: 30 - 11 }, (_, i) => i + 11));
    await root.finishAll();
    expect((await Promise.allSettled(answers)).filter(({ status }) => status === "fulfilled")).toHaveLength(11);
    const after = connection.root.callRemote("quick", 5);
    expect(await after).toBe(5);
  });

  it("wait at the caller up to its own bound in bytes, and fail there above it (pb7)", async () => {
    const root = new Busy();
    const { connection, accepted } = await meetInMemory<Busy>(root, {
      client: { limits: { outputBytes: 10_000 } },
      server: { limits: { calls: 2, queuedBytes: 100 } },
    });
    await connection.root.callRemote("quick", -1);
    const weight = new Uint8Array(1000);
    const outcomes: Promise<PromiseSettledResult<unknown>[]>[] = [];
    for (let n = 0; n < 30; n++) {
      outcomes.push(Promise.allSettled([connection.root.callRemote("work", n, weight)]));
      await turnOver(); // so that nothing waits but at the gate
    }
    expect(connection.inspect().held).toBe(10);
    expect(accepted.inspect()).toMatchObject({ running: 2, waiting: 0 });
    await root.finishAll();
    const failed = (await Promise.all(outcomes))
      .flat()
      .filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    expect(failed).toHaveLength(18);
    expect(failed[0]?.reason).toMatchObject({ code: "LIMIT_EXCEEDED", limit: "outputBytes", executed: "no" });
    expect(root.begun).toEqual([-1, ...Array.from({ length: 12 }, (_, n) => n)]);
  });

  it("that are refused give back what they brought (pb)", async () => {
    const root = new Busy();
    const { connection, accepted } = await meetInMemory<Busy>(root, {
      ...twisted,
      server: { limits: { calls: 1, queuedBytes: 500 } },
    });
    const first = connection.root.callRemote("work", 1);
    const second = connection.root.callRemote("work", 2, new Uint8Array(440));
    await until(() => accepted.inspect().waiting === 1);
    await expect(connection.root.callRemote("callBack", 3, new Other())).rejects.toBeInstanceOf(RemoteError);
    await until(() => connection.inspect().exports.length === 0);
    await root.finishAll();
    expect(await Promise.all([first, second])).toEqual([1, 2]);
  });

  it("that are given up while they wait take back what they brought (pb7)", async () => {
    const root = new Busy();
    const { connection } = await meetInMemory<Busy>(root, { server: { limits: { calls: 1 } } });
    const first = connection.root.callRemote("work", 1);
    await until(() => root.begun.length === 1);
    const abort = new AbortController();
    const { signal } = abort;
    const second = connection.root.with({ signal }).callRemote("callBack", 2, new Other());
    expect(connection.inspect()).toMatchObject({ held: 1, exports: [{ count: 1 }] });
    abort.abort();
    await expect(second).rejects.toMatchObject({ code: "CALL_ABORTED", executed: "no" });
    expect(connection.inspect()).toMatchObject({ held: 0, exports: [] });
    await root.finishAll();
    expect(await first).toBe(1);
  });
});

describe("a peer that does not read", () => {
  class Generous extends Root {
    given = 0;
    remote_give(size: number) {
      this.given++;
      return new Uint8Array(size);
    }
  }
  const limits: Partial<Limits> = { outputBytes: 1_000_000 };
  let names = 0;

  async function served(options: Partial<Limits> = limits) {
    const root = new Generous();
    const server = await listen(root, `memory://deaf-${++names}`, { limits: options, log: () => {} });
    onTestFinished(() => server.close());
    const peer = await rawClient(server);
    const [accepted] = server.connections;
    const ended: CloseReason[] = [];
    server.on("disconnection", ({ reason }) => ended.push(reason));
    return { root, peer, accepted, ended };
  }

  it("but calls, is not read from any more when enough waits for it; and all is answered when it reads", async () => {
    const { root, peer, accepted, ended } = await served();
    peer.stopsReading();
    for (let n = 1; n <= 500; n++) peer.calls(n, "root", "give", 50_000);
    for (let turn = 0; turn < 50; turn++) await turnOver();
    expect(accepted?.inspect().unsentBytes).toBeLessThan(1_000_000);
    expect(root.given).toBeLessThan(50);
    expect(ended).toEqual([]);
    const heard: Term[] = [];
    peer.readsOn();
    await until(() => {
      heard.push(...peer.heard.splice(0));
      return heard.length === 500;
    });
    expect(heard.map((term) => (term as Term[])[1])).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
    expect(root.given).toBe(500);
  });

  it("but calls, while something is awaited of it, is closed with LIMIT_EXCEEDED at a bound", async () => {
    const { peer, accepted, ended } = await served();
    const waiting = accepted?.root.callRemote("x").catch((e: unknown) => e);
    peer.stopsReading();
    for (let n = 1; n <= 500; n++) peer.calls(n, "root", "give", 50_000);
    await until(() => ended.length === 1);
    expect(ended).toMatchObject([{ code: "LIMIT_EXCEEDED", error: expect.any(LimitExceeded) }]);
    expect(await waiting).toMatchObject({ code: "CONNECTION_LOST" });
    peer.vanishes();
  });

  it("makes our calls fail before they are encoded, and is called again when it reads", async () => {
    const { peer, connection } = await rawServer({ limits, log: () => {} });
    peer.stopsReading();
    const calls = Array.from({ length: 100 }, () => connection.root.callRemote("take", new Uint8Array(50_000)));
    const results = Promise.allSettled(calls);
    for (let turn = 0; turn < 20; turn++) await turnOver();
    expect(connection.inspect().unsentBytes).toBeLessThan(1_100_000);
    expect(connection.inspect().awaited).toBeLessThan(25);
    connection.root.callRemoteOnly("take", new Uint8Array(50_000));
    await expect(connection.root.callRemote("x")).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
      limit: "outputBytes",
      executed: "no",
    });
    peer.readsOn();
    await until(() => connection.inspect().unsentBytes === 0);
    const sent = (await peer.hearsAll()).length;
    expect(sent).toBe(connection.inspect().awaited);
    for (let id = 1; id <= sent; id++) peer.says(["answer", id, id]);
    const settled = await results;
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(sent);
    const last = connection.root.callRemote("x");
    await peer.hears();
    peer.says(["answer", sent + 1, "back"]);
    expect(await last).toEqual(new TextEncoder().encode("back"));
    await connection.close();
  });

  it("costs a bounded amount also by calls without an answer", async () => {
    const { peer, connection } = await rawServer({ limits, log: () => {} });
    peer.stopsReading();
    for (let i = 0; i < 1000; i++) connection.root.callRemoteOnly("take", new Uint8Array(10_000));
    expect(connection.inspect().unsentBytes).toBeLessThan(1_100_000);
    peer.vanishes();
    await connection.closed;
  });

  it("disturbs nobody else", async () => {
    const root = new Generous();
    const server = await listen(root, `memory://deaf-${++names}`, { limits, log: () => {} });
    onTestFinished(() => server.close());
    const deaf = await rawClient(server);
    const other = await rawClient(server);
    deaf.stopsReading();
    for (let n = 1; n <= 200; n++) deaf.calls(n, "root", "give", 50_000);
    for (let n = 1; n <= 20; n++) {
      other.calls(n, "root", "give", 3);
      expect(await other.hears()).toEqual(["answer", n, "\0\0\0"]);
    }
  });
});
