// How long a caller waits: timeouts and signals by with(), what is known then, and what becomes of an answer that comes later.
import { getEventListeners } from "node:events";
import { describe, expect, it } from "vitest";
import { CallAborted, CallTimeout, PBError, Referenceable, type RemoteReference, Root } from "../../src/index.ts";
import { ManualClock } from "../support/clock.ts";
import { turnOver, until } from "../support/ends.ts";
import { everywhere, meetInMemory } from "../support/everywhere.ts";
import { rawServer } from "../support/raw-peer.ts";

class Two extends Referenceable {
  remote_three(n: number) {
    return n * 3;
  }
}

class Found extends PBError {
  readonly two: Two;
  constructor(two: Two) {
    super("here it is");
    this.two = two;
  }
}

class Slow extends Root {
  started = 0;
  #finish: (() => void)[] = [];
  #wait(): Promise<void> {
    this.started++;
    return new Promise((resolve) => {
      this.#finish.push(resolve);
    });
  }
  finish(): void {
    for (const finish of this.#finish.splice(0)) finish();
  }
  async remote_wait(value: unknown) {
    await this.#wait();
    return value;
  }
  async remote_waitForTwo() {
    await this.#wait();
    return new Two();
  }
  async remote_waitForTwos() {
    await this.#wait();
    const two = new Two();
    return { two, list: [two, new Two()] };
  }
  async remote_waitAndFail() {
    await this.#wait();
    throw new Found(new Two());
  }
  remote_echo(value: unknown) {
    return value;
  }
}

everywhere((meet) => {
  describe("a call with a timeout", () => {
    it("rejects when the time is over, and the call may have run", async () => {
      const clock = new ManualClock();
      const root = new Slow();
      const { connection } = await meet<Slow>(root, { client: { clock } });
      const error = connection.root
        .with({ timeout: 500 })
        .callRemote("wait", 1)
        .catch((e: unknown) => e);
      await until(() => root.started === 1);
      clock.advance(490);
      await turnOver();
      expect(connection.inspect().awaited).toBe(1);
      clock.advance(20);
      expect(await error).toBeInstanceOf(CallTimeout);
      expect(await error).toMatchObject({ code: "CALL_TIMEOUT", executed: "unknown", message: /wait/ });
      root.finish();
    });

    it("that is answered in time leaves nothing behind", async () => {
      const clock = new ManualClock();
      const { connection } = await meet<Slow>(new Slow(), { client: { clock } });
      expect(await connection.root.with({ timeout: 500 }).callRemote("echo", 1)).toBe(1);
      clock.advance(10_000);
      expect(await connection.root.callRemote("echo", 2)).toBe(2);
    });
  });

  describe("a call with a signal", () => {
    it("rejects when the signal fires, with its reason", async () => {
      const root = new Slow();
      const { connection } = await meet<Slow>(root);
      const controller = new AbortController();
      const error = connection.root
        .with({ signal: controller.signal })
        .callRemote("wait", 1)
        .catch((e: unknown) => e);
      await until(() => root.started === 1);
      controller.abort(new Error("no patience"));
      expect(await error).toBeInstanceOf(CallAborted);
      expect(await error).toMatchObject({ executed: "unknown", cause: { message: "no patience" } });
      root.finish();
    });

    it("rejects together with the others of that signal", async () => {
      const root = new Slow();
      const { connection } = await meet<Slow>(root);
      const controller = new AbortController();
      const view = connection.root.with({ signal: controller.signal });
      const errors = [1, 2, 3].map((n) => view.callRemote("wait", n).catch((e: unknown) => e));
      expect(await view.callRemote("echo", "in time")).toBe("in time");
      controller.abort();
      for (const error of await Promise.all(errors)) expect(error).toBeInstanceOf(CallAborted);
      await until(() => root.started === 3);
      root.finish();
    });

    it("is not sent if the signal has fired already", async () => {
      const root = new Slow();
      const { connection } = await meet<Slow>(root);
      const error = await connection.root
        .with({ signal: AbortSignal.abort() })
        .callRemote("wait", 1)
        .catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "CALL_ABORTED", executed: "no" });
      await connection.root.callRemote("echo", 1);
      expect(root.started).toBe(0);
    });

    it("lets go of the signal when it is answered", async () => {
      const { connection } = await meet<Slow>(new Slow());
      const { signal } = new AbortController();
      const view = connection.root.with({ signal });
      const answers = Promise.all(Array.from({ length: 20 }, (_, i) => view.callRemote("echo", i)));
      expect(getEventListeners(signal, "abort"), "one for all calls").toHaveLength(1);
      await answers;
      expect(getEventListeners(signal, "abort")).toHaveLength(0);
    });
  });

  describe("an answer that comes too late", () => {
    it.each(["waitForTwo", "waitForTwos", "waitAndFail"] as const)(
      "is thrown away, and its references go back (%s)",
      async (method) => {
        const root = new Slow();
        const met = await meet<Slow>(root);
        const controller = new AbortController();
        const error = met.connection.root
          .with({ signal: controller.signal })
          .callRemote(method)
          .catch((e: unknown) => e);
        await until(() => root.started === 1);
        controller.abort();
        expect(await error).toBeInstanceOf(CallAborted);
        expect(met.connection.inspect().awaited).toBe(1);
        root.finish();
        await until(() => met.connection.inspect().awaited === 0);
        await until(() => met.accepted.inspect().exports.length === 0);
        expect(met.connection.inspect().imports).toEqual([]);
      },
    );

    it("keeps the arguments' objects callable until it comes", async () => {
      class Caller extends Root {
        waiting = false;
        #go = () => {};
        async remote_callLater(two: RemoteReference<Two>) {
          using held = two;
          this.waiting = true;
          await new Promise<void>((resolve) => {
            this.#go = resolve;
          });
          return await held.callRemote("three", 4);
        }
        go(): void {
          this.#go();
        }
      }
      const root = new Caller();
      const { connection } = await meet<Caller>(root);
      const controller = new AbortController();
      const error = connection.root
        .with({ signal: controller.signal })
        .callRemote("callLater", new Two())
        .catch((e: unknown) => e);
      await until(() => root.waiting);
      controller.abort();
      await error;
      root.go();
      await until(() => connection.inspect().exports.length === 0);
    });
  });
});

