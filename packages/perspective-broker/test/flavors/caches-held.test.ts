// Caches at their holder's (spec §6.5): one copy for each original, its receipts, and messages that cross on the way.
import { describe, expect, it, vi } from "vitest";
import { type CacheChange, LimitExceeded, Registry, RemoteCache, RemoteCopy } from "../../src/index.ts";
import { collectNow, collectUntil } from "../support/collect.ts";
import { turnOver } from "../support/ends.ts";
import {
  Counter,
  cachemessage,
  conversation as converse,
  dictionary,
  failure,
  message,
  NONE,
  RemoteStock,
  shop,
} from "../support/flavors.ts";
import type { Term } from "../support/raw-peer.ts";

const STOCK: Term = ["shop.Stock", 7, dictionary({ price: 10 })];

const conversation = (options = {}) => converse({ registry: shop(), ...options });

async function held() {
  const talk = await conversation();
  const copy = (await talk.receives(STOCK)) as RemoteStock;
  const receipts = () => talk.connection.inspect().cachesHeld;
  return { ...talk, copy, receipts };
}

describe("§6.5 the holder's side", () => {
  it("makes the copy by its constructor, without arguments, and gives it the state", async () => {
    const order: unknown[] = [];
    class Watched extends RemoteCache {
      constructor(...args: unknown[]) {
        super();
        order.push(["constructor", args.length]);
      }
      override setCopyableState(state: object) {
        order.push(["state", state]);
      }
    }
    const registry = new Registry();
    registry.registerCopyable("shop.Watched", Watched);
    const { receives, connection } = await converse({ registry });
    expect(await receives(["shop.Watched", 3, dictionary({ a: 1 })])).toBeInstanceOf(Watched);
    expect(order).toEqual([
      ["constructor", 0],
      ["state", { a: 1 }],
    ]);
    expect(connection.inspect().cachesHeld).toEqual([{ id: 3, receipts: 1 }]);
  });

  it("or by its state alone, as copies can be", async () => {
    const registry = new Registry();
    registry.registerCopyable("shop.Stock", RemoteStock, { constructed: false });
    const { receives, peer } = await converse({ registry });
    const copy = (await receives(["shop.Stock", 3, dictionary({ a: 1 })])) as RemoteStock;
    expect({ ...copy }).toEqual({ a: 1 });
    copy.release();
    expect(await peer.hears()).toEqual(["decache", 3]);
  });

  it("[cached L] is the same object, with one receipt more", async () => {
    const { copy, receives, receipts } = await held();
    expect(await receives(["cached", 7])).toBe(copy);
    expect(await receives(["list", ["cached", 7], ["cached", 7]])).toEqual([copy, copy]);
    expect(receipts()).toEqual([{ id: 7, receipts: 4 }]);
  });

  it("twice in one message, by [reference n …] and [dereference n], is one receipt", async () => {
    const { receives, connection } = await conversation();
    const [one, two] = (await receives(["list", ["reference", 1, STOCK], ["dereference", 1]])) as unknown[];
    expect(one).toBe(two);
    expect(connection.inspect().cachesHeld).toEqual([{ id: 7, receipts: 1 }]);
  });

  it("observe_ methods run on it, and are answered", async () => {
    const { copy, peer } = await held();
    peer.says(cachemessage(5, 7, "price", [11]));
    expect(await peer.hears()).toEqual(["answer", 5, 11]);
    expect(copy.price).toBe(11);
    peer.says(cachemessage(6, 7, "price", [12], 0));
    expect(await peer.hearsAll()).toEqual([]);
    expect(copy.price).toBe(12);
  });

  it("§4.7 keyword arguments, with names as texts or as Python 2's byte strings", async () => {
    const given: unknown[] = [];
    class Named extends RemoteCache {
      observe_set(...args: unknown[]) {
        given.push(...args.map((arg) => Object.fromEntries(arg as Iterable<[string, unknown]>)));
      }
    }
    const registry = new Registry();
    registry.registerCopyable("shop.Named", Named);
    const { receives, peer } = await converse({ registry });
    const copy = await receives(["shop.Named", 1, dictionary({})]);
    peer.says(["cachemessage", 1, 1, "set", 1, ["tuple"], dictionary({ price: 1 })]);
    peer.says(["cachemessage", 2, 1, "set", 1, ["tuple"], ["dictionary", ["price", 2]]]);
    expect(await peer.hearsAll()).toEqual([
      ["answer", 1, NONE],
      ["answer", 2, NONE],
    ]);
    expect(given).toEqual([{ price: 1 }, { price: 2 }]);
    expect(copy).toBeDefined();
  });

  it("§5.7 a missing method is an AttributeError, and one that throws is logged here", async () => {
    const { copy, peer, logged } = await held();
    peer.says(
      cachemessage(1, 7, "colour", []),
      cachemessage(2, 7, "crash", []),
      cachemessage(3, 7, "setCopyableState", []),
    );
    const heard = (await peer.hearsAll()).map(failure);
    expect(heard).toEqual([
      {
        request: 1,
        type: "builtins.AttributeError",
        text: "'RemoteStock' object has no attribute 'observe_colour'",
      },
      { request: 2, type: "builtins.ValueError", text: "crashed" },
      expect.objectContaining({ request: 3, type: "builtins.AttributeError" }),
    ]);
    expect(logged.filter(({ level }) => level === "error")).toHaveLength(1);
    expect(copy.price).toBe(10);
  });

  it("an observe_ method may be asynchronous", async () => {
    class Slow extends RemoteCache {
      async observe_think() {
        await turnOver();
        return "thought";
      }
    }
    const registry = new Registry();
    registry.registerCopyable("shop.Slow", Slow);
    const { receives, peer } = await converse({ registry });
    const copy = await receives(["shop.Slow", 1, dictionary({})]);
    peer.says(cachemessage(1, 1, "think", []));
    expect(await peer.hears()).toEqual(["answer", 1, ["unicode", "thought"]]);
    expect(copy).toBeInstanceOf(Slow);
  });

  it("goes home as [lcache L], which changes no count", async () => {
    const { copy, sends, receipts } = await held();
    expect(await sends(copy, [copy])).toEqual([
      ["lcache", 7],
      ["list", ["lcache", 7]],
    ]);
    expect(receipts()).toEqual([{ id: 7, receipts: 1 }]);
  });

  it("cannot be sent over another connection, nor once it is given back", async () => {
    const { copy, root } = await held();
    const other = await conversation();
    await expect(other.root.callRemote("take", copy)).rejects.toMatchObject({ code: "UNSENDABLE" });
    copy.release();
    await expect(root.callRemote("take", copy)).rejects.toMatchObject({ code: "UNSENDABLE" });
  });

  it("Python 2's byte string keys are names as any, and no state reaches the prototype", async () => {
    const { receives } = await conversation();
    const copy = await receives(["shop.Stock", 1, ["dictionary", ["price", 3], ["__proto__", ["dictionary"]]]]);
    expect(copy).toBeInstanceOf(RemoteStock);
    expect(copy).toMatchObject({ price: 3 });
  });

  it("§3.4 its state may be None", async () => {
    const { receives } = await conversation();
    expect(await receives(["shop.Stock", 1, NONE])).toMatchObject({ price: 0 });
  });

  it("§3.5 a state that holds the cache itself", async () => {
    const { receives } = await conversation();
    const copy = (await receives([
      "reference",
      1,
      ["shop.Stock", 1, dictionary({ me: ["dereference", 1] })],
    ])) as object;
    expect(copy).toHaveProperty("me", copy);
  });

  it("§3.5 two caches whose states hold each other", async () => {
    const { receives } = await conversation();
    const inner: Term = ["shop.Stock", 2, dictionary({ other: ["dereference", 1] })];
    const copy = (await receives(["reference", 1, ["shop.Stock", 1, dictionary({ other: inner })]])) as {
      other: { other: unknown };
    };
    expect(copy.other.other).toBe(copy);
  });

  it("keeps its last state when the connection has ended", async () => {
    const { copy, connection, receipts } = await held();
    await connection.close();
    expect(copy.price).toBe(10);
    expect(receipts()).toEqual([]);
    copy.release();
    copy[Symbol.dispose]();
  });
});

