// Chains of calls and locks: A that calls B that calls A does not wait for itself, whoever says that he belongs to a chain does
// not pass for it, and calls that wait for each other end, all but one.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { Call, CallAborts } from "../../src/broker/current-call.ts";
import type { Activation } from "../../src/flavors/activation.ts";
import { type Chain, processNumber } from "../../src/flavors/chain.ts";
import { Lock } from "../../src/flavors/lock.ts";
import { search } from "../../src/flavors/probe.ts";
import {
  connect,
  currentCall,
  DeadlockError,
  pb7,
  RemoteError,
  type RemoteReference,
  Root,
  type SynchronizedMethods,
} from "../../src/index.ts";
import { ManualClock } from "../support/clock.ts";
import { turnOver, until } from "../support/ends.ts";
import { meetInMemory } from "../support/everywhere.ts";

const dialects = { server: { dialects: [pb7] }, client: { dialects: [pb7] } };

class Place extends Root {
  static readonly synchronized: SynchronizedMethods<Place> = ["visit", "both", "bounce", "ask", "stay"];
  readonly self: Place = this;
  readonly log: string[] = [];
  inside = 0;
  most = 0;
  go = false;

  /** Goes on to one place after the other. */
  async remote_visit(...path: RemoteReference<Place>[]): Promise<string> {
    this.most = Math.max(this.most, ++this.inside);
    try {
      const [next, ...rest] = path;
      if (next === undefined) return "through";
      while (!this.go) await turnOver();
      return await next.callRemote("visit", ...rest);
    } finally {
      this.inside--;
    }
  }
  async remote_both(one: RemoteReference<Place>): Promise<string[]> {
    return await Promise.all([one.callRemote("visit", this.self), one.callRemote("visit", this.self)]);
  }
  async remote_bounce(other: RemoteReference<Place>, times: number): Promise<number> {
    const { depth } = currentCall();
    return times === 0 ? depth : await other.callRemote("bounce", this, times - 1);
  }
  async remote_ask(other: RemoteReference<any>): Promise<string> {
    this.log.push("asks");
    const answer: string = await other.callRemote("asked", currentCall().chain);
    this.log.push("asked");
    return answer;
  }
  async remote_stay(): Promise<void> {
    this.log.push("stays");
    while (!this.go) await turnOver();
  }
}

describe("A that calls B that calls A", () => {
  it("enters again, also when both take one call at a time", async () => {
    const [a, b] = [new Place(), new Place()];
    a.go = b.go = true;
    const { connection } = await meetInMemory<Place>(a, { ...dialects, untidy: true });
    expect(await connection.root.callRemote("visit", b, connection.root, b, connection.root)).toBe("through");
    expect(a.most).toBe(3);
  });

  it("lets two calls of one chain enter one after the other", async () => {
    const [a, b] = [new Place(), new Place()];
    a.go = b.go = true;
    const { connection } = await meetInMemory<Place>(a, { ...dialects, untidy: true });
    expect(await connection.root.callRemote("both", b)).toEqual(["through", "through"]);
    expect([a.most, b.most]).toEqual([1, 1]);
  });

  it("ends at limits.chain, without a deep stack and with nothing left", async () => {
    const { connection, accepted } = await meetInMemory<Place>(new Place(), { ...dialects, untidy: true });
    const mine = new Place();
    const bounced = connection.root.callRemote("bounce", mine, 1000);
    expect(await bounced).toBe(1000);
    const error = await connection.root.callRemote("bounce", mine, 1001).catch((e: unknown) => e);
    expect(error).toMatchObject({
      type: "twisted.spread.pb.Error",
      message: expect.stringContaining("limits.chain (1000)"),
    });
    await until(() => connection.inspect().running + accepted.inspect().running === 0);
  }, 30_000);

  it("ends where the callee says", async () => {
    const { connection } = await meetInMemory<Place>(new Place(), {
      ...dialects,
      untidy: true,
      server: { dialects: [pb7], limits: { chain: 9 } },
    });
    const mine = new Place();
    expect(await connection.root.callRemote("bounce", mine, 9)).toBe(9);
    await expect(connection.root.callRemote("bounce", mine, 10)).rejects.toMatchObject({
      message: expect.stringContaining("limits.chain (9)"),
    });
  });
});

