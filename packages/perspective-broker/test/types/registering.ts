// registerCopyable: what a sender's state methods return is what the receiver takes.

import { Cacheable, ObservableCacheable } from "../../src/flavors/cacheable.ts";
import { Copyable, RemoteCopy } from "../../src/flavors/copyable.ts";
import type { Observer } from "../../src/references/observer.ts";
import { RemoteCache } from "../../src/references/remote-cache.ts";
import type { RemoteReference } from "../../src/references/remote-reference.ts";
import { type CopyCodec, type Registry, registerCopyable } from "../../src/wire/jelly/registry.ts";
import type { Equal } from "./assert.ts";
import { Two } from "./shop.ts";

declare const registry: Registry;

/** `value` has exactly the type T. */
declare function is<T>(): <V>(value: V, ...exactly: Equal<V, T> extends true ? [] : [never]) => void;

class Pond extends Copyable {
  static readonly wireName: string = "farm.Pond";
  override getStateToCopy(): { ducks: number; owner: Two } {
    return { ducks: 1, owner: new Two() };
  }
}
class RemotePond extends RemoteCopy {
  override setCopyableState(_state: { ducks: number; owner: RemoteReference<Two> }): void {}
}
class Counting extends RemoteCopy {
  ducks = 0;
  override setCopyableState(_state: { ducks: number }): void {}
}
class Stock extends RemoteCopy {}
class WantsOwn extends RemoteCopy {
  override setCopyableState(_state: { owner: Two }): void {}
}
class WantsMore extends RemoteCopy {
  override setCopyableState(_state: { ducks: number; geese: number }): void {}
}
class WantsText extends RemoteCopy {
  override setCopyableState(_state: { ducks: string }): void {}
}

export function pairs() {
  registerCopyable(Pond, RemotePond);
  registerCopyable(Pond, RemotePond, { constructed: false });
  registerCopyable(Pond, Counting);
  registerCopyable(Pond, Stock);
  registry.registerCopyable(Pond, RemotePond)[Symbol.dispose]();
  // @ts-expect-error Pond's owner arrives as a reference
  registerCopyable(Pond, WantsOwn);
  // @ts-expect-error geese are not sent
  registerCopyable(Pond, WantsMore);
  // @ts-expect-error the number of ducks is no text
  registerCopyable(Pond, WantsText);
  // @ts-expect-error the same in a registry of one's own
  registry.registerCopyable(Pond, WantsText);
  // @ts-expect-error nothing is made from a state here
  registerCopyable(Pond, Two);
  // @ts-expect-error no such option
  registerCopyable(Pond, RemotePond, { constructd: false });
}

// What one perspective sees counts, because this is what is asked for.
class Shy extends Pond {
  override getStateToCopyFor(_perspective: Two | null): { name: string } {
    return { name: "" };
  }
}
class RemoteShy extends RemoteCopy {
  override setCopyableState(_state: { name: string }): void {}
}
class Says {
  static readonly wireName: string = "farm.Says";
  getStateToCopy(): object {
    return {};
  }
}
export function otherStates() {
  registerCopyable(Shy, RemoteShy);
  // @ts-expect-error only the name is sent
  registerCopyable(Shy, RemotePond);
  // A state of which nothing is said is not checked.
  registerCopyable(Says, RemotePond);
}

// A class that says what it becomes becomes this.
class Lake extends Copyable<Counting> {
  override getStateToCopy(): { ducks: number } {
    return { ducks: 1 };
  }
}
export function declared() {
  registerCopyable(Lake, Counting);
  registerCopyable(Lake, class extends Counting {});
  registerCopyable(Lake, (state) => {
    is<number>()(state.ducks);
    return new Counting();
  });
  // @ts-expect-error a Lake is declared to become Counting
  registerCopyable(Lake, RemotePond);
  // @ts-expect-error the same of what a function makes
  registerCopyable(Lake, () => new Two());
}

class Goods extends Cacheable<RemoteGoods> {
  override getStateToCacheAndObserveFor(_perspective: unknown, _observer: Observer<RemoteGoods>): { price: number } {
    return { price: 1 };
  }
}
class RemoteGoods extends RemoteCache {
  price = 0;
  override setCopyableState(state: { price: number }): void {
    this.price = state.price;
  }
}
class Shares extends ObservableCacheable<RemoteGoods> {
  override getStateToCopyFor(_perspective: unknown): { price: number } {
    return { price: 1 };
  }
}
class Bonds extends ObservableCacheable<RemoteGoods> {
  override getStateToCopyFor(_perspective: unknown): { price: string } {
    return { price: "1" };
  }
}
class Own extends ObservableCacheable<RemoteGoods> {
  price = 0;
}
class OtherGoods extends RemoteCache {
  other = 0;
}
export function caches() {
  registerCopyable(Goods, RemoteGoods);
  registerCopyable(Shares, RemoteGoods);
  registerCopyable(Own, RemoteGoods);
  registerCopyable("goods", RemoteGoods);
  registerCopyable(RemoteGoods);
  // @ts-expect-error the price is a text
  registerCopyable(Bonds, RemoteGoods);
  // @ts-expect-error not the class that Goods declares as its copies
  registerCopyable(Goods, OtherGoods);
}