describe("§6.5 each receipt is given back once", () => {
  it("by release, one at a time, and by releaseAll", async () => {
    const { copy, receives, peer, receipts } = await held();
    await receives(["cached", 7]);
    await receives(["cached", 7]);
    copy.release();
    expect(await peer.hearsAll()).toEqual([["decache", 7]]);
    expect(receipts()).toEqual([{ id: 7, receipts: 2 }]);
    copy.releaseAll();
    expect(await peer.hearsAll()).toEqual([
      ["decache", 7],
      ["decache", 7],
    ]);
    copy.release();
    copy.releaseAll();
    expect(await peer.hearsAll()).toEqual([]);
  });

  it("by using", async () => {
    const { receives, peer } = await conversation();
    {
      using copy = (await receives(STOCK)) as RemoteStock;
      expect(copy.price).toBe(10);
    }
    expect(await peer.hearsAll()).toEqual([["decache", 7]]);
  });

  it("when it is forgotten: all of them at once", async () => {
    const { receives, peer, connection } = await conversation();
    await (async () => {
      await receives(["list", STOCK, ["cached", 7]]);
    })();
    await receives(1);
    await collectUntil(() => peer.heard.length === 2, "the decaches");
    expect(peer.heard.splice(0)).toEqual([
      ["decache", 7],
      ["decache", 7],
    ]);
    peer.says(["uncache", 7]);
    await peer.hearsAll();
    expect(connection.inspect().cachesHeld).toEqual([]);
  });

  it("when it is forgotten after it was given back and came again", async () => {
    const { receives, peer } = await conversation();
    await (async () => {
      ((await receives(STOCK)) as RemoteStock).release();
      await receives(["cached", 7]);
    })();
    await receives(1);
    expect(await peer.hearsAll()).toEqual([["decache", 7]]);
    await collectUntil(() => peer.heard.length === 1, "the decache");
    expect(peer.heard.splice(0)).toEqual([["decache", 7]]);
  });

  it("and not while somebody holds it", async () => {
    const { copy, peer } = await held();
    for (let i = 0; i < 5; i++) {
      await turnOver();
      collectNow();
    }
    expect(await peer.hearsAll()).toEqual([]);
    expect(copy.price).toBe(10);
  });

  it("a message to a copy that was collected does nothing, and is answered", async () => {
    const { receives, peer } = await conversation();
    const copy = new WeakRef((await receives(STOCK)) as object);
    await receives(1);
    await collectUntil(() => copy.deref() === undefined, "collection");
    peer.says(cachemessage(9, 7, "price", [1]));
    await turnOver();
    expect((await peer.hearsAll()).filter((term) => (term as Term[])[0] === "answer")).toEqual([["answer", 9, NONE]]);
  });

  it("a copy that comes again just after it was collected fails that call; no receipt is given back twice", async () => {
    const { receives, peer } = await conversation();
    const copy = new WeakRef((await receives(STOCK)) as object);
    await receives(1);
    await collectUntil(() => copy.deref() === undefined, "collection");
    await collectUntil(() => peer.heard.length > 0, "the decache");
    expect(peer.heard.splice(0)).toEqual([["decache", 7]]);
    await expect(receives(["cached", 7])).rejects.toMatchObject({ code: "MALFORMED_VALUE" });
    expect(await peer.hearsAll()).toEqual([["decache", 7]]);
  });

  it("of a call that was abandoned: what its answer brings is given back", async () => {
    const { root, peer, connection } = await conversation();
    const copy = (await (async () => {
      const first = root.callRemote("get");
      await peer.hears();
      peer.says(["answer", 1, STOCK]);
      return first;
    })()) as RemoteStock;
    const abandoned = root.with({ signal: AbortSignal.abort() }).callRemote("get");
    await expect(abandoned).rejects.toMatchObject({ code: "CALL_ABORTED" });
    const controller = new AbortController();
    const late = root.with({ signal: controller.signal }).callRemote("get");
    const [, id] = (await peer.hears()) as [string, number];
    controller.abort();
    await expect(late).rejects.toMatchObject({ code: "CALL_ABORTED" });
    peer.says(["answer", id, ["list", ["cached", 7], ["shop.Stock", 8, dictionary({})]]]);
    expect(await peer.hearsAll()).toEqual([
      ["decache", 7],
      ["decache", 8],
    ]);
    expect(connection.inspect().cachesHeld).toEqual([
      { id: 7, receipts: 1 },
      { id: 8, receipts: 0 },
    ]);
    expect(copy.price).toBe(10);
  });

  it("of a call to an object that is not there", async () => {
    const { peer } = await conversation();
    peer.says(message(1, "nobody", "take", STOCK));
    const heard = await peer.hearsAll();
    expect(heard[0]).toEqual(["decache", 7]);
    expect(failure(heard[1] as Term).text).toBe("Invalid Object ID");
  });
});

