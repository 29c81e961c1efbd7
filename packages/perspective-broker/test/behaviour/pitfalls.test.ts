// Where libraries of this kind go wrong: each trap has a decision, and the decision a test.
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  Float,
  Keywords,
  kw,
  none,
  PBError,
  pb,
  Referenceable,
  Registry,
  type RemoteReference,
  Root,
  tuple,
} from "../../src/index.ts";
import { collectUntil } from "../support/collect.ts";
import { type EndsOptions, turnOver, until } from "../support/ends.ts";
import { meetInMemory } from "../support/everywhere.ts";
import { rawServer } from "../support/raw-peer.ts";

// Kept from the linter, which is right to warn of such members everywhere else.
const THEN = "then";

class Two extends Referenceable {
  remote_three(n: number) {
    return n * 3;
  }
  remote_then(n: number) {
    return n + 1;
  }
  remote_toJSON() {
    return "called";
  }
}

class One extends Root {
  two = new Two();
  running = 0;
  most = 0;
  remote_getTwo() {
    return this.two;
  }
  remote_echo(value: any): any {
    return value;
  }
  remote_fail(): never {
    throw new PBError("expected");
  }
  async remote_overlap() {
    this.most = Math.max(this.most, ++this.running);
    await turnOver();
    this.running--;
  }
}

const caught = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );

describe("pitfall 1: whatever has a `then` is swallowed by promises", () => {
  it("a reference has none: it can be awaited, and returned from an async function", async () => {
    const { connection } = await meetInMemory<One>(new One());
    const two = await connection.root.callRemote("getTwo");
    expect("then" in two).toBe(false);
    expect(await two).toBe(two);
    expect(await (async () => two)()).toBe(two);
    expect(await Promise.resolve(two.with({}))).toBeInstanceOf(two.constructor);
    two.release();
  });

  it("its methods as methods have none either, nor anything else that is probed for", async () => {
    const { connection } = await meetInMemory<One>(new One());
    const two = await connection.root.callRemote("getTwo");
    const remote: any = two.remote;
    expect(await remote).toBe(remote);
    expect(remote.toJSON).toBeUndefined();
    expect(remote[Symbol.toPrimitive]).toBeUndefined();
    expect(remote[Symbol.iterator]).toBeUndefined();
    expect(JSON.stringify(remote)).toBe("{}");
    expect(Object.keys(remote)).toEqual([]);
    expect(remote.three).toBe(remote.three);
    expect(two.remote).toBe(remote);
    expect(() => {
      remote.three = 1;
    }).toThrow(TypeError);
    two.release();
  });

  it("an object that has one is refused when it is first sent, named or published", async () => {
    class Thenable extends Referenceable {
      [THEN]() {}
    }
    const { connection } = await meetInMemory<One>(new One());
    expect(await caught(connection.root.callRemote("echo", new Thenable()))).toMatchObject({ code: "BAD_DECLARATION" });
    const own = Object.defineProperty(new Two(), THEN, { value: () => {} });
    expect(await caught(connection.root.callRemote("echo", own))).toMatchObject({ code: "BAD_DECLARATION" });
    expect(() => connection.publish("x", new Thenable())).toThrow(/then/);
    expect(connection.inspect().exports).toEqual([]);
  });

  it("a class that has one cannot be registered to travel as itself", () => {
    class Thenable extends PBError {
      static override wireName = "trap.Thenable";
      [THEN]() {}
    }
    expect(() => new Registry().registerError(Thenable)).toThrow(expect.objectContaining({ code: "BAD_DECLARATION" }));
  });

  it("a received object may have a property of that name, as it is never a function", async () => {
    const { connection } = await meetInMemory<One>(new One());
    expect(await connection.root.callRemote("echo", { [THEN]: "and then?" })).toEqual({ [THEN]: "and then?" });
  });
});

