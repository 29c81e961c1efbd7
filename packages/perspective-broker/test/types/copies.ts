// Copyables and Cacheables: what they become at the other side, what is sent home, and what observers can say.

import { Cacheable, ObservableCacheable, Observers } from "../../src/flavors/cacheable.ts";
import { Copyable, RemoteCopy } from "../../src/flavors/copyable.ts";
import { Referenceable } from "../../src/flavors/referenceable.ts";
import type { Observer } from "../../src/references/observer.ts";
import { RemoteCache } from "../../src/references/remote-cache.ts";
import type { RemoteReference } from "../../src/references/remote-reference.ts";
import type { MethodName, Received, Sendable } from "../../src/types.ts";
import { Float } from "../../src/values/float.ts";
import { kw } from "../../src/values/keywords.ts";
import type { Accepts, All, Equal } from "./assert.ts";
import { Two } from "./shop.ts";

type Refuses<To, From> = Accepts<To, From> extends true ? false : true;

/** `value` has exactly the type T. */
declare function is<T>(): <V>(value: V, ...exactly: Equal<V, T> extends true ? [] : [never]) => void;

class Point extends Copyable {
  x = 0;
}
class Pond extends Copyable<RemotePond> {
  ducks = 0;
}
class RemotePond extends RemoteCopy {
  ducks = 0;
}
class DuckPond extends RemotePond {
  duckling = true;
}
class Sea extends Copyable<DuckPond> {}

class Stock extends ObservableCacheable<RemoteStock> {
  price = 0;
  two = new Two();
  setPrice(price: number): void {
    this.price = price;
    this.observers.callRemoteOnly("price", price);
  }
}
class RemoteStock extends RemoteCache {
  price = 0;
  observe_price(price: number): number {
    this.price = price;
    return price;
  }
  async observe_owner(two: RemoteReference<Two>, _note?: string): Promise<Two> {
    await two.callRemote("three", 1);
    return new Two();
  }
  observe_name(): void {}
  remote_other(): void {}
  helper(): void {}
}
class BigStock extends RemoteStock {
  observe_big(): void {}
}
class Untold extends Cacheable {
  override getStateToCacheAndObserveFor(_perspective: unknown, observer: Observer): object {
    observer.callRemoteOnly("anything", 1, "two");
    return {};
  }
}
class ByHand extends Cacheable<RemoteStock> {
  readonly #observers = new Observers<RemoteStock>();
  override getStateToCacheAndObserveFor(_perspective: Two | null, observer: Observer<RemoteStock>): { price: number } {
    this.#observers.add(observer);
    return { price: 1 };
  }
  override stoppedObserving(_perspective: Two | null, observer: Observer<RemoteStock>): void {
    this.#observers.delete(observer);
  }
}

export type Becoming = All<
  [
    Equal<Received<Point>, Point>,
    Equal<Received<Pond>, RemotePond>,
    Equal<Received<RemotePond>, RemotePond>,
    Equal<Received<Stock>, RemoteStock>,
    Equal<Received<ByHand>, RemoteStock>,
    Equal<Received<Untold>, RemoteCache>,
    Equal<Received<RemoteStock>, RemoteStock>,
    Equal<Received<Cacheable>, RemoteCache>,
    Equal<Received<Copyable>, Copyable>,
    Equal<Received<(Pond | null)[]>, (RemotePond | null)[]>,
    Equal<Received<{ stocks: Map<string, Stock> }>, { stocks: Map<string, RemoteStock> }>,
    Equal<Received<Observer<RemoteStock>>, never>,
  ]
>;

export type Sending = All<
  [
    Equal<Sendable<Point>, Point>,
    Equal<Sendable<Pond>, Pond>,
    // A pair: what becomes a RemotePond over there.
    Accepts<Sendable<RemotePond>, Pond>,
    Accepts<Sendable<RemotePond>, Sea>,
    Refuses<Sendable<DuckPond>, Pond>,
    Refuses<Sendable<RemotePond>, Point>,
    Refuses<Sendable<RemotePond>, RemotePond>,
    // A cache, by its owner and sent home.
    Accepts<Sendable<RemoteStock>, Stock>,
    Accepts<Sendable<RemoteStock>, ByHand>,
    Accepts<Sendable<RemoteStock>, RemoteStock>,
    Accepts<Sendable<RemoteStock>, BigStock>,
    Accepts<Sendable<Stock>, RemoteStock>,
    Accepts<Sendable<Stock>, BigStock>,
    Accepts<Sendable<Stock>, Stock>,
    Accepts<Sendable<Untold>, RemoteStock>,
    Accepts<Sendable<RemoteCache>, Stock | RemoteStock | Untold>,
    Refuses<Sendable<BigStock>, Stock>,
    Refuses<Sendable<RemoteStock>, RemotePond>,
    Refuses<Sendable<Stock>, RemoteCache>,
    Equal<Sendable<Observer>, never>,
  ]
>;

// What came from there may go back, and what was there may have come from here.
type RoundTrip<T> = Accepts<Sendable<Received<T>>, T> extends true ? Accepts<Sendable<T>, Received<T>> : false;
export type RoundTrips = All<[RoundTrip<Point>, RoundTrip<Stock>, RoundTrip<Stock[]>, RoundTrip<ByHand | null>]>;