describe("a call that never left", () => {
  it("is known not to have been executed when its patience ends", async () => {
    const clock = new ManualClock();
    const { peer, connection } = await rawServer({ clock, log: () => {} });
    peer.stopsReading();
    const controller = new AbortController();
    const filler = connection.root.callRemote("fill", new Uint8Array(600_000)).catch((e: unknown) => e);
    const timed = connection.root
      .with({ timeout: 100 })
      .callRemote("x")
      .catch((e: unknown) => e);
    const aborted = connection.root
      .with({ signal: controller.signal })
      .callRemote("x")
      .catch((e: unknown) => e);
    clock.advance(200);
    controller.abort();
    expect(await timed).toMatchObject({ code: "CALL_TIMEOUT", executed: "no" });
    expect(await aborted).toMatchObject({ code: "CALL_ABORTED", executed: "no" });
    peer.vanishes();
    expect(await filler).toMatchObject({ code: "CONNECTION_LOST" });
  });
});

describe("many timeouts", () => {
  it("share a timer, also when they fire", async () => {
    const clock = new ManualClock();
    const root = new Slow();
    const { connection } = await meetInMemory<Slow>(root, { client: { clock } });
    const before = clock.made;
    const view = connection.root.with({ timeout: 1000 });
    for (let i = 0; i < 200; i++) await view.callRemote("echo", i);
    const late = Array.from({ length: 200 }, () => view.callRemote("wait", 0).catch((e: unknown) => e));
    await until(() => root.started === 200);
    expect(clock.made - before).toBeLessThan(5);
    expect(clock.waiting).toBeLessThan(3);
    clock.advance(1020);
    for (const error of await Promise.all(late)) expect(error).toBeInstanceOf(CallTimeout);
    root.finish();
  });

  it("fire each at its own time", async () => {
    const clock = new ManualClock();
    const root = new Slow();
    const { connection } = await meetInMemory<Slow>(root, { client: { clock } });
    const fired: number[] = [];
    const all = [300, 100, 200].map((timeout) =>
      connection.root
        .with({ timeout })
        .callRemote("wait", 0)
        .catch(() => fired.push(timeout)),
    );
    await until(() => root.started === 3);
    for (let step = 0; step < 4; step++) {
      clock.advance(110);
      await turnOver();
    }
    await Promise.all(all);
    expect(fired).toEqual([100, 200, 300]);
    root.finish();
  });
});
