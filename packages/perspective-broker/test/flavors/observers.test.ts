// Many holders of one Cacheable: each hears of each change, and one that is slow, broken or gone harms no other.
import { describe, expect, it, onTestFinished } from "vitest";
import { connect, type ListenOptions, type LogRecord, listen, Registry, RemoteCache, Root } from "../../src/index.ts";
import { ends, turnOver, until } from "../support/ends.ts";
import { Counter, cachemessage, message, RemoteStock, Stock, shop } from "../support/flavors.ts";
import { rawClient, type Term } from "../support/raw-peer.ts";

let exchanges = 0;

async function exchange(options: ListenOptions = {}, scheme = "memory") {
  const logged: LogRecord[] = [];
  const counter = new Counter();
  const stock = new Stock();
  counter.given = stock;
  const address = scheme === "tcp" ? "tcp://127.0.0.1:0" : `memory://exchange-${++exchanges}`;
  const server = await listen(counter, address, { log: (record) => void logged.push(record), ...options });
  onTestFinished(() => server.close());
  const customer = async (registry = shop()) => {
    const connection = await connect(server.address, { registry, log: () => {} });
    onTestFinished(async () => void (await connection.close()));
    return { connection, copy: (await connection.root.callRemote("get")) as RemoteStock };
  };
  return { server, stock, customer, logged };
}

describe.each(["memory", "tcp"])("§6.5 observers, over %s", (scheme) => {
  it("a change appears at every holder (test_cache)", async () => {
    const { stock, customer } = await exchange({}, scheme);
    const [one, two, three] = [await customer(), await customer(), await customer()];
    expect(await stock.setPrice(11)).toEqual(new Array(3).fill({ status: "fulfilled", value: 11 }));
    expect([one, two, three].map(({ copy }) => copy.price)).toEqual([11, 11, 11]);
    two.copy.release();
    await until(() => stock.observers.size === 2, "two observers");
    await stock.setPrice(12);
    expect([one, two, three].map(({ copy }) => copy.price)).toEqual([12, 11, 12]);
    await one.connection.close();
    await until(() => stock.observers.size === 1, "one observer");
    await stock.setPrice(13);
    expect([one, two, three].map(({ copy }) => copy.price)).toEqual([12, 11, 13]);
    expect(one.copy.heard).toEqual([11, 12]);
  });

  it("a cache fetched twice over one connection is one object, given back on both sides (test_newStyleCache)", async () => {
    const counter = new Counter();
    const stock = new Stock();
    counter.given = stock;
    const { connection, accepted } = await ends(counter, {
      ...(scheme === "tcp" && { address: "tcp://127.0.0.1:0" }),
      client: { registry: shop() },
    });
    const first = await connection.root.callRemote("get");
    expect(await connection.root.callRemote("get")).toBe(first);
    expect(first).toBeInstanceOf(RemoteStock);
    await connection.root.callRemote("take", first);
    expect(counter.taken).toEqual([stock]);
    expect(accepted.inspect().cachesGiven).toEqual([{ id: 1, class: "Stock", count: 2 }]);
    first.releaseAll();
    await until(() => stock.stopped.length === 1, "the end of observing");
  });

  it("messages to the copies and answers keep their order", async () => {
    class Busy extends Root {
      readonly stock = new Stock();
      remote_get() {
        return this.stock;
      }
      remote_bump() {
        void this.stock.setPrice(this.stock.price + 1);
        return this.stock.price;
      }
    }
    const { connection } = await ends(new Busy(), {
      ...(scheme === "tcp" && { address: "tcp://127.0.0.1:0" }),
      client: { registry: shop() },
    });
    const copy = (await connection.root.callRemote("get")) as RemoteStock;
    for (let price = 11; price < 20; price++) {
      expect(await connection.root.callRemote("bump")).toBe(price);
      expect(copy.price).toBe(price);
    }
    copy.release();
  });
});

