// Calls that are given up: who is told, what is not run any more, and time that travels along a chain of calls.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  CallAborted,
  CallTimeout,
  ConnectionLost,
  connect,
  currentCall,
  listen,
  Referenceable,
  type RemoteReference,
  Root,
} from "../../src/index.ts";
import { ManualClock } from "../support/clock.ts";
import { until } from "../support/ends.ts";
import { meetInMemory } from "../support/everywhere.ts";
import { CALL, frameClient, text } from "../support/frame-peer.ts";
import { carried, settled } from "./support/courier.ts";

class Two extends Referenceable {}

class Office extends Root {
  begun: unknown[] = [];
  /** Why the signals of calls have fired. */
  readonly fired: unknown[] = [];
  go: () => void = () => {};
  /** Goes on until its signal fires or it is told to. */
  async remote_wait(name: string) {
    this.begun.push(name);
    const { signal } = currentCall();
    await new Promise<void>((resolve) => {
      this.go = resolve;
      signal.addEventListener("abort", () => {
        this.fired.push(signal.reason);
        resolve();
      });
    });
    return name;
  }
  async remote_later() {
    await new Promise<void>((resolve) => {
      this.go = resolve;
    });
    return new Two();
  }
  remote_note(name: unknown) {
    this.begun.push(name);
    return name;
  }
  remote_newTwo() {
    return new Two();
  }
  remote_remaining() {
    return currentCall().remaining;
  }
}

const failureOf = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );

describe("the signal of a call fires at its callee", () => {
  it("when its caller aborts it", async () => {
    const root = new Office();
    const { connection } = await meetInMemory<Office>(root);
    const abort = new AbortController();
    const answer = failureOf(connection.root.with({ signal: abort.signal }).callRemote("wait", "a"));
    await until(() => root.begun.length === 1);
    abort.abort(new Error("not needed"));
    expect(await answer).toMatchObject({ code: "CALL_ABORTED", executed: "unknown" });
    await until(() => root.fired.length === 1);
    expect(root.fired[0]).toBeInstanceOf(CallAborted);
  });

  it("when its caller's time is over", async () => {
    const root = new Office();
    const clock = new ManualClock();
    const { connection } = await meetInMemory<Office>(root, { client: { clock } });
    const answer = failureOf(connection.root.with({ timeout: 100 }).callRemote("wait", "a"));
    await until(() => root.begun.length === 1);
    clock.advance(90);
    await settled();
    expect(root.fired).toEqual([]);
    clock.advance(20);
    expect(await answer).toBeInstanceOf(CallTimeout);
    await until(() => root.fired.length === 1);
  });

  it("when its deadline is over by the callee's own clock, whatever the caller says", async () => {
    const root = new Office();
    const clock = new ManualClock();
    const { courier, connection } = await carried<Office>(root, {}, { clock, heartbeat: 0 });
    const answer = connection.root.with({ timeout: 60_000 }).callRemote("wait", "a");
    await courier.go();
    clock.advance(59_900);
    expect(root.fired).toEqual([]);
    clock.advance(200);
    expect(root.fired).toEqual([expect.any(CallTimeout)]);
    await courier.until(answer);
    expect(await answer).toBe("a");
  });

  it("when the connection ends", async () => {
    const root = new Office();
    const { connection } = await meetInMemory<Office>(root, { untidy: true });
    const answer = failureOf(connection.root.callRemote("wait", "a"));
    await until(() => root.begun.length === 1);
    await connection.close();
    expect(await answer).toBeInstanceOf(ConnectionLost);
    await until(() => root.fired.length === 1);
    expect(root.fired[0]).toBeInstanceOf(ConnectionLost);
  });

  it("not when it has been answered before the news comes", async () => {
    const root = new Office();
    const { courier, connection } = await carried<Office>(root);
    const abort = new AbortController();
    const answer = failureOf(connection.root.with({ signal: abort.signal }).callRemote("wait", "a"));
    await courier.go();
    root.go();
    await settled();
    abort.abort();
    expect(await answer).toBeInstanceOf(CallAborted);
    await courier.trip();
    expect(root.fired).toEqual([]);
    expect(connection.inspect().awaited).toBe(0);
  });
});