describe("pitfall 2: async functions strip what a promise can do beyond promising", () => {
  it("calls go through the direct result only, and through what it promises everywhere", async () => {
    const { connection } = await meetInMemory<One>(new One());
    const direct = connection.root.callRemote("getTwo");
    const wrapped = (async () => connection.root.callRemote("getTwo"))();
    expect(typeof direct.callRemote).toBe("function");
    expect("callRemote" in wrapped).toBe(false);
    expect("callRemote" in direct.then((two) => two)).toBe(false);
    const two = await wrapped;
    expect(await two.callRemote("three", 1)).toBe(3);
    await direct;
    two.releaseAll();
  });

  it("a result is a real promise", async () => {
    const { connection } = await meetInMemory<One>(new One());
    const result = connection.root.callRemote("echo", 1);
    expect(result).toBeInstanceOf(Promise);
    expect(Promise.resolve(result)).toBe(result);
    expect(await Promise.all([result, Promise.race([result])])).toEqual([1, 1]);
    expect(Object.prototype.toString.call(result)).toBe("[object Promise]");
    let last = false;
    await result.finally(() => {
      last = true;
    });
    expect(last).toBe(true);
  });
});

describe("pitfall 3: a rejection that nobody handles ends the process", () => {
  it("an intermediate that failed is handled as soon as something was called through it", async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", listener);
    onTestFinished(() => void process.off("unhandledRejection", listener));
    const { connection } = await meetInMemory(new One());
    await caught(connection.root.callRemote("fail").callRemote("a").callRemote("b"));
    for (let turn = 0; turn < 5; turn++) await turnOver();
    expect(unhandled).toEqual([]);
  });
});

describe("pitfall 4: tables that hold too much, or too little", () => {
  it("what was received is held weakly, what was given out strongly", async () => {
    const root = new One();
    const met = await meetInMemory<One>(root);
    class Held extends Root {
      remote_new() {
        return new Two();
      }
    }
    const holder = await meetInMemory<Held>(new Held());
    let far: RemoteReference<Two> | undefined = await holder.connection.root.callRemote("new");
    expect(holder.accepted.inspect().exports).toHaveLength(1);
    expect(await far.callRemote("three", 1), "only the table holds the object there").toBe(3);
    far = undefined;
    await collectUntil(() => holder.accepted.inspect().exports.length === 0, "the release of a forgotten reference");
    expect(met.connection.inspect().imports).toEqual([]);
  });

  it("two references are equal by === on one connection, and never the same across two", async () => {
    const root = new One();
    const a = await meetInMemory<One>(root);
    const b = await meetInMemory<One>(root);
    using one = await a.connection.root.callRemote("getTwo");
    using again = await a.connection.root.callRemote("getTwo");
    using other = await b.connection.root.callRemote("getTwo");
    expect(again).toBe(one);
    expect(one.sameAs(other)).toBe(false);
  });
});

describe("pitfall 5: bytes that pin a large buffer, or that are a Buffer", () => {
  it.each([0, 1, 100, 4095, 4096, 100_000])(
    "%i bytes arrive as a plain Uint8Array in memory of their own size",
    async (size) => {
      const { connection } = await meetInMemory<One>(new One());
      const sent = Buffer.alloc(size, 7);
      const got = (await connection.root.callRemote("echo", sent)) as Uint8Array;
      expect(got.constructor).toBe(Uint8Array);
      expect(got).toHaveLength(size);
      expect(got.every((byte) => byte === 7)).toBe(true);
      expect(got.buffer.byteLength).toBeLessThanOrEqual(size < 4096 ? size : size * 2 + 1024);
    },
  );

  it("a small one of a large message does not keep the message", async () => {
    const { connection } = await meetInMemory<One>(new One());
    const [small] = (await connection.root.callRemote("echo", [
      Uint8Array.of(1, 2, 3),
      new Uint8Array(200_000),
    ])) as Uint8Array[];
    expect(small?.buffer.byteLength).toBe(3);
  });

  it("what arrived does not change when other messages do", async () => {
    const { connection } = await meetInMemory<One>(new One());
    const first = (await connection.root.callRemote("echo", new Uint8Array(50_000).fill(1))) as Uint8Array;
    for (let i = 0; i < 20; i++) await connection.root.callRemote("echo", new Uint8Array(50_000).fill(2));
    expect(first.every((byte) => byte === 1)).toBe(true);
  });
});

