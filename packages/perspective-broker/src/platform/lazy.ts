// Maps and sets that cost next to nothing while they are empty. A connection has a dozen tables, most connections are idle, and
// an empty Map takes 200 bytes.

/** A Map that is made when something is put into it. */
export class LazyMap<K, V> {
  #map: Map<K, V> | undefined;

  get size(): number {
    return this.#map?.size ?? 0;
  }

  get(key: K): V | undefined {
    return this.#map?.get(key);
  }

  has(key: K): boolean {
    return this.#map?.has(key) ?? false;
  }

  set(key: K, value: V): void {
    this.#map ??= new Map();
    this.#map.set(key, value);
  }

  delete(key: K): boolean {
    return this.#map?.delete(key) ?? false;
  }

  keys(): K[] {
    return this.#map === undefined ? [] : [...this.#map.keys()];
  }

  values(): V[] {
    return this.#map === undefined ? [] : [...this.#map.values()];
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return (this.#map ?? (NOTHING as Map<K, V>))[Symbol.iterator]();
  }

  clear(): void {
    this.#map = undefined;
  }
}

/** A Set that is made when something is added. */
export class LazySet<T> {
  #set: Set<T> | undefined;

  get size(): number {
    return this.#set?.size ?? 0;
  }

  has(value: T): boolean {
    return this.#set?.has(value) ?? false;
  }

  add(value: T): void {
    this.#set ??= new Set();
    this.#set.add(value);
  }

  delete(value: T): boolean {
    return this.#set?.delete(value) ?? false;
  }

  [Symbol.iterator](): IterableIterator<T> {
    return (this.#set ?? (NONE as Set<T>))[Symbol.iterator]();
  }

  clear(): void {
    this.#set = undefined;
  }
}

const NOTHING: ReadonlyMap<unknown, unknown> = new Map();
const NONE: ReadonlySet<unknown> = new Set();