describe("a liar", () => {
  /** Keeps its caller waiting. */
  class Slow extends Root {
    chain: Chain | undefined;
    readonly #answer = deferred();
    async remote_asked(chain: Chain) {
      this.chain = chain;
      await this.#answer.promise;
      return "answered";
    }
    answer() {
      this.#answer.resolve();
    }
  }

  it("who names the chain that has the lock waits, over a connection on which nobody waits for him", async () => {
    const place = new Place();
    place.go = true;
    const honest = await meetInMemory<Place>(place, { ...dialects, untidy: true });
    const other = await meetInMemory<Place>(place, dialects);
    const slow = new Slow();
    const asked = honest.connection.root.callRemote("ask", slow);
    await until(() => slow.chain !== undefined);
    const lie = other.connection.root.with({ call: pretended(slow.chain as Chain) }).callRemote("visit");
    await until(() => other.accepted.inspect().waiting === 1);
    expect(place.most).toBe(0);
    slow.answer();
    expect(await asked).toBe("answered");
    expect(await lie).toBe("through");
  });

  it("who was not called waits, too, over the connection of the call that has the lock", async () => {
    const place = new Place();
    const { connection, accepted } = await meetInMemory<Place>(place, dialects);
    const mine = { process: 1, number: 1 };
    const first = connection.root.with({ call: pretended(mine) }).callRemote("stay");
    await until(() => place.log.includes("stays"));
    const second = connection.root.with({ call: pretended(mine) }).callRemote("visit");
    await until(() => accepted.inspect().waiting === 1);
    expect(place.most).toBe(0);
    place.go = true;
    await first;
    expect(await second).toBe("through");
  });

  it("who is waited for enters, as he could have been called back", async () => {
    const place = new Place();
    place.go = true;
    const { connection } = await meetInMemory<Place>(place, { ...dialects, untidy: true });
    const slow = new Slow();
    const asked = connection.root.callRemote("ask", slow);
    await until(() => slow.chain !== undefined);
    const call = pretended(slow.chain as Chain);
    expect(await connection.root.with({ call }).callRemote("visit")).toBe("through");
    slow.answer();
    await asked;
  });

  it("cannot make calls fail by a search whose number nobody told him", async () => {
    const place = new Place();
    const held = place.callRemote("stay");
    await until(() => place.log.includes("stays"));
    const { connection, accepted } = await meetInMemory<Place>(place, dialects);
    const waits = connection.root.callRemote("visit");
    await until(() => accepted.inspect().waiting === 1);
    const lock = Lock.of(place);
    const [holder] = lock.heldAgainst(stranger());
    for (const number of [0, 1, 2 ** 52]) {
      const waiting: Activation = { ...stranger(), waitsFor: lock };
      expect(lock.isSearched({ process: processNumber(), number }, waiting)).toBe(false);
      search(
        [waiting, holder as Activation],
        { search: { process: processNumber(), number }, path: [] },
        { left: 100 },
      );
    }
    place.go = true;
    await held;
    expect(await waits).toBe("through");
  });

  const stranger = (): Activation => ({
    chain: { process: 9, number: 9 },
    ...{ depth: 0, outer: undefined, waitsFor: undefined, branches: undefined, callers: () => [] },
  });
});

/** A call as its receiver would have it, of a chain that it says it is of. */
function pretended(chain: Chain): Call {
  const clock = new ManualClock();
  const aborts = new CallAborts(clock, { outgoing: { lastRequest: 0, callersOf: () => [] } });
  return new Call({ peer: undefined }, "pretended", aborts, null, undefined, { chain, depth: 5 }, 0);
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve: () => resolve() };
}

