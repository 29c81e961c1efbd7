// Python's tuple: an array that remembers that it is a tuple when it is sent on. It behaves as an array in
// every other way; what its methods derive (map, slice, filter) are plain arrays.
// A class expression with a type of the same name, because a class cannot extend the tuple type it is given.

/** A tuple of the items `T`; indexes and destructuring are typed by position. */
export type Tuple<T extends readonly unknown[] = unknown[]> = TupleArray<T> & T;

/** Makes a tuple: `tuple("a", 1)` is `("a", 1)` in Python. */
export function tuple<T extends unknown[]>(...items: T): Tuple<T> {
  return new Tuple<T>(...items);
}

/** What a tuple has beside its items' positions. */
export interface TupleArray<T extends readonly unknown[] = unknown[]> extends Array<T[number]> {
  readonly "~pb": "tuple";
  /** The items as a plain array. */
  toArray(): T;
}

/** The class of tuples: `value instanceof Tuple`. */
export interface TupleConstructor {
  readonly prototype: Tuple;
  new (): Tuple;
  /** One argument is one item, also when it is a number: `new Tuple(5)` is not an array of length 5. */
  new <T extends readonly unknown[] = unknown[]>(...items: T): Tuple<T>;
  from<U>(items: Iterable<U> | ArrayLike<U>): Tuple<U[]>;
  of<T extends unknown[]>(...items: T): Tuple<T>;
}

// The cast adds the item positions, which only the type knows.
export const Tuple: TupleConstructor = class Tuple extends Array<unknown> {
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  constructor(...items: readonly unknown[]) {
    // Never super(...items): with a single number that is a length.
    super();
    for (let i = 0; i < items.length; i++) this[i] = items[i];
  }

  toArray(): unknown[] {
    return this.slice();
  }
} as unknown as TupleConstructor;
