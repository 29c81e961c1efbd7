// The keyword arguments of a call: names and values in the order given. They are kept in a Map, never as
// properties, so that a name from the wire such as `__proto__` or `constructor` is a name like any other.

import { printedAs } from "./printed-as.ts";

/** Keyword arguments, as the last argument of a call: `callRemote("add", 1, kw({ b: 2 }))`. */
export function kw<T extends object>(values: T): Keywords<T> {
  return new Keywords(values);
}

/** Keyword arguments. A method without `static parameters` gets them as its last argument. */
export class Keywords<T extends object = Record<string, unknown>> {
  declare readonly "~pb": "keywords";
  readonly #values = new Map<string, unknown>();

  /** Takes the object's own enumerable properties. One that is undefined counts as not given. */
  constructor(values: T) {
    if (typeof values !== "object" || values === null || Array.isArray(values)) {
      throw new TypeError("keywords are given as an object: kw({ name: value })");
    }
    for (const [name, value] of Object.entries(values)) if (value !== undefined) this.#values.set(name, value);
  }

  /** Takes pairs of name and value; a name given twice has its last value. */
  static fromEntries(entries: Iterable<readonly [name: string, value: unknown]>): Keywords {
    const keywords = new Keywords({});
    for (const [name, value] of entries) if (value !== undefined) keywords.#values.set(name, value);
    return keywords;
  }

  get size(): number {
    return this.#values.size;
  }

  /** The names, in the order given. */
  get names(): string[] {
    return [...this.#values.keys()];
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  // Typed through `this`, so that Keywords<{ a; b }> can be used where Keywords<{ a }> or Keywords is asked for.
  get<V extends object, K extends keyof V & string>(this: Keywords<V>, name: K): V[K] | undefined {
    return this.#values.get(name) as V[K] | undefined;
  }

  entries(): IterableIterator<[name: string, value: unknown]> {
    return this.#values.entries();
  }

  [Symbol.iterator](): IterableIterator<[name: string, value: unknown]> {
    return this.entries();
  }

  /** A plain object of the names and values; every name is an own property of it. */
  toObject(): T {
    // fromEntries defines properties and does not assign them, so `__proto__` is safe.
    return Object.fromEntries(this.#values) as T;
  }

  static {
    printedAs(Keywords, (keywords, nested) => `Keywords ${nested(keywords.toObject())}`);
  }
}