describe("a call that has not begun is never run", () => {
  it("when it waits for the peer to allow it", async () => {
    const root = new Office();
    const { connection } = await meetInMemory<Office>(root, { server: { limits: { calls: 1 } } });
    const first = connection.root.callRemote("wait", "a");
    await until(() => root.begun.length === 1);
    const abort = new AbortController();
    const second = failureOf(connection.root.with({ signal: abort.signal }).callRemote("note", "b"));
    const third = connection.root.callRemote("note", "c");
    expect(connection.inspect().held).toBe(2);
    abort.abort();
    expect(await second).toMatchObject({ code: "CALL_ABORTED", executed: "no" });
    expect(connection.inspect().held).toBe(1);
    root.go();
    expect(await Promise.all([first, third])).toEqual(["a", "c"]);
    expect(root.begun).toEqual(["a", "c"]);
  });

  it("when its time is over while it waits for that", async () => {
    const root = new Office();
    const clock = new ManualClock();
    const { connection } = await meetInMemory<Office>(root, { client: { clock }, server: { limits: { calls: 1 } } });
    const first = connection.root.callRemote("wait", "a");
    await until(() => root.begun.length === 1);
    const second = failureOf(connection.root.with({ timeout: 50 }).callRemote("note", "b"));
    clock.advance(60);
    expect(await second).toMatchObject({ code: "CALL_TIMEOUT", executed: "no" });
    root.go();
    expect(await first).toBe("a");
    expect(root.begun).toEqual(["a"]);
  });

  it("when it waits over there for a result that it needs", async () => {
    const root = new Office();
    const { connection, accepted } = await meetInMemory<Office>(root);
    const later = connection.root.callRemote("later");
    const abort = new AbortController();
    const note = failureOf(connection.root.with({ signal: abort.signal }).callRemote("note", later));
    const behind = connection.root.callRemote("note", "behind");
    await until(() => accepted.inspect().waiting === 2);
    abort.abort();
    expect(await note).toMatchObject({ code: "CALL_ABORTED", executed: "unknown" });
    await settled();
    root.go();
    expect(await behind).toBe("behind");
    expect(root.begun).toEqual(["behind"]);
    (await later).release();
  });

  it("when it waits over there for its turn; who asked is told that it was not run", async () => {
    const root = new Office();
    const server = await listen(root, "memory://cancelling-queue", { limits: { calls: 1 }, log: () => {} });
    onTestFinished(() => server.close());
    const peer = await frameClient(server);
    peer.greets();
    peer.says(CALL, 0x21, 1, 0, ...text("root"), 0, ...text("wait"), 1, ...text("a"));
    peer.says(CALL, 0x21, 2, 0, ...text("root"), 0, ...text("note"), 1, ...text("b"));
    peer.says(CALL, 0x21, 3, 0, ...text("root"), 0, ...text("note"), 1, ...text("c"));
    await until(() => root.begun.length === 1);
    await settled();
    const [accepted] = server.connections;
    expect(accepted?.inspect().waiting).toBe(2);
    peer.says(CANCEL, 2);
    await settled();
    root.go();
    const failure = await peer.hears(FAILURE);
    expect([...failure.subarray(0, 2)]).toEqual([NOT_RUN, 2]);
    expect([...(await peer.hears(ANSWER))].slice(1)).toEqual([3, ...text("c")]);
    expect(root.begun).toEqual(["a", "c"]);
    expect(root.fired).toEqual([]);
  });

  it("when its deadline is over before its turn comes", async () => {
    const root = new Office();
    const clock = new ManualClock();
    const server = await listen(root, "memory://cancelling-deadline", { clock, limits: { calls: 1 }, log: () => {} });
    onTestFinished(() => server.close());
    const peer = await frameClient(server);
    peer.greets();
    peer.says(CALL, 0x21, 1, 0, ...text("root"), 0, ...text("wait"), 1, ...text("a"));
    peer.says(CALL, 0x31, 2, 0, ...text("root"), 0, ...text("note"), 0x01, 40, 1, ...text("b"));
    await until(() => root.begun.length === 1);
    await settled();
    clock.advance(50);
    root.go();
    const failure = await peer.hears(FAILURE);
    expect([...failure.subarray(0, 2)]).toEqual([NOT_RUN, 2]);
    expect(root.begun).toEqual(["a"]);
  });
});