describe("pitfall 6: the corners of JavaScript's values", () => {
  /** Twisted's dialects have no words for these. */
  const twisted = { client: { dialects: [pb, none] } };
  const echo = async (value: unknown, options?: EndsOptions): Promise<any> => {
    const { connection } = await meetInMemory<One>(new One(), options);
    return await connection.root.callRemote("echo", value);
  };

  it("undefined is itself in pb7; in pb it is null in an array and in a map, and left out of an object", async () => {
    const array = [undefined, 1, undefined];
    const object = { a: undefined, b: 1 };
    const map = new Map<unknown, unknown>([[1, undefined]]);
    for (const value of [array, object, map]) expect(await echo(value)).toStrictEqual(value);
    expect(await echo(array, twisted)).toStrictEqual([null, 1, null]);
    expect(await echo(object, twisted)).toStrictEqual({ b: 1 });
    expect(await echo(map, twisted)).toEqual(new Map([[1, null]]));
  });

  it("-0, NaN and the infinities stay what they are", async () => {
    const back = await echo([-0, Number.NaN, Infinity, -Infinity, 5e-324]);
    expect(back).toEqual([-0, Number.NaN, Infinity, -Infinity, 5e-324]);
    expect(Object.is(back[0], -0)).toBe(true);
  });

  it("a lone surrogate arrives in pb7", async () => {
    expect(await echo("\udc00")).toBe("\udc00");
    expect(await echo({ "\ud800x": 1 })).toStrictEqual({ "\ud800x": 1 });
  });

  it("it is refused at the sender in pb, as a value, as a key and as a method's name", async () => {
    const { connection } = await meetInMemory(new One(), twisted);
    expect(await caught(connection.root.callRemote("echo", "\udc00"))).toMatchObject({ code: "UNSENDABLE" });
    expect(await caught(connection.root.callRemote("echo", { "\ud800x": 1 }))).toMatchObject({ code: "UNSENDABLE" });
    expect(await caught(connection.root.callRemote("\ud800"))).toMatchObject({ code: "UNSENDABLE" });
    expect(await connection.root.callRemote("echo", "\u{1f600}")).toBe("\u{1f600}");
  });

  it("__proto__ is a key like any other, and pollutes nothing", async () => {
    const back = await echo(JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2, "x": {"__proto__": null}}'));
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(Object.getOwnPropertyDescriptor(back, "__proto__")?.value).toEqual({ polluted: 1 });
    expect(back.polluted).toBeUndefined();
    expect(({} as any).polluted).toBeUndefined();
    expect(Object.keys(back)).toEqual(["__proto__", "constructor", "x"]);
  });

  it("__proto__ is a keyword like any other", async () => {
    class Named extends Root {
      remote_take(keywords: Keywords) {
        return [keywords.names, keywords.get("__proto__")];
      }
    }
    const { connection } = await meetInMemory(new Named());
    const keywords = kw(JSON.parse('{"__proto__": 1}'));
    expect(await connection.root.callRemote("take", keywords)).toEqual([["__proto__"], 1]);
  });

  it("the holes of a sparse array are holes in pb7, and null in pb", async () => {
    const sparse = [1];
    sparse[2] = 3;
    sparse.length = 5;
    expect(Object.keys(await echo(sparse))).toEqual(["0", "2"]);
    expect(await echo(sparse)).toHaveLength(5);
    expect(await echo(sparse, twisted)).toStrictEqual([1, null, 3, null, null]);
  });

  it("symbol keys, inherited and non-enumerable properties do not travel; getters are read once", async () => {
    let reads = 0;
    const value = Object.create(null, {
      shown: { value: 1, enumerable: true },
      hidden: { value: 2, enumerable: false },
      computed: { get: () => ++reads, enumerable: true },
      [Symbol("secret")]: { value: 3, enumerable: true },
    });
    expect(await echo(value)).toStrictEqual({ shown: 1, computed: 1 });
    expect(reads).toBe(1);
  });

  it("an object without a prototype is a plain one, and extra properties of an array are not sent", async () => {
    expect(await echo(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 });
    expect(await echo(Object.assign([1], { extra: 2 }))).toStrictEqual([1]);
  });

  it("an integer-like key is a text", async () => {
    expect(await echo({ 1: "one", b: "two" })).toStrictEqual({ 1: "one", b: "two" });
    expect(await echo(new Map<unknown, unknown>([[1, "one"]]))).toEqual(new Map([[1, "one"]]));
  });
});