describe("§6.5 messages that cross", () => {
  it("between the last decache and the uncache: messages run, and [cached L] brings the same object back to life", async () => {
    const { copy, peer, receives, receipts } = await held();
    copy.release();
    expect(await peer.hears()).toEqual(["decache", 7]);
    peer.says(cachemessage(1, 7, "price", [11]));
    expect(await peer.hears()).toEqual(["answer", 1, 11]);
    expect(await receives(["cached", 7])).toBe(copy);
    expect(copy.price).toBe(11);
    expect(receipts()).toEqual([{ id: 7, receipts: 1 }]);
    copy.release();
    expect(await peer.hears()).toEqual(["decache", 7]);
    peer.says(["uncache", 7]);
    expect(await peer.hearsAll()).toEqual([]);
    expect(receipts()).toEqual([]);
  });

  it("after the uncache dead handles send nothing, and a message is answered with a KeyError", async () => {
    const { copy, peer, logged } = await held();
    copy.release();
    peer.says(["uncache", 7], cachemessage(3, 7, "price", [1]));
    const heard = await peer.hearsAll();
    expect(heard[0]).toEqual(["decache", 7]);
    expect(failure(heard[1] as Term)).toEqual({ request: 3, type: "builtins.KeyError", text: "7" });
    expect(JSON.stringify(heard[1])).toContain("builtins.LookupError");
    copy.release();
    copy.releaseAll();
    expect(await peer.hearsAll()).toEqual([]);
    expect(logged.map(({ level }) => level)).toEqual(["debug"]);
  });

  it("an uncache of a copy that is still held ends it: nothing is given back any more", async () => {
    const { copy, peer, receipts, root } = await held();
    peer.says(["uncache", 7]);
    expect(await peer.hearsAll()).toEqual([]);
    expect(receipts()).toEqual([]);
    copy.release();
    expect(await peer.hearsAll()).toEqual([]);
    await expect(root.callRemote("take", copy)).rejects.toMatchObject({ code: "UNSENDABLE" });
  });

  it("the same original under a new luid is a new copy", async () => {
    const { copy, peer, receives } = await held();
    copy.release();
    await peer.hears();
    peer.says(["uncache", 7]);
    const again = await receives(["shop.Stock", 9, dictionary({ price: 20 })]);
    expect(again).not.toBe(copy);
    expect(again).toMatchObject({ price: 20 });
    expect(copy.price).toBe(10);
  });
});

