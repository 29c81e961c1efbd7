// What two sides of a stream may do to each other, frame by frame: the streams of two brokers without wires in between.
import { describe, expect, it } from "vitest";
import { type Call, callStore } from "../../src/broker/current-call.ts";
import type { Imports } from "../../src/broker/imports.ts";
import { Streams } from "../../src/broker/streams.ts";
import { ConnectionLost, LimitExceeded, ProtocolError, type RemoteStream, UnknownId } from "../../src/index.ts";
import type { MoreMessages } from "../../src/wire/dialect.ts";
import { collect } from "../support/collect.ts";
import { turnOver } from "../support/ends.ts";

/** The streams of one side; what it sends is recorded, and told to `peer` if there is one. An item costs 10 bytes. */
function side({ streams: most = 100, cost = 10 } = {}) {
  const sent: unknown[][] = [];
  const state: { peer?: Streams; congested: boolean; writable: (() => void)[] } = { congested: false, writable: [] };
  const tell = (frame: unknown[], to: (peer: Streams) => void) => {
    sent.push(frame);
    const { peer } = state;
    if (peer !== undefined) queueMicrotask(() => to(peer));
  };
  const more: Partial<MoreMessages> = {
    sendItem: (stream, value) => {
      if (typeof value === "symbol") throw new TypeError("symbols stay here");
      tell(["item", stream, value], (peer) => peer.item(stream, value, cost, undefined));
      return cost;
    },
    sendEnd: (stream) => tell(["end", stream], (peer) => peer.ended(stream)),
    sendBreak: (stream, error) => tell(["break", stream, error], (peer) => peer.broke(stream, error)),
    sendWant: (stream, items, bytes) =>
      tell(["want", stream, items, bytes], (peer) => peer.wanted(stream, items, bytes)),
    sendStop: (stream) => tell(["stop", stream], (peer) => peer.stopped(stream)),
    sendThrow: (stream, error) => tell(["throw", stream, error], (peer) => peer.threw(stream, error)),
  };
  const setup = {
    codec: { more: more as MoreMessages },
    limits: { streams: most },
    store: callStore(undefined),
    log: () => {},
    written: () => {},
    onBehalfOf: undefined as Call | undefined,
    peerStreams: undefined as number | undefined,
    get congested() {
      return state.congested;
    },
    whenWritable: (fn: () => void) => void state.writable.push(fn),
    failed: (error: unknown) => expect.fail(String(error)),
    giveBack: () => {},
    tables: { imports: { keep: () => {}, deliver: () => {} } as unknown as Imports },
  };
  const streams = new Streams(setup);
  return { setup, streams, sent, state };
}

async function* count(to: number) {
  for (let n = 0; n < to; n++) yield n;
}

const turns = async (): Promise<void> => {
  for (let n = 0; n < 5; n++) await turnOver();
};

const items = (sent: unknown[][]): number => sent.filter(([frame]) => frame === "item").length;

