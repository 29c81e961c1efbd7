// Caches at their owner's (spec §6.5): what is sent for each transmission, the counts, and the end of observing in every path.
import { describe, expect, it } from "vitest";
import {
  Cacheable,
  Copyable,
  DeadReferenceError,
  kw,
  type Observer,
  Referenceable,
  Registry,
} from "../../src/index.ts";
import { turnOver } from "../support/ends.ts";
import {
  Counter,
  cachemessage,
  conversation,
  dictionary,
  failure,
  message,
  NONE,
  Stock,
  text,
} from "../support/flavors.ts";
import type { Term } from "../support/raw-peer.ts";

const FIRST: Term = ["shop.Stock", 1, dictionary({ price: 10 })];

/** What the owner's table of given caches has: ids and counts. */
function counts(connection: { inspect(): { cachesGiven: readonly { id: number; count: number }[] } }) {
  return connection.inspect().cachesGiven.map(({ id, count }) => [id, count]);
}

describe("§6.5 the life of a cache, message by message", () => {
  it("is that of the specification", async () => {
    const { connection, peer, sends, root } = await conversation();
    const stock = new Stock();
    expect(await sends(stock)).toEqual([FIRST]);
    expect(counts(connection)).toEqual([[1, 1]]);

    const told = stock.setPrice(11);
    expect(await peer.hears()).toEqual(cachemessage(2, 1, "price", [11]));
    peer.says(["answer", 2, 11]);
    expect(await told).toEqual([{ status: "fulfilled", value: 11 }]);

    expect(await sends(stock)).toEqual([["cached", 1]]);
    expect(counts(connection)).toEqual([[1, 2]]);

    const back = root.callRemote("get");
    await peer.hears();
    peer.says(["answer", 4, ["lcache", 1]]);
    expect(await back).toBe(stock);
    expect(counts(connection)).toEqual([[1, 2]]);

    peer.says(["decache", 1]);
    expect(await peer.hearsAll()).toEqual([]);
    expect(counts(connection)).toEqual([[1, 1]]);
    expect(stock.stopped).toEqual([]);

    peer.says(["decache", 1]);
    expect(await peer.hears()).toEqual(["uncache", 1]);
    expect(counts(connection)).toEqual([]);
    expect(stock.stopped).toEqual([{ perspective: null, observer: stock.began[0]?.observer }]);
    expect(stock.observers.size).toBe(0);
  });
});

