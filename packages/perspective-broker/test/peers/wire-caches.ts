// The cache of the interop interface, with its name on the wire. Both peers own one and hold the other's; pbtypes.py has the
// same.
import { ObservableCacheable, PBError, RemoteCache } from "perspective-broker";

/** A price that is followed. */
export class Stock extends ObservableCacheable<RemoteStock> {
  static readonly wireName = "pbpeer.Stock";
  readonly name: string;
  price: number;
  #stopped = 0;

  constructor(name: string, price: number) {
    super();
    this.name = name;
    this.price = price;
  }

  /** How often an observing has stopped. */
  get stopped(): number {
    return this.#stopped;
  }

  /** Tells every copy; resolves with what they answered. */
  setPrice(price: number): Promise<unknown[]> {
    this.price = price;
    return Promise.all([...this.observers].map((observer) => observer.callRemote("price", price)));
  }

  override stoppedObserving(...[perspective, observer]: Parameters<ObservableCacheable["stoppedObserving"]>): void {
    this.#stopped++;
    super.stoppedObserving(perspective, observer);
  }
}

/** A copy of it at the other side. */
export class RemoteStock extends RemoteCache {
  name = "";
  price = 0;
  /** The prices that came after the first one. */
  readonly seen: number[] = [];

  observe_price(price: number): number {
    this.seen.push(price);
    this.price = price;
    return price;
  }

  observe_fail(): never {
    throw new PBError("the cache refuses");
  }
}