describe("an observer that", () => {
  it("fails is the only one that does", async () => {
    class Broken extends RemoteCache {
      observe_price(): never {
        throw new RangeError("cannot");
      }
    }
    const broken = new Registry();
    broken.registerCopyable("shop.Stock", Broken);
    const { stock, customer } = await exchange();
    await customer(broken);
    const { copy } = await customer();
    const [first, second] = await stock.setPrice(5);
    expect(first).toMatchObject({ status: "rejected", reason: { type: "builtins.ValueError" } });
    expect(second).toEqual({ status: "fulfilled", value: 5 });
    expect(copy.price).toBe(5);
  });

  it("never answers keeps nobody else from hearing", async () => {
    const { server, stock, customer } = await exchange();
    const silent = await rawClient(server);
    silent.calls(1, "root", "get");
    await silent.hears();
    const { copy } = await customer();
    let settled = false;
    const told = stock.setPrice(6).finally(() => {
      settled = true;
    });
    await until(() => copy.price === 6, "the price");
    expect(await silent.hears()).toEqual(cachemessage(1, 1, "price", [6]));
    expect(settled).toBe(false);
    silent.vanishes();
    const [first, second] = await told;
    expect(first).toMatchObject({ status: "rejected", reason: { code: "CONNECTION_LOST" } });
    expect(second).toMatchObject({ status: "fulfilled" });
  });

  it("does not read is dropped at twice limits.outputBytes; the others go on", async () => {
    const { server, stock, customer } = await exchange({ limits: { outputBytes: 10_000 } });
    const slow = await rawClient(server);
    slow.calls(1, "root", "get");
    await slow.hears();
    slow.stopsReading();
    const { copy } = await customer();
    const slowEnd = [...server.connections][0];
    const reasons: string[] = [];
    slowEnd?.on("close", ({ code }) => reasons.push(code));
    for (let price = 0; reasons.length === 0 && price < 20_000; price++) {
      stock.observers.callRemoteOnly("price", price);
      if (price % 20 === 0) await turnOver();
      stock.price = price;
    }
    expect(reasons).toEqual(["LIMIT_EXCEEDED"]);
    expect(stock.stopped).toHaveLength(1);
    await stock.setPrice(-1);
    expect(copy.price).toBe(-1);
    expect(copy.heard.length).toBeGreaterThan(1);
  });

  it("goes in the middle of a round does not disturb the round", async () => {
    const { server, stock, customer } = await exchange();
    const { copy } = await customer();
    const leaving = await rawClient(server);
    leaving.calls(1, "root", "get");
    await leaving.hears();
    const last = await customer();
    const original = stock.stoppedObserving.bind(stock);
    let changes = 0;
    stock.stoppedObserving = (perspective, observer) => {
      original(perspective, observer);
      changes++;
      stock.observers.callRemoteOnly("price", 100);
    };
    leaving.vanishes();
    await stock.setPrice(7);
    await until(() => changes === 1, "the end of observing");
    await until(() => copy.price === 100 && last.copy.price === 100, "the news");
  });
});

describe("observers.callRemote", () => {
  it("never rejects, and is empty without observers", async () => {
    const stock = new Stock();
    expect(await stock.observers.callRemote("price", 1)).toEqual([]);
    stock.observers.callRemoteOnly("price", 1);
  });

  it("with what cannot be sent: each fails, nothing is thrown", async () => {
    const { stock, customer, logged } = await exchange();
    const { copy } = await customer();
    const results = await (stock.observers as { callRemote(...args: unknown[]): Promise<unknown[]> }).callRemote(
      "price",
      () => {},
    );
    expect(results).toMatchObject([{ status: "rejected", reason: { code: "UNSENDABLE" } }]);
    (stock.observers as { callRemoteOnly(...args: unknown[]): void }).callRemoteOnly("price", () => {});
    expect(logged).toMatchObject([{ level: "warn" }]);
    expect(copy.price).toBe(10);
  });

  it("the observers that it keeps are no part of the state", async () => {
    const counter = new Counter();
    const { ObservableCacheable } = await import("../../src/index.ts");
    class Plain extends ObservableCacheable {
      static readonly wireName = "shop.Plain";
      price = 3;
      name = "tea";
    }
    counter.given = new Plain();
    const server = await listen(counter, `memory://exchange-${++exchanges}`, { log: () => {} });
    onTestFinished(() => server.close());
    const peer = await rawClient(server);
    peer.says(message(1, "root", "get"));
    const [, , form] = (await peer.hears()) as Term[];
    expect(form).toEqual([
      "shop.Plain",
      1,
      [
        "dictionary",
        [["unicode", "price"], 3],
        [
          ["unicode", "name"],
          ["unicode", "tea"],
        ],
      ],
    ]);
  });
});