describe("§6.5 the owner's side", () => {
  it("twice in one message: [reference n …] and [dereference n], count 1", async () => {
    const { sends, connection } = await conversation();
    const stock = new Stock();
    expect(await sends(stock, [stock])).toEqual([
      ["reference", 1, FIRST],
      ["list", ["dereference", 1]],
    ]);
    expect(counts(connection)).toEqual([[1, 1]]);
    expect(stock.began).toHaveLength(1);
  });

  it("twice in a later message: [cached L] twice, count +2", async () => {
    const { sends, connection } = await conversation();
    const stock = new Stock();
    await sends(stock);
    expect(await sends(stock, [stock])).toEqual([
      ["cached", 1],
      ["list", ["cached", 1]],
    ]);
    expect(counts(connection)).toEqual([[1, 3]]);
    expect(stock.began).toHaveLength(1);
  });

  it("in the arguments and in the keywords, which are two runs: the form, then [cached L]", async () => {
    const { root, peer, connection } = await conversation();
    const stock = new Stock();
    root.callRemoteOnly("take", stock, kw({ again: stock }));
    expect(await peer.hears()).toEqual([
      "message",
      1,
      "root",
      "take",
      0,
      ["tuple", FIRST],
      ["dictionary", [text("again"), ["cached", 1]]],
    ]);
    expect(counts(connection)).toEqual([[1, 2]]);
  });

  it("after count 0 the next transmission has a new luid and the full state", async () => {
    const { sends, peer, connection } = await conversation();
    const stock = new Stock();
    await sends(stock);
    peer.says(["decache", 1]);
    await peer.hears();
    stock.price = 20;
    expect(await sends(stock)).toEqual([["shop.Stock", 2, dictionary({ price: 20 })]]);
    expect(counts(connection)).toEqual([[2, 1]]);
    expect(stock.began[1]?.observer).not.toBe(stock.began[0]?.observer);
  });

  it("§5.2 luids of caches and exports come from one counter", async () => {
    const { sends } = await conversation();
    class Thing extends Referenceable {}
    expect(await sends(new Thing(), new Stock(), new Thing())).toEqual([
      ["remote", 1],
      ["shop.Stock", 2, dictionary({ price: 10 })],
      ["remote", 3],
    ]);
  });

  it("one whose state holds itself", async () => {
    class Ring extends Cacheable {
      static readonly wireName = "shop.Ring";
      override getStateToCacheAndObserveFor() {
        return { me: this };
      }
    }
    const { sends, connection } = await conversation();
    expect(await sends(new Ring())).toEqual([
      ["reference", 1, ["shop.Ring", 1, dictionary({ me: ["dereference", 1] })]],
    ]);
    expect(counts(connection)).toEqual([[1, 1]]);
  });

  it("two whose states hold each other", async () => {
    class Half extends Cacheable {
      static readonly wireName = "shop.Half";
      other: Half | undefined;
      override getStateToCacheAndObserveFor() {
        return { other: this.other };
      }
    }
    const [a, b] = [new Half(), new Half()];
    a.other = b;
    b.other = a;
    const { sends, connection } = await conversation();
    expect(await sends(a)).toEqual([
      [
        "reference",
        1,
        ["shop.Half", 1, dictionary({ other: ["shop.Half", 2, dictionary({ other: ["dereference", 1] })] })],
      ],
    ]);
    expect(counts(connection)).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });

  it("the tag is that of getTypeToCopyFor, also for a class that is registered", async () => {
    class Chosen extends Stock {
      static override readonly wireName = "shop.Registered";
      override getTypeToCopyFor() {
        return "shop.Chosen";
      }
    }
    const { sends } = await conversation({ registry: new Registry() });
    expect(await sends(new Chosen())).toEqual([["shop.Chosen", 1, dictionary({ price: 10 })]]);
  });

  it("one observer per cache and connection", async () => {
    const [one, two] = [await conversation(), await conversation()];
    const stock = new Stock();
    await one.sends(stock);
    await one.sends(stock);
    await two.sends(stock);
    expect(stock.began).toHaveLength(2);
    expect(stock.observers.size).toBe(2);
    await one.connection.close();
    expect(stock.stopped.map(({ observer }) => observer)).toEqual([stock.began[0]?.observer]);
    expect([...stock.observers]).toEqual([stock.began[1]?.observer]);
  });

  it("an observer is no value: it cannot be sent", async () => {
    const { sends, root } = await conversation();
    const stock = new Stock();
    await sends(stock);
    await expect(root.callRemote("take", stock.began[0]?.observer)).rejects.toMatchObject({ code: "UNSENDABLE" });
  });

  it("callRemote on an observer whose copy is gone rejects, and callRemoteOnly does nothing", async () => {
    const { sends, peer } = await conversation();
    const stock = new Stock();
    await sends(stock);
    const observer = stock.began[0]?.observer as Observer;
    peer.says(["decache", 1]);
    await peer.hears();
    await expect(observer.callRemote("price", 1)).rejects.toThrow(DeadReferenceError);
    observer.callRemoteOnly("price", 1);
    expect(await peer.hearsAll()).toEqual([]);
  });

  it("a message that waits for its answer when its copy goes is answered all the same", async () => {
    const { sends, peer } = await conversation();
    const stock = new Stock();
    await sends(stock);
    const told = stock.setPrice(5);
    await peer.hears();
    peer.says(["decache", 1], ["answer", 2, 5]);
    expect(await told).toEqual([{ status: "fulfilled", value: 5 }]);
  });
});