describe("what a call brings that was given up", () => {
  it("is given back when it comes", async () => {
    const { courier, connection, accepted } = await carried<Office>(new Office());
    const abort = new AbortController();
    const answer = failureOf(connection.root.with({ signal: abort.signal }).callRemote("newTwo"));
    await courier.go();
    expect(accepted.inspect().exports).toHaveLength(1);
    abort.abort();
    expect(await answer).toBeInstanceOf(CallAborted);
    await courier.trip();
    await courier.trip();
    expect(accepted.inspect().exports).toEqual([]);
    expect(connection.inspect()).toMatchObject({ awaited: 0, imports: [] });
  });
});

describe("a deadline", () => {
  it("is what is left of the caller's time", async () => {
    const { connection } = await meetInMemory<Office>(new Office(), { client: { clock: new ManualClock() } });
    expect(await connection.root.callRemote("remaining")).toBe(Number.POSITIVE_INFINITY);
    const left = await connection.root.with({ timeout: 500 }).callRemote("remaining");
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(500);
  });

  let rows = 0;

  /** Three ends in a row: a client, an office that asks another one, and that. */
  async function row() {
    const clock = new ManualClock();
    const [middleAddress, lastAddress] = [`memory://middle-${++rows}`, `memory://last-${rows}`];
    const told: unknown[] = [];
    class Last extends Root {
      async remote_ask() {
        told.push(["last", currentCall().remaining]);
        const { signal } = currentCall();
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        told.push(["last", signal.reason]);
      }
    }
    const last = await listen(new Last(), lastAddress, { clock, log: () => {} });
    class Middle extends Root {
      readonly #next = connect<Last>(lastAddress, { clock, log: () => {} });
      go: () => void = () => {};
      timeout: number | undefined;
      async remote_ask() {
        const next: RemoteReference<Last> = (await this.#next).root;
        told.push(["middle", currentCall().remaining]);
        await new Promise<void>((resolve) => {
          this.go = resolve;
        });
        const { timeout } = this;
        await (timeout === undefined ? next : next.with({ timeout })).callRemote("ask");
      }
    }
    const root = new Middle();
    const middle = await listen(root, middleAddress, { clock, log: () => {} });
    const client = await connect<Middle>(middleAddress, { clock, log: () => {} });
    onTestFinished(async () => {
      await client.close();
      await middle.close();
      await last.close();
    });
    await settled();
    return { clock, told, root, client };
  }

  it("travels through calls that are made for a call, and all of them end with it", async () => {
    const { clock, told, root, client } = await row();
    const answer = failureOf(client.root.with({ timeout: 1000 }).callRemote("ask"));
    await until(() => told.length === 1);
    clock.advance(300);
    root.go();
    await until(() => told.length === 2);
    expect(told).toEqual([
      ["middle", 1000],
      ["last", 700],
    ]);
    clock.advance(710);
    expect(await answer).toBeInstanceOf(CallTimeout);
    await until(() => told.length === 3);
  });

  it.each([
    [100, 100],
    [100_000, 900],
  ])("may be nearer for a call further down, and never farther: %i ms", async (timeout, left) => {
    const { clock, told, root, client } = await row();
    root.timeout = timeout;
    const over = failureOf(client.root.with({ timeout: 1000 }).callRemote("ask"));
    await until(() => told.length === 1);
    clock.advance(100);
    root.go();
    await until(() => told.length === 2);
    expect(told[1]).toEqual(["last", left]);
    clock.advance(1000);
    await over;
  });

  it("that is over when a call is made keeps it from being made", async () => {
    const { clock, told, root, client } = await row();
    const answer = failureOf(client.root.with({ timeout: 1000 }).callRemote("ask"));
    await until(() => told.length === 1);
    clock.advance(1100);
    expect(await answer).toBeInstanceOf(CallTimeout);
    root.go();
    await settled();
    expect(told).toHaveLength(1);
  });
});

describe("a timeout", () => {
  it("costs a call no timer of its own, at either side", async () => {
    const [client, server] = [new ManualClock(), new ManualClock()];
    const { connection } = await meetInMemory<Office>(new Office(), {
      client: { clock: client },
      server: { clock: server },
    });
    const impatient = connection.root.with({ timeout: 1000 });
    await impatient.callRemote("note", 0);
    const before = client.made + server.made;
    const answers = Array.from({ length: 1000 }, (_, n) => impatient.callRemote("remaining").then(() => n));
    expect(await Promise.all(answers)).toHaveLength(1000);
    expect(client.made + server.made - before).toBeLessThanOrEqual(2);
  });
});

const ANSWER = 0x14;
const FAILURE = 0x15;
const CANCEL = 0x1b;
const NOT_RUN = 0x01;