class Point extends Copyable {
  static readonly wireName: string = "geo.Point";
  x = 0;
  override getStateToCopy(): { x: number } {
    return { x: this.x };
  }
  override setCopyableState(state: { x: number }): void {
    this.x = state.x;
  }
}
class Broken extends Copyable {
  override getStateToCopy(): { x: number } {
    return { x: 1 };
  }
  override setCopyableState(_state: { y: number }): void {}
}
class Plain extends Copyable {
  x = 0;
}
export function bothWays() {
  registerCopyable(Point);
  registerCopyable(Point, { constructed: false });
  registerCopyable(Plain);
  registerCopyable(RemotePond);
  // @ts-expect-error it does not take what it gives
  registerCopyable(Broken);
  // @ts-expect-error no such option
  registerCopyable(Point, { construct: false });
}

class Temperature {
  #degrees: number;
  readonly sensor: Two | RemoteReference<Two>;
  constructor(degrees: number, sensor: Two | RemoteReference<Two>) {
    this.#degrees = degrees;
    this.sensor = sensor;
  }
  get degrees(): number {
    return this.#degrees;
  }
}
export function codecs() {
  const sensor = new Two();
  registerCopyable(Temperature, {
    name: "t",
    encode: (t) => ({ degrees: t.degrees, sensor }),
    decode: (state) => {
      is<{ degrees: number; sensor: RemoteReference<Two> }>()(state);
      return new Temperature(state.degrees, state.sensor);
    },
  });
  registerCopyable(Temperature, {
    name: "t",
    encode(t: Temperature) {
      return { degrees: t.degrees, sensor };
    },
    decode(state: { degrees: number; sensor: RemoteReference<Two> }) {
      return new Temperature(state.degrees, state.sensor);
    },
  });
  registerCopyable(Temperature, {
    name: "t",
    encode: (t) => new Map([["degrees", t.degrees]]),
    decode: (state) => new Temperature(state.get("degrees") ?? 0, sensor),
  });
  registerCopyable(Temperature, {
    name: "t",
    encode: (t) => ({ degrees: t.degrees }),
    // @ts-expect-error the sensor is not encoded
    decode: (state) => new Temperature(state.degrees, state.sensor),
  });
  registerCopyable(Temperature, {
    name: "t",
    encode: (t) => ({ degrees: t.degrees }),
    // @ts-expect-error degrees are a number
    decode: (state: { degrees: string }) => new Temperature(Number(state.degrees), sensor),
  });
  registerCopyable(Temperature, {
    name: "t",
    encode: (t) => ({ degrees: t.degrees }),
    // @ts-expect-error the wrong class
    decode: () => new Two(),
  });
  registerCopyable(Temperature, {
    name: "t",
    // @ts-expect-error there is no such property
    encode: (t) => ({ degrees: t.kelvin }),
    decode: () => new Temperature(0, sensor),
  });
  // @ts-expect-error a name is needed
  registerCopyable(Temperature, { encode: () => ({}), decode: () => new Temperature(0, sensor) });
}
export const kept: CopyCodec<Point, { x: number }> = {
  name: "geo.Point",
  encode: (point) => ({ x: point.x }),
  decode: (state) => Object.assign(new Point(), state),
};
export function keptCodec() {
  registerCopyable(Point, kept);
  // @ts-expect-error the codec of another class
  registerCopyable(Temperature, kept);
}

export function factories() {
  registerCopyable("farm.Pond", RemotePond);
  registerCopyable("farm.Pond", (state: { ducks: number }) => state.ducks);
  registerCopyable("farm.Pond", (state) => new RemotePond().setCopyableState(state));
  registerCopyable(Pond, (state) => {
    is<{ ducks: number; owner: RemoteReference<Two> }>()(state);
    return new RemotePond();
  });
  registerCopyable(Says, (state) => {
    is<any>()(state);
    return new RemotePond();
  });
  // @ts-expect-error geese are not sent
  registerCopyable(Pond, (state) => state.geese);
  // @ts-expect-error geese are not sent
  registerCopyable(Pond, (state: { geese: number }) => ({ geese: state.geese }));
  // @ts-expect-error nothing is made from a state here
  registerCopyable("farm.Pond", Two);
  // @ts-expect-error something must be given with a tag
  registerCopyable("farm.Pond");
}