describe("pitfall 7: names of methods that clash with members", () => {
  it("remote_then and remote_toJSON are reached by callRemote, and do not make a reference thenable", async () => {
    const { connection } = await meetInMemory<One>(new One());
    const two = await connection.root.callRemote("getTwo");
    expect(await two.callRemote("then", 1)).toBe(2);
    expect(await two.callRemote("toJSON")).toBe("called");
    expect((two.remote as any).then).toBeUndefined();
    two.release();
  });
});

describe("pitfall 8: handlers overlap while they await", () => {
  it("there is no lock: calls of one object run side by side", async () => {
    const root = new One();
    const { connection } = await meetInMemory<One>(root);
    await Promise.all([1, 2, 3].map(() => connection.root.callRemote("overlap")));
    expect(root.most).toBe(3);
  });
});

describe("pitfall 9: deadlines that depend on two clocks", () => {
  it("a timeout is the caller's alone in Twisted's dialects: nothing of it is in the message", async () => {
    const { peer, connection } = await rawServer({ log: () => {} });
    connection.root.callRemote("x", 1).catch(() => {});
    connection.root
      .with({ timeout: 5000 })
      .callRemote("x", 1)
      .catch(() => {});
    const message = (id: number) => ["message", id, "root", "x", 1, ["tuple", 1], ["dictionary"]];
    expect(await peer.hears()).toEqual(message(1));
    expect(await peer.hears()).toEqual(message(2));
    await connection.close();
  });

  it("and follows the monotonic clock, whatever becomes of the date", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    const { connection } = await meetInMemory<One>(new One());
    const answer = connection.root.with({ timeout: 60_000 }).callRemote("overlap");
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(await answer).toBeUndefined();
  });
});

describe("pitfall 10: abort listeners that cost more than the call", () => {
  it("there is none where no signal was given, and one where there is", async () => {
    const { connection } = await meetInMemory<One>(new One());
    const add = vi.spyOn(EventTarget.prototype, "addEventListener");
    onTestFinished(() => add.mockRestore());
    await connection.root.callRemote("echo", 1);
    await connection.root.with({ timeout: 5000 }).callRemote("echo", 1);
    expect(add).not.toHaveBeenCalled();
    await connection.root.with({ signal: new AbortController().signal }).callRemote("echo", 1);
    expect(add).toHaveBeenCalledTimes(1);
  });

  it("and no signal is made for a call that does not ask for one", async () => {
    const made = vi.spyOn(globalThis, "AbortController");
    onTestFinished(() => made.mockRestore());
    const { connection } = await meetInMemory<One>(new One());
    await connection.root.callRemote("echo", 1);
    expect(made).not.toHaveBeenCalled();
  });
});

describe("pitfall 11: brands that become fields", () => {
  it("the types' brands are types only", async () => {
    const { connection } = await meetInMemory<One>(new One());
    const two = await connection.root.callRemote("getTwo");
    for (const object of [new Two(), two, two.with({}), new Float(1), kw({}), new Keywords({}), tuple()]) {
      expect("~pb" in object).toBe(false);
      expect("~pbTarget" in object).toBe(false);
      expect(Object.keys(object).filter((key) => key.startsWith("~"))).toEqual([]);
    }
    two.release();
    await until(() => connection.inspect().imports.length === 0);
  });
});