describe("§6.5 state and registration are one", () => {
  /** Tells its observer something before the state is out. */
  class Hasty extends Stock {
    told: Promise<unknown> | undefined;
    override getStateToCacheAndObserveFor(perspective: unknown, observer: Observer) {
      const state = super.getStateToCacheAndObserveFor(perspective, observer);
      observer.callRemoteOnly("price", 1);
      this.told = observer.callRemote("price", 2);
      this.told.catch(() => {});
      return state;
    }
  }

  it("what is told to the observer in the state method is sent after the state, in order", async () => {
    const { root, peer } = await conversation();
    const stock = new Hasty();
    root.callRemoteOnly("take", stock);
    root.callRemoteOnly("later");
    expect(await peer.hearsAll()).toEqual([
      ["message", 1, "root", "take", 0, ["tuple", FIRST], ["dictionary"]],
      cachemessage(2, 1, "price", [1], 0),
      cachemessage(3, 1, "price", [2]),
      ["message", 4, "root", "later", 0, ["tuple"], ["dictionary"]],
    ]);
    peer.says(["answer", 3, 2]);
    expect(await stock.told).toBe(2);
  });

  it("likewise in an answer", async () => {
    const { connection, peer } = await conversation();
    const counter = new Counter();
    counter.given = new Hasty();
    connection.publish("counter", counter);
    peer.says(message(7, "counter", "get"));
    expect(await peer.hearsAll()).toEqual([
      ["answer", 7, FIRST],
      cachemessage(1, 1, "price", [1], 0),
      cachemessage(2, 1, "price", [2]),
    ]);
  });

  it("if the message fails later, what was told rejects, and nothing is sent", async () => {
    const { root, peer, connection } = await conversation();
    const stock = new Hasty();
    await expect(root.callRemote("take", stock, () => {})).rejects.toMatchObject({ code: "UNSENDABLE" });
    await expect(stock.told).rejects.toThrow(DeadReferenceError);
    expect(await peer.hearsAll()).toEqual([]);
    expect(connection.inspect().awaited).toBe(0);
  });

  it("a message inside of a state method with another cache does not let what was told overtake the first one's state", async () => {
    const { root, peer } = await conversation();
    const other = new Stock();
    class Busy extends Stock {
      override getStateToCacheAndObserveFor(perspective: unknown, observer: Observer) {
        root.callRemoteOnly("busy", other);
        return super.getStateToCacheAndObserveFor(perspective, observer);
      }
    }
    root.callRemoteOnly("take", new Hasty(), new Busy());
    const heard = (await peer.hearsAll()) as Term[][];
    expect(heard.map(([command, , id, method]) => `${command} ${id} ${method}`)).toEqual([
      "message root busy",
      "message root take",
      "cachemessage 1 price",
      "cachemessage 1 price",
    ]);
  });

  it("a state method cannot send its own object in another message: it would be known before it is made", async () => {
    const { root, peer, connection } = await conversation();
    let inside: unknown;
    class Vain extends Stock {
      override getStateToCacheAndObserveFor(perspective: unknown, observer: Observer) {
        inside = root.callRemote("look", this).catch((error: unknown) => error);
        return super.getStateToCacheAndObserveFor(perspective, observer);
      }
    }
    root.callRemoteOnly("take", new Vain());
    expect(await inside).toMatchObject({ code: "UNSENDABLE" });
    expect(await peer.hearsAll()).toHaveLength(1);
    expect(counts(connection)).toEqual([[1, 1]]);
  });
});