describe("a producer", () => {
  it("sends no more items than were asked for, and none while a credit is used up", async () => {
    const { streams, sent } = side();
    streams.give(count(1000), null);
    await turns();
    expect(sent).toEqual([]);
    streams.wanted(1, 3, 1000);
    await turns();
    expect(items(sent)).toBe(3);
    streams.wanted(1, 100, 0);
    await turns();
    expect(items(sent)).toBe(100); // 1000 bytes
    streams.wanted(1, 0, 1);
    await turns();
    expect(items(sent)).toBe(101); // the last one may be larger than what is left
  });

  it("waits while the connection has enough to write", async () => {
    const { streams, sent, state } = side();
    streams.give(count(10), null);
    state.congested = true;
    streams.wanted(1, 5, 1000);
    streams.wanted(1, 5, 1000);
    await turns();
    expect(sent).toEqual([]);
    expect(state.writable).toHaveLength(1);
    state.congested = false;
    state.writable[0]?.();
    await turns();
    expect(items(sent)).toBe(10);
  });

  it("takes items that are there already without waiting", () => {
    const { streams, sent } = side();
    let n = 0;
    streams.give({ [Symbol.asyncIterator]: () => ({ next: () => ({ done: n === 3, value: n++ }) }) }, null);
    streams.wanted(1, 10, 1000);
    expect(sent.map(([frame]) => frame)).toEqual(["item", "item", "item", "end"]);
  });

  it("says once that it has ended, whatever comes then", async () => {
    const { streams, sent } = side();
    streams.give(count(1), null);
    streams.wanted(1, 10, 1000);
    await turns();
    streams.stopped(1);
    streams.wanted(1, 10, 1000);
    streams.threw(1, new Error("late"));
    await turns();
    expect(sent.map(([frame]) => frame)).toEqual(["item", "end"]);
    expect(streams.inspect()).toEqual({ given: 0, held: 0 });
  });

  it("is stopped once", async () => {
    const { streams, sent } = side();
    let left = 0;
    const iterator = {
      next: () => new Promise<never>(() => {}),
      return: async () => {
        left++;
        return { done: true, value: undefined };
      },
    };
    streams.give({ [Symbol.asyncIterator]: () => iterator }, null);
    streams.wanted(1, 10, 1000);
    streams.stopped(1);
    streams.stopped(1);
    streams.end({ code: "CLOSED", message: "over" });
    await turns();
    expect(left).toBe(1);
    expect(sent).toEqual([]);
  });

  it("lets the peer speak of those only that it was given", () => {
    const { streams } = side();
    expect(() => streams.wanted(1, 1, 1)).toThrow(UnknownId);
    expect(() => streams.stopped(0)).toThrow(UnknownId);
    streams.give(count(1), null);
    streams.takeBack(1);
    streams.wanted(1, 1, 1);
    expect(streams.inspect().given).toBe(0);
    expect(() => streams.threw(2, new Error())).toThrow(UnknownId);
  });

  it("is one of as many as both sides allow", () => {
    const { setup, streams } = side({ streams: 3 });
    setup.peerStreams = 2;
    streams.give(count(1), null);
    streams.give(count(1), null);
    expect(() => streams.give(count(1), null)).toThrow(LimitExceeded);
  });
});

