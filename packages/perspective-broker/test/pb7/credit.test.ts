// No more calls are open than their receiver allows, and what either side keeps for the other is bounded.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type CloseReason,
  LimitExceeded,
  type ListenOptions,
  listen,
  Referenceable,
  type RemoteReference,
  Root,
  type RootFor,
} from "../../src/index.ts";
import { turnOver, until } from "../support/ends.ts";
import { meetInMemory } from "../support/everywhere.ts";
import { CALL, frame, frameClient, frameServer, HELLO, text, varint } from "../support/frame-peer.ts";
import { carried, settled } from "./support/courier.ts";

const ANSWER = 0x14;
const CREDIT = 0x1c;

class Caller extends Referenceable {
  async remote_answer(n: number) {
    await turnOver();
    return n + 1;
  }
}

class Office extends Root {
  running = 0;
  most = 0;
  readonly begun: number[] = [];
  readonly #waiting: (() => void)[] = [];
  async remote_callBack(n: number, caller: RemoteReference<Caller>) {
    using held = caller;
    this.most = Math.max(this.most, ++this.running);
    const answer = await held.callRemote("answer", n);
    const again = await held.callRemote("answer", answer);
    this.running--;
    return again;
  }
  async remote_work(n: number) {
    this.begun.push(n);
    this.most = Math.max(this.most, ++this.running);
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.running--;
  }
  remote_note(n: number) {
    this.begun.push(n);
  }
  remote_give(size: number) {
    return new Uint8Array(size);
  }
  finish(count = 1): void {
    for (const go of this.#waiting.splice(0, count)) go();
  }
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe("with a cap of four", () => {
  it("ten calls that call back do not lock up, and no more than four run", async () => {
    const root = new Office();
    const limits = { calls: 4 };
    const { connection } = await meetInMemory<Office>(root, { server: { limits }, client: { limits } });
    const answers = upTo(10).map((n) => connection.root.callRemote("callBack", n, new Caller()));
    expect(await Promise.all(answers)).toEqual(upTo(10).map((n) => n + 2));
    expect(root.most).toBe(4);
  });

  it("calls that nobody waits for count as well, and are credited in time", async () => {
    const root = new Office();
    const { courier, connection, accepted } = await carried<Office>(root, {}, { limits: { calls: 4 } });
    for (const n of upTo(10)) connection.root.callRemoteOnly("work", n);
    await courier.trip();
    expect(root.begun).toEqual([0, 1, 2, 3]);
    expect(accepted.inspect()).toMatchObject({ running: 4, waiting: 0 });
    expect(connection.inspect()).toMatchObject({ held: 6, awaited: 0 });
    root.finish();
    await courier.trip();
    await courier.trip();
    expect(root.begun).toEqual([0, 1, 2, 3, 4]);
    for (let turn = 0; turn < 20; turn++) {
      root.finish(4);
      await courier.trip();
    }
    expect(root.begun).toEqual(upTo(10));
    expect(root.most).toBe(4);
    expect(connection.inspect().held).toBe(0);
  });

  it("both kinds share it, in the order in which they were made", async () => {
    const root = new Office();
    const { connection } = await meetInMemory<Office>(root, { server: { limits: { calls: 4 } } });
    const answers: Promise<unknown>[] = [];
    for (const n of upTo(200)) {
      if (n % 3 === 0) answers.push(connection.root.callRemote("note", n));
      else connection.root.callRemoteOnly("note", n);
    }
    await Promise.all(answers);
    await until(() => root.begun.length === 200);
    expect(root.begun).toEqual(upTo(200));
  });
});

describe("before the other side has said what it allows", () => {
  it("calls wait, then go in order", async () => {
    const server = await listen(new Office(), "memory://credit-early", { log: () => {} });
    onTestFinished(() => server.close());
    const peer = await frameClient(server);
    await settled();
    const [accepted] = server.connections;
    if (accepted === undefined) throw new Error("nobody was accepted");
    const calls = upTo(3).map((n) => accepted.root.callRemote("note", n).catch(() => {}));
    await settled();
    expect(peer.count(CALL)).toBe(0);
    expect(accepted.inspect().held).toBe(3);
    peer.greets();
    for (const id of [1, 2, 3]) expect((await peer.hears(CALL))[1]).toBe(id);
    expect(accepted.inspect().held).toBe(0);
    await accepted.close();
    await Promise.all(calls);
  });
});

describe("while calls wait", () => {
  it("items of streams do not, or a call that consumes one would never end", async () => {
    class Consumer extends Root {
      async remote_sum(items: AsyncIterable<Uint8Array>) {
        let sum = 0;
        for await (const item of items) sum += item.length;
        return sum;
      }
      remote_one() {
        return 1;
      }
    }
    async function* items() {
      for (let n = 0; n < 30; n++) yield new Uint8Array(20_000);
    }
    const { courier, connection } = await carried<Consumer>(new Consumer(), {}, { limits: { calls: 1 } });
    courier.slow();
    const answers = Promise.all([connection.root.callRemote("sum", items()), connection.root.callRemote("one")]);
    await courier.until(answers);
    expect(await answers).toEqual([600_000, 1]);
  });
});

describe("what waits at the caller", () => {
  it("is bounded: above limits.outputBytes a call is rejected, and nothing of it is kept", async () => {
    const root = new Office();
    const { connection } = await meetInMemory<Office>(root, {
      client: { limits: { outputBytes: 20_000 } },
      server: { limits: { calls: 1 } },
    });
    const first = connection.root.callRemote("work", 0);
    await until(() => root.begun.length === 1);
    const weight = new Uint8Array(1000);
    const answers = upTo(40).map((n) => connection.root.callRemote("note", n, weight as never));
    const settledAnswers = Promise.allSettled(answers);
    const held = connection.inspect().held;
    expect(held).toBeGreaterThan(15);
    expect(held).toBeLessThan(25);
    root.finish();
    await first;
    const outcomes = await settledAnswers;
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(held);
    const refused = outcomes.slice(held) as PromiseRejectedResult[];
    for (const { reason } of refused) {
      expect(reason).toBeInstanceOf(LimitExceeded);
      expect(reason).toMatchObject({ limit: "outputBytes", executed: "no" });
    }
    expect(root.begun).toEqual([0, ...upTo(held)]);
  });

  it("is freed by who gives up", async () => {
    const root = new Office();
    const { connection } = await meetInMemory<Office>(root, { server: { limits: { calls: 1 } } });
    const first = connection.root.callRemote("work", 0);
    const abort = new AbortController();
    const { signal } = abort;
    await until(() => root.begun.length === 1);
    const answers = upTo(5000).map((n) => connection.root.with({ signal }).callRemote("note", n));
    const all = Promise.allSettled(answers);
    const last = connection.root.callRemote("note", -1);
    expect(connection.inspect().held).toBe(5001);
    abort.abort();
    expect(connection.inspect()).toMatchObject({ held: 1, awaited: 2 });
    expect((await all).every(({ status }) => status === "rejected")).toBe(true);
    root.finish();
    await Promise.all([first, last]);
    expect(root.begun).toEqual([0, -1]);
  });
});

describe("a peer of bad will", () => {
  let names = 0;
  async function attacked(root: RootFor, options: ListenOptions = {}) {
    const server = await listen(root, `memory://credit-${++names}`, { log: () => {}, ...options });
    onTestFinished(() => server.close());
    const ended: CloseReason[] = [];
    server.on("disconnection", ({ reason }) => ended.push(reason));
    const peer = await frameClient(server);
    const [accepted] = server.connections;
    if (accepted === undefined) throw new Error("nobody was accepted");
    return { server, peer, accepted, ended };
  }
  const call = (id: number, method: string, ...args: number[]): Uint8Array =>
    frame(CALL, 0x21, ...varint(id), 0, ...text("root"), 0, ...text(method), args.length === 0 ? 0 : 1, ...args);

  it("that never reads costs no more than limits.outputBytes, and is hung up on", async () => {
    const outputBytes = 100_000;
    const { peer, accepted, ended } = await attacked(new Office(), { limits: { outputBytes } });
    peer.greets();
    await settled();
    peer.stopsReading();
    let most = 0;
    for (let id = 1; id < 2000 && ended.length === 0; id++) {
      peer.sends(call(id, "give", 0x05, ...new Uint8Array(new Float64Array([10_000]).buffer)));
      if (id % 10 === 0) await turnOver();
      most = Math.max(most, accepted.inspect().unsentBytes);
    }
    // It is not read either: nobody is waiting for it.
    expect(most).toBeLessThan(outputBytes * 2 + 20_000);
    expect(accepted.inspect().unsentBytes).toBeLessThan(outputBytes * 2 + 20_000);
  });

  it("that takes no pieces gets no more in pieces than limits.bytes", async () => {
    const { peer, accepted } = await attacked(new Office(), { limits: { bytes: 1_000_000, message: 100_000 } });
    // Its hello promises that it takes whatever comes.
    const vast = varint(2 ** 50);
    peer.says(HELLO, 1, 1, ...vast, 2, ...vast, 3, ...varint(2 ** 24 - 1), 4, ...vast);
    for (let id = 1; id <= 50; id++) {
      peer.sends(call(id, "give", 0x05, ...new Uint8Array(new Float64Array([200_000]).buffer)));
    }
    await until(() => peer.count(ANSWER) + peer.count(0x15) === 50);
    // Five of them are on their way, and what is beyond is larger than a message may be.
    expect(peer.count(ANSWER)).toBe(5);
    expect(accepted.inspect()).toMatchObject({ running: 0, waiting: 0 });
  });

  it("that floods with calls is held to what may run and wait, and hears of the rest that it was not run", async () => {
    const root = new Office();
    const { peer, accepted } = await attacked(root, { limits: { calls: 4, queuedBytes: 2000 } });
    peer.greets();
    for (let id = 1; id <= 1000; id++) peer.sends(call(id, "work", 0x80 + (id & 0x7f)));
    await until(() => peer.count(0x15) > 0);
    await settled();
    const { running, waiting } = accepted.inspect();
    expect(running).toBe(4);
    expect(waiting).toBeGreaterThan(0);
    expect(waiting * 100).toBeLessThan(2000);
    await until(() => peer.count(0x15) === 1000 - running - waiting);
    expect(peer.heard.filter(({ type }) => type === 0x15).every(({ body }) => body[0] === 0x01)).toBe(true);
  });

  it("that causes more and more to wait behind a call that it does not allow is hung up on", async () => {
    const outputBytes = 100_000;
    class Eager extends Root {
      remote_take(caller: RemoteReference<Caller>) {
        void caller.callRemote("answer", 1).catch(() => {});
        void caller.callRemote("answer", 2).catch(() => {});
      }
    }
    const { peer, accepted, ended } = await attacked(new Eager(), { limits: { outputBytes } });
    peer.says(HELLO, 1, 1, 1); // one call at a time, and it is never answered
    await settled();
    peer.sends(call(1, "take", 0x1d, 5));
    await until(() => accepted.inspect().held === 1);
    for (let n = 0; n < 5000 && !peer.ended; n++) {
      peer.says(0x1d, ...varint(n + 1)); // ECHO
      if (n % 100 === 0) await turnOver();
    }
    await peer.hangsUp();
    expect(ended).toMatchObject([{ code: "LIMIT_EXCEEDED", error: { limit: "outputBytes" } }]);
  });

  it("that gives credit for more than was sent gains nothing", async () => {
    const { peer, connecting } = await frameServer();
    peer.says(HELLO, 1, 1, 2);
    const connection = await connecting;
    await settled();
    for (const n of upTo(6)) connection.root.callRemoteOnly("note", n);
    await settled();
    expect(peer.count(CALL)).toBe(2);
    peer.says(CREDIT, ...varint(1_000_000));
    await settled();
    expect(peer.count(CALL)).toBe(4);
    expect(connection.inspect().held).toBe(2);
    await connection.close();
  });
});