describe("a message with caches that cannot be decoded", () => {
  const BAD: Term = ["geo.Nobody", dictionary({})];

  it("gives back those that were made, those that were known, and those that were not reached", async () => {
    const { copy, peer, receipts, receives } = await held();
    const failing = receives([
      "list",
      ["shop.Stock", 8, dictionary({})],
      ["cached", 7],
      BAD,
      ["cached", 7],
      ["shop.Stock", 9, NONE],
    ]);
    await expect(failing).rejects.toMatchObject({ code: "INSECURE_JELLY" });
    expect((await peer.hearsAll()).sort()).toEqual([
      ["decache", 7],
      ["decache", 7],
      ["decache", 8],
      ["decache", 9],
    ]);
    expect(receipts()).toEqual([
      { id: 7, receipts: 1 },
      { id: 8, receipts: 0 },
    ]);
    copy.release();
    expect(await peer.hearsAll()).toEqual([["decache", 7]]);
  });

  it("a known one that was not reached stays what it was for who holds it", async () => {
    const { copy, peer, receipts, receives, sends } = await held();
    await expect(receives(["list", BAD, ["cached", 7]])).rejects.toThrow();
    expect(await peer.hearsAll()).toEqual([["decache", 7]]);
    expect(receipts()).toEqual([{ id: 7, receipts: 1 }]);
    expect(await sends(copy)).toEqual([["lcache", 7]]);
  });

  it("one whose state is bad, or is refused by its class, is given back", async () => {
    class Picky extends RemoteCache {
      override setCopyableState(): void {
        throw new RangeError("not this one");
      }
    }
    const registry = shop();
    registry.registerCopyable("shop.Picky", Picky);
    const { receives, peer } = await conversation({ registry });
    await expect(receives(["shop.Stock", 1, ["nonsense"]])).rejects.toThrow();
    await expect(receives(["shop.Picky", 2, dictionary({})])).rejects.toThrow("not this one");
    expect(await peer.hearsAll()).toEqual([
      ["decache", 1],
      ["decache", 2],
    ]);
    peer.says(["uncache", 1], ["uncache", 2]);
    expect(await peer.hearsAll()).toEqual([]);
  });

  it("one whose constructor throws, or whose class is declared wrongly, leaves nothing", async () => {
    class Broken extends RemoteCache {
      constructor() {
        super();
        throw new RangeError("not today");
      }
    }
    class Wrong extends RemoteCache {
      observe_price = () => 1;
    }
    const registry = new Registry();
    registry.registerCopyable("shop.Broken", Broken);
    registry.registerCopyable("shop.Wrong", Wrong);
    const { receives, peer, connection } = await converse({ registry });
    await expect(receives(["shop.Broken", 1, dictionary({})])).rejects.toThrow("not today");
    await expect(receives(["shop.Wrong", 2, dictionary({})])).rejects.toMatchObject({ code: "BAD_DECLARATION" });
    expect(await peer.hearsAll()).toEqual([
      ["decache", 1],
      ["decache", 2],
    ]);
    expect(connection.inspect().cachesHeld).toEqual([]);
    peer.says(["uncache", 1], ["uncache", 2]);
    expect(await peer.hearsAll()).toEqual([]);
    expect(peer.ended).toBe(false);
  });

  it("a dictionary's pair that only looks like a cache is none", async () => {
    const { receives, peer } = await conversation();
    await expect(receives(["list", BAD, ["dictionary", ["cached", 7]]])).rejects.toThrow();
    expect(await peer.hearsAll()).toEqual([]);
  });

  it("a cache for a tag of copies, or a copy for a tag of caches, is refused as the class is, and given back", async () => {
    class Plain extends RemoteCopy {}
    const registry = shop();
    registry.registerCopyable("shop.Plain", Plain);
    const { receives, peer } = await conversation({ registry });
    await expect(receives(["shop.Plain", 4, dictionary({})])).rejects.toMatchObject({ code: "MALFORMED_VALUE" });
    expect(await peer.hearsAll()).toEqual([["decache", 4]]);
  });
});