describe("a consumer", () => {
  const asked = (streams: Streams): { stream: RemoteStream; first: Promise<unknown> } => {
    const stream = streams.receive(1);
    const iterator = stream[Symbol.asyncIterator]();
    return { stream, first: iterator.next() };
  };

  it("asks for 32 items first, and again when half of them are taken", async () => {
    const { streams, sent } = side();
    const iterator = streams.receive(1)[Symbol.asyncIterator]();
    const first = iterator.next();
    expect(sent).toEqual([["want", 1, 32, 65536]]);
    for (let n = 0; n < 32; n++) streams.item(1, n, 100, undefined);
    await first;
    for (let n = 1; n < 16; n++) expect((await iterator.next()).value).toBe(n);
    expect(sent.slice(1)).toEqual([["want", 1, 16, 1600]]);
  });

  it("refuses more items, or bytes, than it has asked for", () => {
    const one = side().streams;
    asked(one);
    for (let n = 0; n < 32; n++) one.item(1, n, 100, undefined);
    expect(() => one.item(1, 32, 100, undefined)).toThrow(ProtocolError);
    const other = side().streams;
    asked(other);
    other.item(1, 0, 65_535, undefined);
    other.item(1, 1, 1_000_000, undefined);
    expect(() => other.item(1, 2, 1, undefined)).toThrow(ProtocolError);
  });

  it("refuses items that nobody has asked for, and of streams that are none", async () => {
    const { streams } = side();
    const stream = streams.receive(1);
    expect(() => streams.item(1, 0, 1, undefined)).toThrow(ProtocolError);
    expect(() => streams.item(2, 0, 1, undefined)).toThrow(ProtocolError);
    expect(() => streams.ended(2)).toThrow(ProtocolError);
    expect(() => streams.receive(1)).toThrow(ProtocolError);
    expect(() => streams.receive(0)).toThrow(ProtocolError);
    streams.ended(1);
    expect(() => streams.item(1, 0, 1, undefined)).toThrow(ProtocolError);
    expect(() => streams.broke(1, new Error())).toThrow(ProtocolError);
    expect(await stream[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
  });

  it("lets items pass that were on their way when it left, but no more than those", async () => {
    const { streams, sent } = side();
    const { stream } = asked(streams);
    await stream[Symbol.asyncDispose]();
    for (let n = 0; n < 32; n++) streams.item(1, n, 100, undefined);
    expect(() => streams.item(1, 32, 100, undefined)).toThrow(ProtocolError);
    expect(sent.at(-1)).toEqual(["stop", 1]);
    expect(streams.inspect().held).toBe(1);
    streams.ended(1);
    expect(streams.inspect().held).toBe(0);
  });

  it("waits in its place for an item that is not whole", async () => {
    const { streams } = side();
    const iterator = streams.receive(1)[Symbol.asyncIterator]();
    const steps = [iterator.next(), iterator.next()];
    let arrived = () => {};
    const late = {
      results: [],
      complete: false,
      whenComplete: (fn: () => void) => {
        arrived = fn;
      },
      decode: () => ({ args: ["large"], keywords: undefined }),
      giveBack: () => {},
    };
    streams.item(1, undefined, 100, late);
    streams.item(1, "small", 100, undefined);
    streams.ended(1);
    const settled: unknown[] = [];
    for (const step of steps) void step.then(({ value }) => settled.push(value));
    await turns();
    expect(settled).toEqual([]);
    late.complete = true;
    arrived();
    await turns();
    expect(settled).toEqual(["large", "small"]);
    expect((await iterator.next()).done).toBe(true);
  });

  it("does not wait for what is not whole when the connection ends", async () => {
    const { streams } = side();
    const iterator = streams.receive(1)[Symbol.asyncIterator]();
    const step = iterator.next();
    let back = 0;
    const never = { results: [], complete: false, whenComplete: () => {}, decode: expect.fail, giveBack: () => back++ };
    streams.item(1, "whole", 100, undefined);
    streams.item(1, undefined, 100, never);
    streams.item(1, "behind", 100, undefined);
    expect((await step).value).toBe("whole");
    streams.end({ code: "CLOSED", message: "over" });
    await expect(iterator.next()).rejects.toBeInstanceOf(ConnectionLost);
  });

  it("keeps nothing that was taken, though its queue is never empty", async () => {
    const { streams } = side();
    const iterator = streams.receive(1)[Symbol.asyncIterator]();
    let step = iterator.next();
    const taken: WeakRef<object>[] = [];
    for (let n = 0; n < 500; n++) {
      if (n === 0) for (let ahead = 0; ahead < 5; ahead++) streams.item(1, { ahead }, 10, undefined);
      streams.item(1, { n }, 10, undefined);
      taken.push(new WeakRef((await step).value as object));
      step = iterator.next();
    }
    await collect();
    expect(taken.filter((item) => item.deref() !== undefined).length).toBeLessThan(70);
  });

  it("stops what it was not told of in time, and what is one too many", () => {
    const { streams, sent } = side({ streams: 2 });
    streams.receive(1);
    streams.receive(2);
    expect(() => streams.receive(3)).toThrow(LimitExceeded);
    streams.refuse(3);
    expect(sent).toEqual([["stop", 3]]);
    streams.ended(3);
    streams.refuse(4);
    streams.refuse(5);
    expect(() => streams.refuse(6)).toThrow(ProtocolError);
  });
});

describe("two sides", () => {
  it("pass items as fast as they are taken", async () => {
    const [near, far] = [side(), side()];
    near.state.peer = far.streams;
    far.state.peer = near.streams;
    const stream = far.streams.receive(near.streams.give(count(10_000), null));
    let sum = 0;
    for await (const n of stream) sum += n as number;
    expect(sum).toBe(49_995_000);
    expect([near.streams.inspect(), far.streams.inspect()]).toEqual(Array(2).fill({ given: 0, held: 0 }));
    expect(far.sent.length).toBeLessThanOrEqual(10_000 / 16 + 1);
  });
});
