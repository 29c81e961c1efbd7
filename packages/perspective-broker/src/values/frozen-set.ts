// Python's frozenset: a Set that cannot change once it is made. Only a decoder may fill one that it is still
// building (a frozenset can hold what refers back to it); that way in is not part of the public names.

/** A set that cannot change. `union`, `intersection` and their kin give plain sets. */
export class FrozenSet<T> extends Set<T> {
  declare readonly "~pb": "frozenset";
  constructor(items?: Iterable<T> | null) {
    // Not super(items): that would go through the add() below.
    super();
    if (items != null) for (const item of items) fillFrozenSet(this, item);
  }

  /** Always throws TypeError. */
  override add(_item: T): never {
    return refuse();
  }

  /** Always throws TypeError. */
  override delete(_item: T): never {
    return refuse();
  }

  /** Always throws TypeError. */
  override clear(): never {
    return refuse();
  }
}

/** For decoders alone: adds an item to a frozen set that nobody else has seen yet. */
export function fillFrozenSet<T>(set: FrozenSet<T>, item: T): void {
  Set.prototype.add.call(set, item);
}

function refuse(): never {
  throw new TypeError("a FrozenSet cannot be changed; make a new one, or a Set");
}
