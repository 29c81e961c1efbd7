// What the tables of examples speak of beside values: an object of each side, a class that both know, a Cacheable, a copy.
import { Cacheable, Copyable, Referenceable, Registry, RemoteCache } from "../../../src/index.ts";
import { RemoteReference } from "../../../src/references/remote-reference.ts";
import type { Sides } from "./sides.ts";

class Own extends Referenceable {}

class Point extends Copyable {
  static wireName = "geo.Point";
  x: number | undefined;

  constructor(x?: number) {
    super();
    this.x = x;
  }
}

class Stock extends Cacheable {
  static wireName = "shop.Stock";
  getStateToCacheAndObserveFor(): object {
    return { price: 5 };
  }
}

class StockCopy extends RemoteCache {
  price = 0;
}

function reference(): RemoteReference {
  return Object.create(RemoteReference.prototype);
}

function prepare({ sender }: Sides): Record<string, unknown> {
  const theirs = reference();
  const published = reference();
  const copy = new StockCopy();
  sender.references.set(3, theirs);
  sender.references.set("root", published);
  sender.copies.set(4, copy);
  return {
    Point,
    theirs,
    published,
    copy,
    own: new Own(),
    stock: new Stock(),
    stream: (async function* () {})(),
  };
}

const registry = new Registry();
registry.registerCopyable(Point);
registry.registerCopyable("shop.Stock", StockCopy);

export const scope: { registry: Registry; prepare: typeof prepare } = { registry, prepare };