describe("§6.5 stoppedObserving, exactly once", () => {
  it("when the last receipt is given back, with the perspective and the observer of the first transmission", async () => {
    const { sends, peer, connection } = await conversation();
    const stock = new Stock();
    await sends(stock);
    peer.says(["decache", 1], ["decache", 1], ["decache", 1]);
    expect(await peer.hearsAll()).toEqual([["uncache", 1]]);
    await connection.close();
    expect(stock.stopped).toEqual([{ perspective: null, observer: stock.began[0]?.observer }]);
  });

  it.each(["vanishes", "closes"] as const)("when the peer %s", async (how) => {
    const { sends, peer, connection } = await conversation();
    const stock = new Stock();
    await sends(stock);
    await sends(stock);
    peer[how]();
    await connection.closed;
    expect(stock.stopped).toHaveLength(1);
    expect(counts(connection)).toEqual([]);
  });

  it("when this side closes; the observer is dead already", async () => {
    const { sends, connection } = await conversation();
    const outcomes: unknown[] = [];
    class Sad extends Stock {
      override stoppedObserving(perspective: unknown, observer: Observer) {
        super.stoppedObserving(perspective, observer);
        observer.callRemoteOnly("price", 0);
        observer.callRemote("price", 0).catch((error: unknown) => outcomes.push(error));
      }
    }
    const stock = new Sad();
    await sends(stock);
    await connection.close();
    expect(stock.stopped).toHaveLength(1);
    expect(outcomes).toEqual([expect.any(DeadReferenceError)]);
  });

  it("§5.10 after the waiting calls have failed, and before the disconnect listeners", async () => {
    const { sends, connection, root } = await conversation();
    const order: string[] = [];
    class Late extends Stock {
      override stoppedObserving() {
        order.push("stoppedObserving");
      }
    }
    await sends(new Late());
    root.onDisconnect(() => order.push("onDisconnect"));
    await connection.close();
    expect(order).toEqual(["stoppedObserving", "onDisconnect"]);
  });

  it("when something later in the same message cannot be sent", async () => {
    const { root, peer, connection } = await conversation();
    const stock = new Stock();
    await expect(root.callRemote("take", stock, [stock, new Map([[1, () => {}]])])).rejects.toMatchObject({
      code: "UNSENDABLE",
    });
    expect(stock.stopped).toEqual([{ perspective: null, observer: stock.began[0]?.observer }]);
    expect(counts(connection)).toEqual([]);
    expect(await peer.hearsAll()).toEqual([]);
  });

  it("not for a cache that the peer had already: only its count goes back", async () => {
    const { root, sends, connection } = await conversation();
    const stock = new Stock();
    await sends(stock);
    await expect(root.callRemote("take", stock, stock, () => {})).rejects.toMatchObject({ code: "UNSENDABLE" });
    expect(stock.stopped).toEqual([]);
    expect(counts(connection)).toEqual([[1, 1]]);
  });

  it("when the state cannot be sent", async () => {
    class Odd extends Stock {
      override getStateToCopyFor() {
        return { price: () => 1 };
      }
    }
    const { root, connection } = await conversation();
    const stock = new Odd();
    await expect(root.callRemote("take", stock)).rejects.toMatchObject({ code: "UNSENDABLE", path: "[0].price" });
    expect(stock.stopped).toHaveLength(1);
    expect(counts(connection)).toEqual([]);
  });

  it("when the state method throws, before or after it has registered the observer", async () => {
    class Failing extends Stock {
      override getStateToCacheAndObserveFor(perspective: unknown, observer: Observer): object {
        super.getStateToCacheAndObserveFor(perspective, observer);
        throw new RangeError("no state today");
      }
    }
    const { root, connection } = await conversation();
    const [first, stock] = [new Stock(), new Failing()];
    await expect(root.callRemote("take", first, stock)).rejects.toThrow("no state today");
    expect([first.stopped.length, stock.stopped.length]).toEqual([1, 1]);
    expect([first.observers.size, stock.observers.size]).toEqual([0, 0]);
    expect(counts(connection)).toEqual([]);
  });

  it("in an answer that cannot be sent: the caller gets the error, the cache is not entered", async () => {
    const { connection, peer, logged } = await conversation();
    const counter = new Counter();
    const stock = new Stock();
    counter.given = [stock, () => {}];
    connection.publish("counter", counter);
    peer.says(message(1, "counter", "get"));
    expect(failure(await peer.hears()).type).toBe("builtins.TypeError");
    expect(stock.stopped).toHaveLength(1);
    expect(counts(connection)).toEqual([]);
    expect(logged).toHaveLength(1);
  });

  it("when the state method itself ends the connection: after it, so that no observer stays", async () => {
    const { root, connection } = await conversation();
    const order: string[] = [];
    class Final extends Stock {
      override getStateToCacheAndObserveFor(perspective: unknown, observer: Observer) {
        void connection.close();
        order.push("state");
        return super.getStateToCacheAndObserveFor(perspective, observer);
      }
      override stoppedObserving(perspective: unknown, observer: Observer) {
        order.push("stopped");
        super.stoppedObserving(perspective, observer);
      }
    }
    const [before, final, after] = [new Stock(), new Final(), new Stock()];
    await expect(root.callRemote("take", before, final, after)).rejects.toThrow();
    expect(order).toEqual(["state", "stopped"]);
    expect([before, final, after].map(({ observers }) => observers.size)).toEqual([0, 0, 0]);
    expect([before, final, after].map(({ began, stopped }) => stopped.length - began.length)).toEqual([0, 0, 0]);
    expect(counts(connection)).toEqual([]);
  });

  it("what it throws is logged and stops nothing", async () => {
    class Loud extends Stock {
      override stoppedObserving(): void {
        throw new Error("I was not done");
      }
    }
    const { sends, connection, logged } = await conversation();
    const stock = new Stock();
    await sends(new Loud(), stock);
    await connection.close();
    expect(stock.stopped).toHaveLength(1);
    expect(logged).toEqual([{ level: "error", message: "stoppedObserving failed", error: expect.any(Error) }]);
  });
});

