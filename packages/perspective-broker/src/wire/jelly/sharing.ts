// Sharing and cycles of one run (spec §3.3): which values have numbers, and what is still to be put in its place when the run is
// over because it was referred to before it was there.
import { JellyError } from "../../errors.ts";

/** Stands for what is not known yet, until its place is noted. Never leaves wire/jelly. */
export const PENDING: unknown = Symbol("pending");

/** Where the missing values of a dictionary belong. */
export interface Place {
  /** The dictionary itself, which may become a Map meanwhile. */
  container: object;
  /** The instance whose state it is: it gets those that it has accepted, as enumerable properties (spec §3.5, §12.7). */
  copy: object | undefined;
}

export class Sharing {
  #known: Map<unknown, unknown> | undefined;
  #defining: unknown;
  #pending: unknown;
  #late: { readonly id: unknown; readonly put: (value: unknown) => void }[] | undefined;
  #finally: (() => void)[] | undefined;

  begin(): void {
    this.#known = undefined;
    this.#defining = undefined;
    this.#late = undefined;
    this.#finally = undefined;
  }

  /** Puts everything in its place. Throws JellyError for a dereference without a reference. */
  end(): void {
    for (const { id, put } of this.#late ?? []) {
      if (!this.#known?.has(id)) throw dangling(id);
      put(this.#known.get(id));
    }
    for (const fill of this.#finally ?? []) fill();
    if (this.#known !== undefined) this.begin(); // holds no value longer than needed
  }

  /** The next value has a number. */
  expect(id: unknown): void {
    if (this.#known?.has(id)) throw definedTwice(id);
    this.#defining = id;
  }

  /** A container says that it is the value that has the number, before its members are read. */
  define(container: unknown): void {
    if (this.#defining === undefined) return;
    this.remember(this.#defining, container);
    this.#defining = undefined;
  }

  /** Takes the number of the value that is being read, for one that is known only when it is complete. */
  take(): unknown {
    const id = this.#defining;
    this.#defining = undefined;
    return id;
  }

  remember(id: unknown, value: unknown): void {
    if (id === undefined) return;
    this.#known ??= new Map();
    if (this.#known.has(id)) throw definedTwice(id);
    this.#known.set(id, value);
  }

  knows(id: unknown): boolean {
    return this.#known?.has(id) ?? false;
  }

  /** The value of a number, or PENDING. */
  get(id: unknown): unknown {
    if (this.#known?.has(id)) return this.#known.get(id);
    this.#pending = id;
    return PENDING;
  }

  /** How many places wait. */
  get open(): number {
    return this.#late?.length ?? 0;
  }

  /** What was PENDING just now is given to `put` at the end of the run. */
  putLater(put: (value: unknown) => void): void {
    this.#late ??= [];
    this.#late.push({ id: this.#pending, put });
  }

  /** The same for an entry of a dictionary, which takes its place in the order now. */
  putEntryLater(place: Place, key: unknown): void {
    const put = (value: unknown) => {
      const { container, copy } = place;
      if (container instanceof Map) container.set(key, value);
      else setOwn(container as Record<string, unknown>, key as string, value);
      if (copy !== undefined && typeof key === "string" && isEnumerable.call(copy, key)) {
        setOwn(copy as Record<string, unknown>, key, value);
      }
    };
    put(undefined);
    this.putLater(put);
  }

  /** Runs after every value is in its place, in the order of these calls. */
  atEnd(fill: () => void): void {
    this.#finally ??= [];
    this.#finally.push(fill);
  }

  /** The error for what was PENDING where that cannot be. */
  dangling(): JellyError {
    return dangling(this.#pending);
  }
}

const isEnumerable = Object.prototype.propertyIsEnumerable;

function dangling(id: unknown): JellyError {
  return new JellyError(`dereference ${String(id)} without a reference`);
}

function definedTwice(id: unknown): JellyError {
  return new JellyError(`reference ${String(id)} is defined twice`);
}

/** Assignment that makes an own property of every name. */
export function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}
