// Streams: iterables of one side that are consumed at the other, item by item, as fast as the consumer takes them.
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import {
  type Call,
  CallAborted,
  type Connection,
  ConnectionLost,
  currentCall,
  Float,
  LimitExceeded,
  PBError,
  pb,
  pb7,
  Referenceable,
  RemoteError,
  type RemoteReference,
  RemoteStream,
  Root,
  type StreamIterator,
  UnsendableError,
} from "../../src/index.ts";
import { collectNow, collectUntil } from "../support/collect.ts";
import { type EndsOptions, turnOver, until } from "../support/ends.ts";
import { type Meet, type Met, meetInMemory } from "../support/everywhere.ts";
import { kinds } from "../support/transports.ts";

class Thing extends Referenceable {
  remote_name() {
    return "thing";
  }
}

class Source extends Root {
  /** What has happened, in order. */
  readonly happened: unknown[] = [];
  /** How many items were produced. */
  produced = 0;
  signal: AbortSignal | undefined;
  given: any;
  calls: Call[] = [];

  async *remote_count(to: number, from = 0) {
    try {
      for (let n = from; n < to; n++) {
        this.produced++;
        yield n;
      }
    } finally {
      this.happened.push("finally");
    }
  }
  async *remote_blocks(count: number, size: number) {
    for (let n = 0; n < count; n++) {
      this.produced++;
      yield new Uint8Array(size).fill(n);
    }
  }
  async *remote_failing(error: "expected" | "unexpected") {
    yield 1;
    throw error === "expected" ? new PBError("as agreed") : new RangeError("out of it");
  }
  async *remote_unsendable() {
    try {
      yield 1;
      yield () => {};
      yield 2;
    } finally {
      this.happened.push("finally");
    }
  }
  async *remote_catching() {
    for (;;) {
      try {
        yield 1;
      } catch (error) {
        this.happened.push(error instanceof RemoteError ? error.message : error);
        if (this.happened.length > 1) throw error;
        return;
      }
    }
  }
  async *remote_stubborn() {
    try {
      for (;;) yield 1;
    } catch (error) {
      this.happened.push((error as Error).message);
    }
    try {
      yield 2;
      yield 3;
    } finally {
      this.happened.push("finally");
    }
  }
  async *remote_badEnd() {
    try {
      for (;;) yield 1;
    } finally {
      // biome-ignore lint/correctness/noUnsafeFinally: what it does to the log is what is tested
      throw new RangeError("in the finally");
    }
  }
  async *remote_waiting() {
    this.signal = currentCall().signal;
    const { signal } = this;
    yield "begun";
    await new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      void resolve;
    });
  }
  async *remote_who(times: number) {
    try {
      for (let n = 0; n < times; n++) {
        this.calls.push(currentCall());
        yield currentCall().method;
        if (!this.follows) continue;
        await turnOver();
        this.calls.push(currentCall());
      }
    } finally {
      this.calls.push(currentCall());
    }
  }
  follows = true;
  async *remote_things(count: number) {
    for (let n = 0; n < count; n++) yield { n, thing: new Thing() };
  }
  async *remote_streams() {
    for (let n = 1; n <= 3; n++) yield this.remote_count(n);
  }
  remote_two() {
    return { odd: this.remote_count(2), even: this.remote_count(2) };
  }
  remote_get(): any {
    return this.given;
  }
  remote_signal(): any {
    this.signal = currentCall().signal;
    return this.given;
  }
  async remote_later(to: number) {
    await turnOver();
    return this.remote_count(to);
  }
  async remote_sum(numbers: AsyncIterable<number>) {
    let sum = 0;
    for await (const n of numbers) sum += n;
    return sum;
  }
  async remote_first(items: AsyncIterable<unknown>) {
    for await (const item of items) return item;
    return undefined;
  }
  remote_keep(items: AsyncIterable<unknown>) {
    this.given = items;
  }
  remote_ignore(_items: AsyncIterable<unknown>) {}
  remote_refuse(_items: AsyncIterable<unknown>): never {
    throw new PBError("no");
  }
  remote_ping() {
    return "pong";
  }
}