describe("§6.5 races: counts make them safe", () => {
  it("[cached L] is on its way while the peer's decache is: the copy lives on", async () => {
    const { sends, root, peer, connection } = await conversation();
    const stock = new Stock();
    await sends(stock);
    const result = root.callRemote("take", stock);
    peer.says(["decache", 1]); // sent before it saw [cached 1]
    expect(await peer.hears()).toEqual(message(2, "root", "take", ["cached", 1]));
    peer.says(["answer", 2, NONE]);
    await result;
    expect(counts(connection)).toEqual([[1, 1]]);
    expect(stock.stopped).toEqual([]);
    peer.says(["decache", 1]);
    expect(await peer.hears()).toEqual(["uncache", 1]);
    expect(stock.stopped).toHaveLength(1);
  });

  it("§5.8 a decache that overtakes the answer which sends the cache home", async () => {
    const { root, peer, connection } = await conversation();
    const stock = new Stock();
    const result = root.callRemote("echo", stock);
    await peer.hears();
    peer.says(["decache", 1], ["answer", 1, ["lcache", 1]]); // as Twisted does
    expect(await result).toBe(stock);
    expect(await peer.hears()).toEqual(["uncache", 1]);
    expect(stock.stopped).toHaveLength(1);
    expect(counts(connection)).toEqual([]);
    // Afterwards the id is gone.
    const late = root.callRemote("echo");
    await peer.hears();
    peer.says(["answer", 2, ["lcache", 1]]);
    await expect(late).rejects.toMatchObject({ code: "MALFORMED_VALUE", message: "there is no cache 1 here" });
  });

  it("many transmissions, many receipts", async () => {
    const { root, peer, connection } = await conversation();
    const stock = new Stock();
    for (let i = 0; i < 100; i++) root.callRemoteOnly("take", stock);
    expect(counts(connection)).toEqual([[1, 100]]);
    for (let i = 0; i < 99; i++) peer.says(["decache", 1]);
    await turnOver();
    await peer.hearsAll();
    expect(counts(connection)).toEqual([[1, 1]]);
    peer.says(["decache", 1]);
    expect(await peer.hearsAll()).toEqual([["uncache", 1]]);
  });

  it("§5.6 1025 caches fit; one more is an error, and the fourth refusal closes", async () => {
    const { root, connection, peer } = await conversation();
    for (let i = 0; i < 1025; i++) root.callRemoteOnly("take", new Stock());
    expect(connection.inspect().cachesGiven).toHaveLength(1025);
    const refused = new Stock();
    for (let i = 0; i < 3; i++) {
      await expect(root.callRemote("take", refused)).rejects.toThrow(/^\[0\].*|Maximum PB cache count exceeded\.$/);
    }
    expect(refused.began).toEqual([]);
    await expect(root.callRemote("take", refused)).rejects.toThrow("Maximum PB cache count exceeded.  Goodbye.");
    await peer.hangsUp();
    expect((await connection.closed).code).toBe("LIMIT_EXCEEDED");
  });
});

describe("a cache inside of a copy", () => {
  it("is counted once for a copy that is shared, and stops with the message that fails", async () => {
    class Basket extends Copyable {
      static readonly wireName = "shop.Basket";
      stock = new Stock();
      more: unknown;
    }
    const { sends, root, connection } = await conversation();
    const basket = new Basket();
    expect(await sends(basket, basket)).toEqual([
      ["reference", 1, ["shop.Basket", dictionary({ stock: FIRST })]],
      ["dereference", 1],
    ]);
    expect(counts(connection)).toEqual([[1, 1]]);
    const failing = new Basket();
    failing.more = () => {};
    await expect(root.callRemote("take", failing)).rejects.toMatchObject({ path: "[0].more" });
    expect(failing.stock.stopped).toHaveLength(1);
  });
});
