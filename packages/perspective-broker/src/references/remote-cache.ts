// The copy that follows its original (spec §6.5). One object per original and connection, however often it is received; each
// receipt is counted and given back once.
import { Arrivals } from "../platform/arrivals.ts";
import { setProperties } from "../values/set-properties.ts";

/** What a cache needs of the broker. */
export interface CacheTarget {
  readonly conversation: { releaseCache(target: CacheTarget, receipts: number): void };
  readonly id: number;
  receipts: number;
}

const TARGET = Symbol("target");
const LISTENERS = Symbol("listeners");
const WAITING = Symbol("waiting");

interface Internal {
  [TARGET]: CacheTarget | undefined;
  [LISTENERS]: Set<(change: CacheChange) => void> | undefined;
  [WAITING]: Set<Arrivals<CacheChange>> | undefined;
}

// The symbols are kept off the type, as in remote-reference.ts.
function internal(cache: RemoteCache): Internal {
  return cache as unknown as Internal;
}

/** A message of the original that has been carried out. */
export interface CacheChange {
  /** The method's name, without `observe_`. */
  readonly message: string;
  readonly args: readonly unknown[];
}

/**
 * Base of copies that follow their original: methods `observe_price(n)` carry out what the owner sends. Register the class with
 * `registerCopyable`. When the connection ends it keeps its last state.
 */
export abstract class RemoteCache {
  declare readonly "~pb": "cached";

  /** Takes the first state. The stock one sets properties. */
  setCopyableState(state: object): void {
    setProperties(this, state);
  }

  /** Calls `fn` after each message of the original. */
  onChange(fn: (change: CacheChange) => void): Disposable {
    const self = internal(this);
    self[LISTENERS] ??= new Set();
    const listeners = self[LISTENERS];
    const listener = (change: CacheChange) => fn(change);
    listeners.add(listener);
    return { [Symbol.dispose]: () => void listeners.delete(listener) };
  }

  /**
   * The changes from now on. What is not taken is kept. Ends when it is left, and when there can be no more: the copy was given
   * back, or the connection has ended.
   */
  [Symbol.asyncIterator](): AsyncGenerator<CacheChange, void, void> {
    const arrivals = new Arrivals<CacheChange>();
    const listener = this.onChange((change) => arrivals.push(change));
    const self = internal(this);
    self[WAITING] ??= new Set();
    const all = self[WAITING];
    all.add(arrivals);
    return arrivals.taken(
      () => isFollowing(this),
      () => {
        listener[Symbol.dispose]();
        all.delete(arrivals);
      },
    );
  }

  /** Gives back one receipt; with the last one the original forgets this copy and sends nothing more. */
  release(): void {
    const target = internal(this)[TARGET];
    target?.conversation.releaseCache(target, 1);
  }

  /** Gives back all receipts. */
  releaseAll(): void {
    const target = internal(this)[TARGET];
    target?.conversation.releaseCache(target, target.receipts);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** Binds a fresh cache to its place in the table. */
export function bindCache(cache: RemoteCache, target: CacheTarget): void {
  Object.defineProperty(cache, TARGET, { value: target });
  // A constructor may listen already.
  for (const key of [LISTENERS, WAITING] as const) {
    Object.defineProperty(cache, key, { value: internal(cache)[key], writable: true });
  }
}

/** There will be no more changes: iterators end. Called when no receipt is left. */
export function endChanges(cache: RemoteCache | undefined): void {
  for (const arrivals of (cache && internal(cache)[WAITING]) ?? []) arrivals.wake();
}

function isFollowing(cache: RemoteCache): boolean {
  return (cacheTarget(cache)?.receipts ?? 0) > 0;
}

export function cacheTarget(cache: RemoteCache): CacheTarget | undefined {
  return internal(cache)[TARGET];
}

/** Carries out a message of the original and tells who listens. `failed` is told what a listener throws. */
export function observe(
  cache: RemoteCache,
  method: (...args: never[]) => unknown,
  message: string,
  args: unknown[],
  failed: (error: unknown) => void,
): unknown {
  const result = Reflect.apply(method, cache, args);
  for (const listener of internal(cache)[LISTENERS] ?? []) {
    try {
      listener({ message, args });
    } catch (error) {
      failed(error);
    }
  }
  return result;
}
