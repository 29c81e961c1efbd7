// Messages to a copy that had to wait for their turn are sent before its owner says that the copy is forgotten.
import { expect, it } from "vitest";
import { ObservableCacheable, Registry, RemoteCache, Root } from "../../src/index.ts";
import { ends, until } from "../support/ends.ts";

class Stock extends ObservableCacheable<StockCopy> {
  static wireName = "shop.Stock";
}

class StockCopy extends RemoteCache {
  heard = 0;
  go: (() => void) | undefined;

  async observe_price(): Promise<void> {
    this.heard++;
    await new Promise<void>((resolve) => {
      this.go = resolve;
    });
  }
}

class Shop extends Root {
  readonly stock = new Stock();
  remote_stock(): Stock {
    return this.stock;
  }
}

it("a message to a copy that is given back meanwhile is no failure", async () => {
  const registry = new Registry();
  registry.registerCopyable(Stock, StockCopy);
  const shop = new Shop();
  const client = { registry, limits: { calls: 1 } };
  const { connection, accepted } = await ends<any>(shop, { client, server: { registry } });
  const copy: StockCopy = await connection.root.callRemote("stock");
  const [observer] = [...shop.stock.observers];
  const messages = [observer?.callRemote("price"), observer?.callRemote("price")];
  await until(() => copy.heard === 1);
  copy.release();
  await until(() => accepted.inspect().cachesGiven.length === 0);
  copy.go?.();
  await until(() => copy.heard === 2); // the object is still there
  copy.go?.();
  expect(await Promise.all(messages)).toEqual([undefined, undefined]);
});