describe("limits.imports bounds the caches that are held", () => {
  it("one more fails its message, and is given back", async () => {
    const { receives, peer, connection } = await conversation({ limits: { imports: 2 } });
    const copies = [await receives(["shop.Stock", 1, NONE]), await receives(["shop.Stock", 2, NONE])];
    await expect(receives(["shop.Stock", 3, NONE])).rejects.toThrow(LimitExceeded);
    expect(await peer.hearsAll()).toEqual([["decache", 3]]);
    expect(connection.inspect().cachesHeld).toHaveLength(copies.length);
  });
});

describe("what the holder hears", () => {
  it("onChange: each message that was carried out, after it was, with what it brought", async () => {
    const { copy, peer } = await held();
    const changes: unknown[] = [];
    const listening = copy.onChange(({ message, args }) => changes.push([message, ...args, copy.price]));
    peer.says(cachemessage(1, 7, "price", [11]), cachemessage(2, 7, "crash", []), cachemessage(3, 7, "nothing", []));
    await peer.hearsAll();
    expect(changes).toEqual([["price", 11, 11]]);
    listening[Symbol.dispose]();
    peer.says(cachemessage(4, 7, "price", [12]));
    await peer.hearsAll();
    expect(changes).toHaveLength(1);
  });

  it("a listener that throws is logged and disturbs nobody", async () => {
    const { copy, peer, logged } = await held();
    const second = vi.fn<(change: CacheChange) => void>();
    copy.onChange(() => {
      throw new Error("I do not care");
    });
    copy.onChange(second);
    peer.says(cachemessage(1, 7, "price", [11]));
    expect(await peer.hears()).toEqual(["answer", 1, 11]);
    expect(second).toHaveBeenCalledTimes(1);
    expect(logged).toEqual([{ level: "error", message: "a listener of a cache failed", error: expect.any(Error) }]);
  });

  it("the same function twice is two listeners", async () => {
    const { copy, peer } = await held();
    const listener = vi.fn();
    const first = copy.onChange(listener);
    copy.onChange(listener);
    first[Symbol.dispose]();
    peer.says(cachemessage(1, 7, "price", [11]));
    await peer.hears();
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it("a listener that gives the cache back in the middle of a message", async () => {
    const { copy, peer } = await held();
    copy.onChange(() => copy.release());
    peer.says(cachemessage(1, 7, "price", [11]));
    expect(await peer.hearsAll()).toEqual([
      ["decache", 7],
      ["answer", 1, 11],
    ]);
  });

  it("a copy that the application made itself follows nothing, and says so quietly", async () => {
    const mine = new RemoteStock();
    mine.release();
    mine.releaseAll();
    mine.onChange(() => {})[Symbol.dispose]();
    const { root } = await conversation();
    await expect(root.callRemote("take", mine)).rejects.toMatchObject({ code: "UNSENDABLE" });
  });
});

describe("a cache as an argument of a method", () => {
  it("is the same object in each, and stays when the method has ended", async () => {
    const { connection, peer } = await conversation();
    const counter = new Counter();
    connection.publish("counter", counter);
    peer.says(message(1, "counter", "take", STOCK), message(2, "counter", "take", ["cached", 7]));
    await peer.hearsAll();
    expect(counter.taken[0]).toBe(counter.taken[1]);
    expect(connection.inspect().cachesHeld).toEqual([{ id: 7, receipts: 2 }]);
  });

  it("can be returned: it goes home", async () => {
    const { connection, peer } = await conversation();
    connection.publish("counter", new Counter());
    peer.says(message(1, "counter", "echo", STOCK));
    expect(await peer.hears()).toEqual(["answer", 1, ["lcache", 7]]);
  });
});