const met = async (options: EndsOptions = {}, meet: Meet = meetInMemory): Promise<Met<Source> & { source: Source }> => {
  const source = new Source();
  return { source, ...(await meet<Source>(source, options)) };
};

/** An iterator of what an untyped call results in. */
const iterate = (stream: AsyncIterable<unknown>): StreamIterator<any> => stream[Symbol.asyncIterator]() as never;

async function taken<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

const caught = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    (value) => expect.fail(`it did not fail but gave ${String(value)}`),
    (error) => error,
  );

const open = ({ connection, accepted }: { connection: Connection; accepted: Connection }): number =>
  connection.inspect().streams.held + accepted.inspect().streams.given;

describe.each(kinds.filter(({ name }) => name === "memory" || name === "tcp"))("over $name, a stream", (kind) => {
  const there = (): Promise<Met<Source> & { source: Source }> =>
    met({ address: kind.address(), client: kind.dialOptions, server: kind.listenOptions });

  it("is what a method gives that is an async generator", async () => {
    const { connection, source } = await there();
    const items: number[] = [];
    for await (const n of connection.root.callRemote("count", 3)) items.push(n);
    expect(items).toEqual([0, 1, 2]);
    expect(source.happened).toEqual(["finally"]);
  });

  it("brings ten thousand items in order", async () => {
    const { connection } = await there();
    const items = await taken(connection.root.callRemote("count", 10_000));
    expect(items).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
  });

  it("can be awaited first, and passed in a value", async () => {
    const { connection } = await there();
    const stream = await connection.root.callRemote("count", 2);
    expect(stream).toBeInstanceOf(RemoteStream);
    expect(await taken(stream)).toEqual([0, 1]);
    const { odd, even } = await connection.root.callRemote("two");
    expect([await taken(odd), await taken(even)]).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect(await taken(await connection.root.callRemote("later", 2))).toEqual([0, 1]);
  });

  it("is what an argument becomes that can be iterated", async () => {
    const { connection } = await there();
    async function* numbers() {
      for (let n = 1; n <= 100; n++) yield n;
    }
    expect(await connection.root.callRemote("sum", numbers())).toBe(5050);
  });

  it("ends at the producer when the consumer leaves", async () => {
    const { connection, source } = await there();
    for await (const n of connection.root.callRemote("count", 1_000_000)) if (n === 5) break;
    await until(() => source.happened.length > 0, "the producer's finally");
    expect(source.happened).toEqual(["finally"]);
    expect(source.produced).toBeLessThan(200);
  });

  it("fails as the generator does, after what came before", async () => {
    const { connection, takeLogged } = await there();
    const items: unknown[] = [];
    const error = await caught(
      (async () => {
        for await (const n of connection.root.callRemote("failing", "expected")) items.push(n);
      })(),
    );
    expect(items).toEqual([1]);
    expect(error).toBeInstanceOf(RemoteError);
    expect(error.message).toBe("as agreed");
    expect(error.stack).toContain('at the stream of the remote method "failing"');
    expect(takeLogged()).toEqual([]);
    await caught(taken(connection.root.callRemote("failing", "unexpected")));
    expect(takeLogged().map(({ message }) => message)).toEqual(["a stream of failing failed unexpectedly"]);
  });

  it("carries large items in pieces, in order with small ones", async () => {
    const { connection, source } = await there();
    source.given = (async function* () {
      yield "a";
      yield new Uint8Array(3_000_000).fill(7);
      yield "b";
      yield [new Uint8Array(200_000), "c"];
    })();
    const items = await taken(await connection.root.callRemote("get"));
    expect(items.map((item) => (item instanceof Uint8Array ? item.length : Array.isArray(item) ? 2 : item))).toEqual([
      "a",
      3_000_000,
      "b",
      2,
    ]);
    expect((items[1] as Uint8Array).every((byte) => byte === 7)).toBe(true);
  });

  it("ends with the connection, at both sides", async () => {
    const { connection, accepted, source } = await there();
    const iterator = iterate(connection.root.callRemote("waiting"));
    expect(await iterator.next()).toEqual({ done: false, value: "begun" });
    const next = caught(iterator.next());
    const idle = iterate(connection.root.callRemote("count", 5));
    await idle.next();
    await connection.root.callRemote("ping");
    await connection.close();
    expect(await next).toBeInstanceOf(ConnectionLost);
    // What has come can still be taken.
    expect([await idle.next(), await idle.next()]).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
    ]);
    await accepted.closed;
    await until(() => source.signal?.aborted === true, "the signal");
    expect(source.signal?.reason).toBeInstanceOf(ConnectionLost);
    expect(open({ connection, accepted })).toBe(0);
  });
});

