// An object is called in the same words as a reference, so that code need not care which of the two it was given.
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  CallAborted,
  CallTimeout,
  Keywords,
  kw,
  NoSuchMethod,
  type ParameterNames,
  Referenceable,
  type RemoteReference,
  Root,
} from "../../src/index.ts";
import { turnOver } from "../support/ends.ts";
import { meetInMemory } from "../support/everywhere.ts";

class Thing extends Referenceable {
  static readonly parameters: ParameterNames<Thing> = { add: ["a", "b?"] };
  readonly seen: unknown[] = [];
  remote_note(value: unknown) {
    this.seen.push(value);
    return value;
  }
  remote_add(a: number, b = 10) {
    return a + b;
  }
  remote_fail(): never {
    throw new RangeError("locally");
  }
  remote_self() {
    return this;
  }
  remote_never() {
    return new Promise<void>(() => {});
  }
  remote_keywords(...args: unknown[]) {
    return args.at(-1) instanceof Keywords;
  }
}

describe("a local object that is called", () => {
  it("runs its method in a later turn, and promises the result", async () => {
    const thing = new Thing();
    const answer = thing.callRemote("note", 1);
    expect(thing.seen).toEqual([]);
    expect(await answer).toBe(1);
    expect(thing.seen).toEqual([1]);
  });

  it("keeps the order of all its calls", async () => {
    const thing = new Thing();
    void thing.callRemote("note", 1);
    thing.callRemoteOnly("note", 2);
    void thing.with({}).callRemote("note", 3);
    thing.with({}).callRemoteOnly("note", 4);
    await thing.callRemote("note", 5);
    expect(thing.seen).toEqual([1, 2, 3, 4, 5]);
  });

  it("takes keywords as from outside", async () => {
    const thing = new Thing();
    expect(await thing.callRemote("add", kw({ a: 1, b: 2 }))).toBe(3);
    expect(await thing.callRemote("add", 1)).toBe(11);
    expect(await thing.callRemote("keywords", kw({ x: 1 }))).toBe(true);
    await expect(thing.callRemote("add", 1, 2, kw({ c: 1 }) as never)).rejects.toBeInstanceOf(TypeError);
  });

  it("passes its arguments as they are, not as copies", async () => {
    const value = { by: "reference", fn: () => {} };
    expect(await new Thing().callRemote("note", value)).toBe(value);
  });

  it("fails by the promise, with the error itself", async () => {
    const thing: Thing & { callRemote: any } = new Thing();
    await expect(thing.callRemote("fail")).rejects.toBeInstanceOf(RangeError);
    await expect(thing.callRemote("missing")).rejects.toBeInstanceOf(NoSuchMethod);
    await expect(thing.callRemote("constructor")).rejects.toBeInstanceOf(NoSuchMethod);
  });

  it("without an answer swallows what goes wrong", async () => {
    new Thing().callRemoteOnly("fail");
    await turnOver();
  });

  it("can be called through while it is pending", async () => {
    const thing = new Thing();
    expect(await thing.callRemote("self").callRemote("self").callRemote("add", 1, 2)).toBe(3);
  });

  it("does what a reference to it would have done", async () => {
    class Host extends Root {
      remote_thing() {
        return new Thing();
      }
    }
    const { connection } = await meetInMemory<Host>(new Host());
    using far = await connection.root.callRemote("thing");
    const use = async (thing: Thing | RemoteReference<Thing>) => [
      await thing.callRemote("add", 1, kw({ b: 2 })),
      await thing.with({ timeout: 60_000 }).callRemote("note", "x"),
      await thing.callRemote("self").callRemote("add", 5),
    ];
    expect(await use(new Thing())).toEqual(await use(far));
    far.releaseAll();
  });
});

describe("a local view by with()", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("gives up after its timeout", async () => {
    const answer = expect(new Thing().with({ timeout: 500 }).callRemote("never")).rejects.toBeInstanceOf(CallTimeout);
    vi.advanceTimersByTime(520);
    await answer;
  });

  it("gives up when its signal fires, and does not begin if it had fired", async () => {
    const thing = new Thing();
    const controller = new AbortController();
    const view = thing.with({ signal: controller.signal });
    const answer = view.callRemote("never");
    controller.abort("enough");
    await expect(answer).rejects.toMatchObject({ code: "CALL_ABORTED", cause: "enough", executed: "unknown" });
    const error = await view.callRemote("note", 1).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CallAborted);
    expect(error).toMatchObject({ executed: "no" });
    expect(thing.seen).toEqual([]);
  });

  it("adds to the options it was made from", async () => {
    const controller = new AbortController();
    const view = new Thing().with({ signal: controller.signal }).with({ timeout: 60_000 });
    controller.abort();
    await expect(view.callRemote("never")).rejects.toBeInstanceOf(CallAborted);
  });

  it("lets go of the signal when the call is over, whichever way", async () => {
    const { signal } = new AbortController();
    const view = new Thing().with({ signal, timeout: 100 });
    await view.callRemote("note", 1);
    await view.callRemote("fail").catch(() => {});
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
    const late = expect(view.callRemote("never")).rejects.toBeInstanceOf(CallTimeout);
    vi.advanceTimersByTime(120);
    await late;
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});
