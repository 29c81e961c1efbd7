// What the holder of a copy is told of its changes, and when there are no more of them.
import { describe, expect, it } from "vitest";
import { ObservableCacheable, Registry, RemoteCache, Root } from "../../src/index.ts";
import { ends, turnOver } from "../support/ends.ts";

class RemoteStock extends RemoteCache {
  price = 0;
  readonly fromTheConstructor: number[] = [];
  constructor() {
    super();
    this.onChange(() => this.fromTheConstructor.push(this.price));
  }
  observe_price(price: number) {
    this.price = price;
  }
}

class Stock extends ObservableCacheable<RemoteStock> {
  static wireName = "test.Stock";
  price = 10;
  change(price: number) {
    this.price = price;
    return this.observers.callRemote("price", price);
  }
}

class Exchange extends Root {
  readonly stock = new Stock();
  remote_getStock() {
    return this.stock;
  }
}

async function held() {
  const registry = new Registry();
  registry.registerCopyable("test.Stock", RemoteStock);
  const exchange = new Exchange();
  const both = await ends<Exchange>(exchange, { client: { registry } });
  return { ...both, stock: exchange.stock, copy: await both.connection.root.callRemote("getStock") };
}

/** All that is left of an iteration; it must end by itself. */
async function prices(changes: AsyncIterable<{ args: readonly unknown[] }>) {
  const all: unknown[] = [];
  for await (const { args } of changes) all.push(args[0]);
  return all;
}

describe("the changes of a cache", () => {
  it("are kept from the moment that they are asked for, and end when it is given back", async () => {
    const { stock, copy } = await held();
    const changes = copy[Symbol.asyncIterator]();
    await stock.change(11);
    await stock.change(12);
    copy.release();
    expect(await prices(changes)).toEqual([11, 12]);
    expect(await prices(copy)).toEqual([]);
  });

  it("end for who waits for them when the last receipt is given back, and not before", async () => {
    const { connection, stock, copy } = await held();
    await connection.root.callRemote("getStock");
    const all = prices(copy);
    copy.release();
    await stock.change(11);
    copy.release();
    expect(await all).toEqual([11]);
  });

  it("end with the connection", async () => {
    const { connection, stock, copy } = await held();
    const all = prices(copy);
    await stock.change(11);
    await connection.close();
    expect(await all).toEqual([11]);
    expect(copy.price).toBe(11);
    await turnOver();
    expect(stock.observers.size).toBe(0);
  });

  it("are told to a listener that its constructor added", async () => {
    const { stock, copy } = await held();
    await stock.change(11);
    expect(copy.fromTheConstructor).toEqual([11]);
    copy.release();
  });
});