describe("a stream of the other side", () => {
  it("is not begun before the first item is asked for", async () => {
    const { connection, source } = await met();
    const stream = await connection.root.callRemote("count", 3);
    await connection.root.callRemote("ping");
    expect(source.produced).toBe(0);
    await (await stream)[Symbol.asyncDispose]();
    expect(source.produced).toBe(0);
    await until(() => connection.inspect().streams.held === 0);
    expect(source.happened).toEqual([]);
  });

  it("can be iterated once", async () => {
    const { connection } = await met();
    const stream = await connection.root.callRemote("count", 1);
    expect(await taken(stream)).toEqual([0]);
    expect(() => stream[Symbol.asyncIterator]()).toThrow(TypeError);
  });

  it("gives items in the order in which they were asked for, and then ends", async () => {
    const { connection } = await met();
    const iterator = iterate(await connection.root.callRemote("count", 2));
    const steps = await Promise.all([iterator.next(), iterator.next(), iterator.next(), iterator.next()]);
    expect(steps.map(({ value }) => value)).toEqual([0, 1, undefined, undefined]);
    expect(steps.map(({ done }) => done)).toEqual([false, false, true, true]);
  });

  it("fails once, and has ended then", async () => {
    const { connection } = await met();
    const iterator = iterate(await connection.root.callRemote("failing", "expected"));
    await iterator.next();
    expect((await caught(iterator.next())).message).toBe("as agreed");
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it("is ended by disposing, also in the middle", async () => {
    const { connection, source } = await met();
    {
      await using stream = connection.root.callRemote("count", 100_000);
      for await (const n of stream) if (n === 3) break;
    }
    await until(() => source.happened.length === 1);
    const iterator = iterate(await connection.root.callRemote("count", 100_000));
    await iterator.next();
    await iterator.return();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    await until(() => source.happened.length === 2);
  });

  it("settles what waits when it is left", async () => {
    const { connection } = await met();
    const iterator = iterate(await connection.root.callRemote("waiting"));
    await iterator.next();
    const waiting = iterator.next();
    await iterator.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it("is ended when it is forgotten, unread or in the middle", async () => {
    const ends = await met();
    const { connection } = ends;
    await (async () => {
      await connection.root.callRemote("count", 5);
      const iterator = iterate(await connection.root.callRemote("count", 1000));
      await iterator.next();
    })();
    expect(connection.inspect().streams.held).toBe(2);
    await collectUntil(() => open(ends) === 0, "the end of what was forgotten");
  });

  it("stays while somebody waits for it", async () => {
    const { connection, source } = await met();
    let send = (_value: string): void => {};
    source.given = (async function* () {
      yield await new Promise<string>((resolve) => {
        send = resolve;
      });
    })();
    const first = (async () => {
      for await (const item of await connection.root.callRemote("get")) return item;
    })();
    await connection.root.callRemote("ping");
    for (let round = 0; round < 3; round++) {
      collectNow();
      await turnOver();
    }
    send("at last");
    expect(await first).toBe("at last");
  });

  it("is ended by the signal of its call", async () => {
    const { connection, source } = await met();
    const leaving = new AbortController();
    const { root } = connection;
    const seen: number[] = [];
    const error = await caught(
      (async () => {
        for await (const n of root.with({ signal: leaving.signal }).callRemote("count", 1_000_000)) {
          seen.push(n);
          if (n === 3) leaving.abort("enough");
        }
      })(),
    );
    expect(error).toBeInstanceOf(CallAborted);
    expect(error.cause).toBe("enough");
    expect(seen).toEqual([0, 1, 2, 3]);
    await until(() => source.happened.length === 1);
  });

  it("has no deadline: that was the answer's", async () => {
    const { connection, source } = await met();
    source.given = (async function* () {
      for (let n = 0; n < 3; n++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        yield [n, currentCall().remaining];
      }
    })();
    const items: [number, number][] = await taken(await connection.root.with({ timeout: 30 }).callRemote("signal"));
    expect(items.map(([n]) => n)).toEqual([0, 1, 2]);
    expect(items.map(([, remaining]) => remaining)).toEqual(Array(3).fill(Number.POSITIVE_INFINITY));
    expect(source.signal?.aborted).toBe(false);
  });
});

describe("a call that results in a stream", () => {
  it("can be left before its answer", async () => {
    const ends = await met();
    const { connection, source } = ends;
    const iterator = iterate(connection.root.callRemote("later", 100) as never);
    const next = iterator.next();
    expect(await iterator.return()).toEqual({ done: true, value: undefined });
    expect(await next).toEqual({ done: true, value: undefined });
    {
      await using stream = connection.root.callRemote("count", 10);
      void stream;
    }
    await connection.root.callRemote("ping");
    await until(() => open(ends) === 0);
    expect(source.produced).toBe(0);
  });

  it("is heard of when it fails, by who iterates it", async () => {
    const { connection } = await met();
    const failing = connection.root.callRemote("refuse", (async function* () {})());
    const error = await caught(taken(failing as never));
    expect(error.message).toBe("no");
    const other = iterate(connection.root.callRemote("refuse", (async function* () {})()) as never);
    await other.return();
    expect(await other.next()).toEqual({ done: true, value: undefined });
    await collectUntil(() => connection.inspect().streams.given === 0, "the end of what was passed");
  });

  it("gives the stream back that comes after its time", async () => {
    const ends = await met();
    const { connection } = ends;
    const leaving = new AbortController();
    const call = caught(connection.root.with({ signal: leaving.signal }).callRemote("later", 3) as never);
    await turnOver();
    leaving.abort();
    expect(await call).toBeInstanceOf(CallAborted);
    await until(() => connection.inspect().awaited === 0 && open(ends) === 0);
  });

  it("says what cannot be iterated", async () => {
    const { connection } = await met();
    expect((await caught(taken(connection.root.callRemote("ping") as never))).message).toContain("cannot be iterated");
  });
});

describe("throwing into a stream", () => {
  it("reaches the generator, which may return", async () => {
    const { connection, source } = await met();
    const iterator = iterate(await connection.root.callRemote("catching"));
    await iterator.next();
    expect(await iterator.throw(new PBError("catch this"))).toEqual({ done: true, value: undefined });
    expect(source.happened).toEqual(["catch this"]);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it("comes back as what the generator throws", async () => {
    const { connection, source, takeLogged } = await met();
    source.happened.push("before");
    const iterator = iterate(await connection.root.callRemote("catching"));
    await iterator.next();
    const error = await caught(iterator.throw(new RangeError("catch this")));
    expect(error).toBeInstanceOf(RemoteError);
    expect(error.message).toBe("catch this");
    expect(takeLogged()).toEqual([]);
  });

  it("ends a generator that goes on", async () => {
    const { connection, source } = await met();
    const iterator = iterate(await connection.root.callRemote("stubborn"));
    await iterator.next();
    expect(await iterator.throw(new PBError("leave"))).toEqual({ done: true, value: undefined });
    expect(source.happened).toEqual(["leave", "finally"]);
  });

  it("ends one that has not begun, and one that takes no errors", async () => {
    const { connection, source } = await met();
    const fresh = iterate(await connection.root.callRemote("count", 3));
    expect((await caught(fresh.throw(new PBError("too early")))).message).toBe("too early");
    source.given = { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: 1 }) }) };
    const plain = iterate(await connection.root.callRemote("get"));
    await plain.next();
    expect(await plain.throw(new PBError("nobody takes it"))).toEqual({ done: true, value: undefined });
  });

  it("before the answer goes to the stream that comes", async () => {
    const { connection } = await met();
    const iterator = iterate(connection.root.callRemote("count", 3));
    expect((await caught(iterator.throw(new PBError("early")))).message).toBe("early");
  });
});

describe("errors of a producer", () => {
  it("are told when an item cannot be sent, and the generator is ended", async () => {
    const { connection, source, takeLogged } = await met();
    const items: unknown[] = [];
    const error = await caught(
      (async () => {
        for await (const item of connection.root.callRemote("unsendable") as AsyncIterable<unknown>) items.push(item);
      })(),
    );
    expect(items).toEqual([1]);
    expect(error.message).toContain("an item of a stream of unsendable cannot be sent");
    expect(error.message).toContain("function");
    expect(source.happened).toEqual(["finally"]);
    expect(takeLogged()).toHaveLength(1);
  });

  it("in its finally are logged, when nobody hears of them", async () => {
    const { connection, takeLogged } = await met();
    for await (const _ of connection.root.callRemote("badEnd")) break;
    await until(() => connection.inspect().streams.held === 0);
    expect(takeLogged().map(({ message }) => message)).toEqual(["a stream of badEnd failed unexpectedly"]);
  });

  it("by the signal that tells it to end are not logged", async () => {
    const { connection, source } = await met();
    for await (const _ of connection.root.callRemote("waiting")) break;
    await until(() => connection.inspect().streams.held === 0);
    expect(source.signal?.aborted).toBe(true);
  });

  it("of what is no iterator are told", async () => {
    const { connection, source, takeLogged } = await met();
    source.given = {
      [Symbol.asyncIterator]: () => {
        throw new PBError("not today");
      },
    };
    expect((await caught(taken(await connection.root.callRemote("get")))).message).toBe("not today");
    source.given = { [Symbol.asyncIterator]: () => ({ next: () => 5 }) };
    await caught(taken(await connection.root.callRemote("get")));
    expect(takeLogged()).toHaveLength(1);
  });

  it("of an item that cannot be decoded end the stream", async () => {
    const { connection, source } = await met({ client: { limits: { depth: 20 } } });
    const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
    source.given = (async function* () {
      yield 1;
      yield deep(30);
      yield 2;
    })();
    const stream = await connection.root.callRemote("get");
    const iterator = iterate(stream);
    expect((await iterator.next()).value).toBe(1);
    expect(await caught(iterator.next())).toBeInstanceOf(LimitExceeded);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    await until(() => connection.inspect().streams.held === 0);
    expect(await connection.root.callRemote("ping")).toBe("pong");
  });
});

describe.each(["async", "sync"] as const)('the call of a stream, with context "%s"', (context) => {
  it("is current whenever an item is produced, and when it ends", async () => {
    const { connection, source } = await met({ server: { context } });
    source.follows = context === "async";
    const both = await Promise.all([
      taken(connection.root.callRemote("who", 3)),
      taken(connection.root.callRemote("who", 2)),
    ]);
    expect(both.map((names) => names.length)).toEqual([3, 2]);
    expect(new Set(source.calls).size).toBe(2);
    expect(source.calls).toHaveLength(context === "async" ? 12 : 7);
  });

  it("has a signal that fires when the consumer leaves, and not when the stream ends by itself", async () => {
    const { connection, source } = await met({ server: { context } });
    source.given = source.remote_count(3);
    expect(await taken(await connection.root.callRemote("signal"))).toHaveLength(3);
    await until(() => connection.inspect().streams.held === 0);
    expect(source.signal?.aborted).toBe(false);
    source.given = source.remote_count(1000);
    for await (const _ of await connection.root.callRemote("signal")) break;
    await until(() => connection.inspect().streams.held === 0);
    expect(source.signal?.reason).toBeInstanceOf(CallAborted);
  });

  it("goes on until the last of its streams is left", async () => {
    const { connection, source } = await met({ server: { context } });
    source.given = [source.remote_count(1000), source.remote_count(1000)];
    const [one, two] = await connection.root.callRemote("signal");
    for await (const _ of one) break;
    await until(() => source.happened.length === 1);
    expect(source.signal?.aborted).toBe(false);
    for await (const _ of two) break;
    await until(() => source.happened.length === 2);
    expect(source.signal?.aborted).toBe(true);
  });
});

describe("the call of a stream", () => {
  it('is current in the finally of one that is left, with context "async"', async () => {
    const { connection, source } = await met();
    source.follows = false;
    for await (const _ of connection.root.callRemote("who", 1000)) break;
    await until(() => connection.inspect().streams.held === 0);
    expect(new Set(source.calls).size).toBe(1);
  });
});

describe("a slow consumer", () => {
  it("stops the producer after so many items, and the connection goes on", async () => {
    const { connection, source } = await met();
    const iterator = iterate(connection.root.callRemote("count", 1_000_000));
    let calls = 0;
    for (let n = 0; n < 200; n++) {
      await iterator.next();
      await turnOver();
      expect(await connection.root.callRemote("ping")).toBe("pong");
      calls++;
      expect(source.produced - n).toBeLessThanOrEqual(34);
    }
    expect(calls).toBe(200);
    await iterator.return();
  });

  it("stops the producer after so many bytes", async () => {
    const { connection, source } = await met();
    const iterator = iterate(connection.root.callRemote("blocks", 1000, 20_000));
    for (let n = 0; n < 50; n++) {
      await iterator.next();
      await connection.root.callRemote("ping");
      expect(source.produced - n).toBeLessThanOrEqual(6);
    }
    await iterator.return();
  });

  it("counts what comes in pieces, too", async () => {
    const { connection, source } = await met();
    const iterator = iterate(connection.root.callRemote("blocks", 1000, 1_000_000));
    for (let n = 0; n < 5; n++) {
      await iterator.next();
      for (let turn = 0; turn < 100; turn++) await turnOver();
      expect(source.produced - n).toBeLessThanOrEqual(3);
    }
    await iterator.return();
    await until(() => connection.inspect().streams.held === 0);
  });

  it("that becomes a fast one is given more at a time", async () => {
    const { connection, source } = await met();
    const iterator = iterate(connection.root.callRemote("count", 1_000_000));
    for (let n = 0; n < 50_000; n++) await iterator.next();
    for (let turn = 0; turn < 100; turn++) await turnOver();
    const ahead = source.produced - 50_000;
    expect(ahead).toBeGreaterThan(100);
    expect(ahead).toBeLessThanOrEqual(1024);
    await iterator.return();
  });

  it("holds up no other stream", async () => {
    const { connection } = await met();
    const slow = iterate(connection.root.callRemote("blocks", 1_000_000, 10_000));
    await slow.next();
    expect(await taken(connection.root.callRemote("count", 5000))).toHaveLength(5000);
    await slow.return();
  });
});

describe("what items refer to", () => {
  it("can be called", async () => {
    const { connection } = await met();
    for await (const { n, thing } of connection.root.callRemote("things", 40)) {
      using held = thing;
      expect(await held.callRemote("name")).toBe("thing");
      expect(n).toBeLessThan(40);
    }
  });

  it("is given back when nobody takes it", async () => {
    const { connection, accepted } = await met();
    for await (const { thing } of connection.root.callRemote("things", 1000)) {
      thing.release();
      break;
    }
    await until(() => connection.inspect().imports.length === 0 && accepted.inspect().exports.length === 0);
  });

  it("is not given back by who holds another receipt of it", async () => {
    const { connection, source } = await met();
    const thing = new Thing();
    source.given = (async function* () {
      for (;;) yield thing;
    })();
    const iterator = iterate(await connection.root.callRemote("get"));
    const first: RemoteReference<Thing> = (await iterator.next()).value;
    await connection.root.callRemote("ping");
    first.releaseAll();
    const second: RemoteReference<Thing> = (await iterator.next()).value;
    expect(await second.callRemote("name")).toBe("thing");
    second.release();
    await iterator.return();
  });

  it("may be streams", async () => {
    const { connection } = await met();
    const lengths: number[] = [];
    for await (const inner of connection.root.callRemote("streams")) lengths.push((await taken(inner)).length);
    expect(lengths).toEqual([1, 2, 3]);
  });
});

describe("a stream that is an argument", () => {
  it("ends here when the other side leaves it", async () => {
    const { connection } = await met();
    let left = false;
    async function* endless() {
      try {
        for (let n = 0; ; n++) yield n;
      } finally {
        left = true;
      }
    }
    expect(await connection.root.callRemote("first", endless())).toBe(0);
    await until(() => left);
  });

  it("is given back when the call is not run, or nobody takes it", async () => {
    const ends = await met();
    const { connection, accepted } = ends;
    let left = 0;
    const source = () => new ReadableStream({ cancel: () => void left++ });
    await caught((connection.root as RemoteReference).callRemote("nothing", source()));
    await connection.root.callRemote("ignore", source() as never);
    await collectUntil(() => left === 2, "the end of the other one");
    expect(accepted.inspect().streams.held).toBe(0);
  });

  it("is the caller's again when the call cannot be sent", async () => {
    const { connection } = await met();
    async function* numbers() {
      yield 1;
    }
    const mine = numbers();
    await caught((connection.root as RemoteReference).callRemote("ignore", [mine, () => {}]));
    expect(connection.inspect().streams.given).toBe(0);
    expect(await taken(mine)).toEqual([1]);
  });

  it("runs on behalf of the call that passed it", async () => {
    class Relay extends Root {
      readonly methods: string[] = [];
      async remote_relay(sink: RemoteReference) {
        using held = sink;
        const { methods } = this;
        async function* numbers() {
          for (let n = 0; n < 2; n++) {
            methods.push(currentCall().method);
            yield n;
          }
        }
        return held.callRemote("sum", numbers());
      }
    }
    const relay = new Relay();
    const { connection } = await meetInMemory<Relay>(relay);
    expect(await connection.root.callRemote("relay", new Source())).toBe(1);
    expect(relay.methods).toEqual(["relay", "relay"]);
  });

  it("may come from a third side, and only as fast as it is taken", async () => {
    const far = await met();
    const near = await met();
    const stream = await far.connection.root.callRemote("count", 100_000);
    await near.connection.root.callRemote("keep", stream);
    const iterator = iterate(near.source.given as AsyncIterable<unknown>);
    for (let n = 0; n < 100; n++) {
      expect((await iterator.next()).value).toBe(n);
      await near.connection.root.callRemote("ping");
      await far.connection.root.callRemote("ping");
      expect(far.source.produced - n).toBeLessThan(150);
    }
    await iterator.return();
    await until(() => far.source.happened.length === 1, "the end of the first producer");
  });
});

describe("a ReadableStream", () => {
  it("arrives as a stream, whichever way it goes", async () => {
    const { connection, source } = await met();
    source.given = new ReadableStream({
      start(controller) {
        for (const item of ["a", "b"]) controller.enqueue(item);
        controller.close();
      },
    });
    expect(await taken(await connection.root.callRemote("get"))).toEqual(["a", "b"]);
    const blob = new Blob(["x".repeat(100_000)]);
    await connection.root.callRemote("keep", blob.stream() as never);
    let bytes = 0;
    for await (const chunk of source.given as AsyncIterable<Uint8Array>) bytes += chunk.length;
    expect(bytes).toBe(100_000);
  });

  it("is cancelled with a reason when it is left, begun or not, and when the connection ends", async () => {
    const { connection, source } = await met();
    const reasons: unknown[] = [];
    const make = () =>
      new ReadableStream({
        pull: (controller) => controller.enqueue(1),
        cancel: (reason) => void reasons.push(reason),
      });
    source.given = make();
    for await (const _ of await connection.root.callRemote("get")) break;
    source.given = make();
    await (await connection.root.callRemote("get"))[Symbol.asyncDispose]();
    await until(() => reasons.length === 2);
    expect(reasons.every((reason) => reason instanceof CallAborted)).toBe(true);
    for (const begin of [true, false]) {
      source.given = make();
      const iterator = iterate(await connection.root.callRemote("get"));
      if (begin) await iterator.next();
    }
    await connection.close();
    await until(() => reasons.length === 4);
    expect(reasons[3]).toBeInstanceOf(ConnectionLost);
  });

  it("that fails, or is in use, breaks the stream", async () => {
    const { connection, source } = await met();
    source.given = new ReadableStream({ pull: (controller) => controller.error(new PBError("dry")) });
    expect((await caught(taken(await connection.root.callRemote("get")))).message).toBe("dry");
  });

  it("of Node does the same", async () => {
    const { connection, source } = await met();
    const file = Readable.from(["a", "b", "c"]);
    source.given = file;
    for await (const item of await connection.root.callRemote("get")) {
      expect(item).toBe("a");
      break;
    }
    await until(() => file.destroyed);
    const unread = Readable.from(["a"]);
    source.given = unread;
    await (await connection.root.callRemote("get"))[Symbol.asyncDispose]();
    await until(() => unread.destroyed);
  });
});

describe("the number of streams", () => {
  it("has a bound at the side that gives them", async () => {
    const ends = await met({ server: { limits: { streams: 2 } } });
    const { connection, takeLogged } = ends;
    const streams = [await connection.root.callRemote("count", 1), await connection.root.callRemote("count", 1)];
    const error = await caught(connection.root.callRemote("count", 1) as never);
    expect(error.message).toContain("limits.streams");
    expect(takeLogged()).toHaveLength(1);
    for (const stream of streams) await taken(stream);
    expect(await taken(connection.root.callRemote("count", 1))).toEqual([0]);
  });

  it("has the bound that the other side has told", async () => {
    const { connection } = await met({ server: { limits: { streams: 1 } } });
    await connection.root.callRemote("ping");
    async function* none() {}
    const error = await caught((connection.root as RemoteReference).callRemote("ignore", none(), none()));
    expect(error).toBeInstanceOf(LimitExceeded);
    expect(error.limit).toBe("streams");
    expect(connection.inspect().streams.given).toBe(0);
  });

  it("costs little while they are idle", async () => {
    const ends = await met();
    const { connection, source } = ends;
    const count = 10_000;
    source.given = Array.from({ length: count }, () => source.remote_count(1));
    const heap = async (): Promise<number> => {
      for (let round = 0; round < 3; round++) {
        await turnOver();
        collectNow();
      }
      return process.memoryUsage().heapUsed;
    };
    const before = await heap();
    const streams: RemoteStream[] = await connection.root.callRemote("get");
    expect(open(ends)).toBe(2 * count);
    const idle = ((await heap()) - before) / count;
    expect(idle, "bytes of both sides for one that was not begun").toBeLessThan(1200);
    const iterators = streams.map((stream) => iterate(stream));
    for (const iterator of iterators) expect(await iterator.next()).toEqual({ done: false, value: 0 });
    for (const iterator of iterators) await iterator.return();
    await until(() => open(ends) === 0, "their end");
  });
});

describe("in the other dialects", () => {
  it("a stream is refused, and the error says why", async () => {
    const { connection, takeLogged } = await met({ client: { dialects: [pb] }, server: { dialects: [pb, pb7] } });
    const root = connection.root as RemoteReference;
    for (const stream of [(async function* () {})(), new ReadableStream(), { async *[Symbol.asyncIterator]() {} }]) {
      const error = await caught(root.callRemote("ignore", stream));
      expect(error).toBeInstanceOf(UnsendableError);
      expect(error.message).toContain("a stream cannot be sent in this dialect; both sides need pb7");
    }
    const error = await caught(root.callRemote("count", 1));
    expect(error.message).toContain("a stream cannot be sent in this dialect");
    expect(takeLogged()).toHaveLength(1);
  });

  it("what is iterable without waiting is a value", async () => {
    const { connection, source } = await met();
    source.given = [1, 2, new Float(3)];
    expect(await taken(connection.root.callRemote("get") as never)).toHaveLength(3);
  });
});
