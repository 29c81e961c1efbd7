// A stock whose price is the same wherever it is looked at: holders get a copy once, and then each change.
import { listen, ObservableCacheable, type Observer, Root } from "perspective-broker";
import type { RemoteStock } from "./client.ts";

/** Its copies are RemoteStocks: `this.observers` offers what those can be told, and checks it. */
class Stock extends ObservableCacheable<RemoteStock> {
  static wireName = "stocks.Stock";
  readonly name: string;
  price: number;

  constructor(name: string, price: number) {
    super();
    this.name = name;
    this.price = price;
  }

  setPrice(price: number) {
    this.price = price;
    this.observers.callRemote("price", price); // whoever is slow or gone holds nobody up
  }

  /** A holder has given its copy back, or its connection has ended. */
  override stoppedObserving(perspective: unknown, observer: Observer<RemoteStock>) {
    super.stoppedObserving(perspective, observer);
    console.log("a holder has gone, there are", this.observers.size);
  }
}

export class Exchange extends Root {
  #stock = new Stock("ACME", 10);

  remote_getStock() {
    return this.#stock;
  }

  remote_setPrice(price: number) {
    console.log(this.#stock.name, "is", price);
    this.#stock.setPrice(price);
  }
}

const server = await listen(new Exchange(), `tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
console.log("READY", server.address);