describe("calls that wait for each other", () => {
  it("end with one DeadlockError that names them, in one process", async () => {
    const [a, b] = [new Place(), new Place()];
    const results = Promise.allSettled([a.callRemote("visit", b as never), b.callRemote("visit", a as never)]);
    const began = performance.now();
    a.go = b.go = true;
    const settled = await results;
    expect(performance.now() - began).toBeLessThan(2000);
    const failed = settled.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    expect(failed).toHaveLength(1);
    const error: unknown = failed[0]?.reason;
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error).toMatchObject({ code: "DEADLOCK", executed: "no" });
    const { cycle } = error as DeadlockError;
    expect(cycle).toHaveLength(2);
    for (const step of cycle) {
      expect(step).toMatch(/^chain \d+@\w+ holds Place#\d+@\w+ and waits for Place#\d+@\w+$/);
    }
    expect(await a.callRemote("visit"), "and they go on").toBe("through");
    expect(await b.callRemote("visit")).toBe("through");
  });

  it("end also when it comes about late that they do", async () => {
    const [a, b] = [new Place(), new Place()];
    const results = Promise.allSettled([a.callRemote("visit", b as never), b.callRemote("visit", a as never)]);
    a.go = true;
    await new Promise((resolve) => setTimeout(resolve, 300));
    const began = performance.now();
    b.go = true;
    expect((await results).filter(({ status }) => status === "rejected")).toHaveLength(1);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it("end when many wait for each of the two, and only one of the two goes", async () => {
    const [a, b] = [new Place(), new Place()];
    const crossing = [a.callRemote("visit", b as never), b.callRemote("visit", a as never)];
    const others = Array.from({ length: 200 }, (_, i) => (i % 2 ? a : b).callRemote("visit"));
    a.go = b.go = true;
    expect((await Promise.allSettled(crossing)).filter(({ status }) => status === "rejected")).toHaveLength(1);
    expect(await Promise.all(others)).toEqual(Array(200).fill("through"));
  });

  it("end when two calls of one chain cross", async () => {
    const [a, b] = [new Place(), new Place()];
    a.go = b.go = true;
    class Both extends Root {
      async remote_cross() {
        const calls = [a.callRemote("visit", b as never), b.callRemote("visit", a as never)];
        return (await Promise.allSettled(calls)).map(({ status }) => status).sort();
      }
    }
    const { connection } = await meetInMemory<Both>(new Both(), dialects);
    expect(await connection.root.callRemote("cross")).toEqual(["fulfilled", "rejected"]);
  });

  it("end when a chain goes around three programs and comes back over another connection", async () => {
    class Ring extends Root {
      static readonly synchronized: SynchronizedMethods<Ring> = true;
      next: RemoteReference<Ring> | undefined;
      async remote_around(hops: number): Promise<string> {
        return hops === 0 ? "around" : await (this.next as RemoteReference<Ring>).callRemote("around", hops - 1);
      }
    }
    const rings = [new Ring(), new Ring(), new Ring()];
    const met = await Promise.all(rings.map((ring) => meetInMemory<Ring>(ring, dialects)));
    rings.forEach((ring, i) => {
      ring.next = met[(i + 1) % 3]?.connection.root;
    });
    const { root } = (met[0] as (typeof met)[0]).connection;
    expect(await root.callRemote("around", 2)).toBe("around");
    const error: unknown = await root.callRemote("around", 3).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(RemoteError);
    expect((error as RemoteError).check(DeadlockError)).toBe(true);
    expect((error as RemoteError).data.cycle).toHaveLength(1);
  });

  it("end by the clock of their connections", async () => {
    const clock = new ManualClock();
    const [a, b] = [new Place(), new Place()];
    const server = { dialects: [pb7], clock, objects: { b } };
    class Bridge extends Root {
      readonly #to: RemoteReference<Place>;
      constructor(to: RemoteReference<Place>) {
        super();
        this.#to = to;
      }
      remote_visit(): Promise<string> {
        return this.#to.callRemote("visit");
      }
    }
    const one = await meetInMemory<Place>(a, { client: { dialects: [pb7] }, server, untidy: true });
    const two = await meetInMemory<Place>(a, { client: { dialects: [pb7] }, server, untidy: true });
    const settled = Promise.allSettled([
      one.connection.root.callRemote("visit", new Bridge(one.connection.object("b")) as never),
      two.connection.object<Place>("b").callRemote("visit", new Bridge(two.connection.root) as never),
    ]);
    await until(() => a.inside === 1 && b.inside === 1);
    a.go = b.go = true;
    for (let turn = 0; turn < 30; turn++) await turnOver();
    expect([a.inside, b.inside]).toEqual([1, 1]);
    clock.advance(200);
    const results = await Promise.race([settled, turns(500)]);
    expect(results).toBeDefined();
    expect((results ?? []).filter(({ status }) => status === "rejected")).toHaveLength(1);
  });

  it.each([
    ["are none where all take the places in one order", true],
    ["end, however many there are, where they do not", false],
  ])("%s", async (_what, inOrder) => {
    // Each place is in a program of its own, so to say: reached over a connection of its own from each other one.
    class Stop extends Root {
      static readonly synchronized = true;
      inside = 0;
      most = 0;
      to: RemoteReference<Stop>[] = [];
      async remote_travel(path: number[]): Promise<string> {
        this.most = Math.max(this.most, ++this.inside);
        try {
          await new Promise((resolve) => setTimeout(resolve, 10));
          const [next, ...rest] = path;
          return next === undefined
            ? "there"
            : await (this.to[next] as RemoteReference<Stop>).callRemote("travel", rest);
        } finally {
          this.inside--;
        }
      }
    }
    const stops = Array.from({ length: 4 }, () => new Stop());
    for (const stop of stops) {
      for (const target of stops) stop.to.push((await meetInMemory<Stop>(target, dialects)).connection.root);
    }
    const paths = Array.from({ length: 40 }, (_, i) => {
      const [from, over, to] = [i % 4, (i * 3 + 1) % 4, (i * 7 + 2) % 4];
      const path = [...new Set([from, over, to])];
      return inOrder ? path.sort() : path;
    });
    const roots = stops[0]?.to as RemoteReference<Stop>[];
    const travels = paths.map(([first = 0, ...rest]) =>
      (roots[first] as RemoteReference<Stop>).callRemote("travel", rest),
    );
    const failed = (await Promise.allSettled(travels)).filter(({ status }) => status === "rejected");
    for (const result of failed as PromiseRejectedResult[]) expect(result.reason.check(DeadlockError)).toBe(true);
    expect(failed.length > 0).toBe(!inOrder);
    expect(failed.length).toBeLessThan(paths.length);
    expect(stops.map(({ most }) => most)).toEqual([1, 1, 1, 1]);
  });

  it("end across three processes within two seconds", async () => {
    const processes = await Promise.all([started(), started(), started()]);
    const clients = await Promise.all(processes.map((address) => connect<any>(address, { dialects: [pb7] })));
    onTestFinished(async () => void (await Promise.all(clients.map((client) => client.close()))));
    const roots = clients.map(({ root }) => root);
    await Promise.all(roots.map((root, i) => root.callRemote("follow", processes[(i + 1) % 3])));
    const visits = Promise.allSettled(roots.map((root) => root.callRemote("visit", 1)));
    for (const root of roots) while ((await root.callRemote("arrived")) === 0) await turnOver();
    const began = performance.now();
    await Promise.all(roots.map((root) => root.callRemote("go")));
    const settled = await visits;
    expect(performance.now() - began).toBeLessThan(2000);
    const failed = settled.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    expect(failed).toHaveLength(1);
    const error = failed[0]?.reason as RemoteError;
    expect(error).toBeInstanceOf(RemoteError);
    expect(error.check(DeadlockError)).toBe(true);
    expect(error.data.cycle).toHaveLength(3);
    expect(error.message).toContain("holds Place#");
    expect(await Promise.all(roots.map((root) => root.callRemote("visit", 0)))).toEqual(Array(3).fill("through"));
  }, 60_000);
});

async function turns(count: number): Promise<undefined> {
  for (let turn = 0; turn < count; turn++) await turnOver();
  return undefined;
}

/** Starts a process of crossing.ts; resolves to its address. */
async function started(): Promise<string> {
  const program = fileURLToPath(new URL("crossing.ts", import.meta.url));
  const args = ["--import", "tsx", "--conditions=perspective-broker:source", program];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill());
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error("the process has ended");
}
