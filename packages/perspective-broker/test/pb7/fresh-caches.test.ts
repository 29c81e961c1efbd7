// A Cacheable that the other side has no copy of never waits at the gate: an answer that refers to it would come before it.
import { expect, it } from "vitest";
import { Cacheable, Referenceable, Registry, RemoteCache, type RemoteReference, Root } from "../../src/index.ts";
import { ends, until } from "../support/ends.ts";

class Stock extends Cacheable {
  static wireName = "shop.Stock";
  getStateToCacheAndObserveFor(): object {
    return { price: 5 };
  }
}

class StockCopy extends RemoteCache {
  price = 0;
}

class Customer extends Referenceable {
  go: (() => void) | undefined;
  readonly seen: string[] = [];
  remote_wait(): Promise<void> {
    return new Promise((resolve) => {
      this.go = resolve;
    });
  }
  remote_look(stock: StockCopy): number {
    this.seen.push("stock");
    return stock.price;
  }
  remote_note(text: string): void {
    this.seen.push(text);
  }
}

class Shop extends Root {
  readonly stock = new Stock();
  looked: Promise<unknown[]> | undefined;
  remote_visit(customer: RemoteReference<Customer>): void {
    const { stock } = this;
    this.looked = Promise.all([
      customer.callRemote("wait"),
      customer.callRemote("look", stock),
      customer.callRemote("note", "behind it"),
    ]).finally(() => customer.release());
  }
  remote_stock(): Stock {
    return this.stock;
  }
}

it("a call that carries one waits and is encoded later, in its place among the calls of its object", async () => {
  const registry = new Registry();
  registry.registerCopyable(Stock, StockCopy);
  const shop = new Shop();
  const client = { registry, limits: { calls: 1 } };
  const { connection } = await ends<any>(shop, { client, server: { registry }, untidy: true });
  const customer = new Customer();
  await connection.root.callRemote("visit", customer);
  await until(() => customer.go !== undefined);
  const copy: StockCopy = await connection.root.callRemote("stock");
  expect(copy.price).toBe(5);
  customer.go?.();
  expect(await shop.looked).toEqual([undefined, 5, undefined]);
  expect(customer.seen).toEqual(["stock", "behind it"]);
});