export type Classes = All<
  [
    Accepts<Copyable, Point | Pond>,
    Accepts<Cacheable, Stock | Untold | ByHand>,
    Accepts<Cacheable<RemoteCache>, Stock>,
    Accepts<RemoteCache, RemoteStock>,
    Accepts<Observer, Observer<RemoteStock>>,
    Accepts<Observer<RemoteStock>, Observer>,
    Accepts<Observer<RemoteStock>, Observer<BigStock>>,
    Refuses<Observer<BigStock>, Observer<RemoteStock>>,
    Refuses<Cacheable<BigStock>, Stock>,
    Refuses<Cacheable, Point>,
    Equal<MethodName<RemoteStock>, "price" | "owner" | "name">,
    Equal<MethodName<RemoteCache>, never>,
  ]
>;

class Market extends Referenceable {
  remote_stock(_name: string): Stock {
    return new Stock();
  }
  remote_pond(): Pond {
    return new Pond();
  }
  remote_buy(_stock: Stock, _count: number): boolean {
    return true;
  }
  remote_move(point: Point): Point {
    return point;
  }
}
interface Holder {
  remote_take(stock: RemoteStock, pond: RemotePond): void;
}

export async function throughCalls(market: RemoteReference<Market>, holder: RemoteReference<Holder>) {
  const stock = await market.callRemote("stock", "ACME");
  is<RemoteStock>()(stock);
  is<RemotePond>()(await market.callRemote("pond"));
  is<boolean>()(await market.callRemote("buy", stock, 1));
  is<Point>()(await market.callRemote("move", new Point()));
  is<void>()(await holder.callRemote("take", new Stock(), new Pond()));
  is<boolean>()(await new Market().callRemote("buy", new Stock(), 1));
  // @ts-expect-error a copy that cannot be called
  market.callRemote("stock", "ACME").callRemote("price");
  // @ts-expect-error the copy of something else
  market.callRemote("buy", new RemotePond(), 1);
  // @ts-expect-error what came as a copy goes nowhere
  holder.callRemote("take", new Stock(), new RemotePond());
}

export async function observing(observer: Observer<RemoteStock>, untyped: Observer, any: Observer<any>) {
  is<Promise<number>>()(observer.callRemote("price", 11));
  is<Promise<number>>()(observer.callRemote("price", new Float(11)));
  is<RemoteReference<Two>>()(await observer.callRemote("owner", new Two()));
  is<RemoteReference<Two>>()(await observer.callRemote("owner", {} as RemoteReference<Two>, "note"));
  is<void>()(await observer.callRemote("name"));
  is<void>()(observer.callRemoteOnly("price", 11));
  is<number>()(await observer.callRemote("price", kw({ price: 11 })));
  is<any>()(await untyped.callRemote("anything", 1, "two"));
  is<void>()(any.callRemoteOnly("anything", 1));
  // @ts-expect-error misspelt
  observer.callRemote("prise", 11);
  // @ts-expect-error misspelt
  observer.callRemoteOnly("prise", 11);
  // @ts-expect-error a wrong argument
  observer.callRemote("price", "11");
  // @ts-expect-error a wrong argument
  observer.callRemoteOnly("price", "11");
  // @ts-expect-error a missing argument
  observer.callRemote("price");
  // @ts-expect-error an argument too many
  observer.callRemote("name", 1);
  // @ts-expect-error the prefix is not part of the name
  observer.callRemote("observe_price", 11);
  // @ts-expect-error another prefix
  observer.callRemote("other");
  // @ts-expect-error without the prefix it is not observed
  observer.callRemote("helper");
  // @ts-expect-error the answer is awaited first
  observer.callRemote("owner", new Two()).callRemote("three", 1);
}

export async function tellingAll(stock: Stock, untold: Observers) {
  is<PromiseSettledResult<number>[]>()(await stock.observers.callRemote("price", 11));
  is<PromiseSettledResult<RemoteReference<Two>>[]>()(await stock.observers.callRemote("owner", stock.two));
  is<void>()(stock.observers.callRemoteOnly("name"));
  is<PromiseSettledResult<any>[]>()(await untold.callRemote("anything", 1));
  for (const observer of stock.observers) is<Promise<number>>()(observer.callRemote("price", 1));
  // @ts-expect-error misspelt
  stock.observers.callRemote("prise", 11);
  // @ts-expect-error misspelt
  stock.observers.callRemoteOnly("prise", 11);
  // @ts-expect-error a wrong argument
  stock.observers.callRemote("price", "11");
  // @ts-expect-error a missing argument
  stock.observers.callRemoteOnly("price");
  // @ts-expect-error the observers of other copies
  stock.observers.add({} as Observer<Two>);
}

// A copy that lives in Python, described.
interface PythonStock {
  observe_price(price: number): void;
}
export class ForPython extends ObservableCacheable<PythonStock> {
  rise(): void {
    this.observers.callRemoteOnly("price", 12);
    // @ts-expect-error misspelt
    this.observers.callRemoteOnly("prise", 12);
  }
}
