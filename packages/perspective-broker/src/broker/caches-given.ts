// The Cacheables of this side that the peer holds copies of (spec §6.5): one observer each, counted in receipts.

import { DeadReferenceError, UnsendableError } from "../errors.ts";
import type { Cacheable } from "../flavors/cacheable.ts";
import type { Limits } from "../limits.ts";
import { LazyMap } from "../platform/lazy.ts";
import { Observer, type ObserverConversation } from "../references/observer.ts";
import type { ClassPolicy, TaggedState } from "../wire/dialect.ts";
import { tagToCache } from "../wire/jelly/tag.ts";
import { unknownCache } from "./caches-held.ts";
import { IdTable } from "./id-table.ts";
import type { Ids } from "./ids.ts";

export interface GivenCache {
  readonly id: number;
  readonly cacheable: Cacheable;
  /** That of the first transmission; `stoppedObserving` gets it. */
  readonly perspective: object | null;
  readonly observer: Observer;
  count: number;
  /** Messages to a copy whose own message is not sent yet; undefined once it is. */
  early: (() => void)[] | undefined;
  /** Its state method runs: nothing has been observed that could stop. */
  making: boolean;
}

export interface CachesGivenSetup {
  readonly conversation: ObserverConversation;
  readonly limits: Pick<Limits, "references">;
  readonly classes: ClassPolicy;
  /** Is told that a Cacheable is going to be sent that the peer does not know; throws what keeps the message from carrying it. */
  readonly outgoing: { freshCache(): void };
  /** What an application was told failed. */
  complain(what: string, error: unknown): void;
}

export class CachesGiven {
  readonly #ids: Ids;
  readonly #setup: CachesGivenSetup;
  readonly #byId = new IdTable<GivenCache>();
  readonly #byObject = new LazyMap<Cacheable, GivenCache>();
  readonly #byObserver = new WeakMap<Observer, GivenCache>();
  // Those that went with a call that is not answered yet: the peer may send them home after its last receipt (spec §5.8).
  readonly #pinned = new IdTable<{ readonly cacheable: Cacheable; pins: number }>();
  #ended = false;

  constructor(ids: Ids, setup: CachesGivenSetup) {
    this.#ids = ids;
    this.#setup = setup;
  }

  /**
   * Counts one more receipt. `fresh` has tag and state if the peer does not know the object yet. `carried` are the ids of the
   * caches that the message has already: no other may refer to one that the peer has not been sent. Leaves no trace if it throws.
   */
  give(
    cacheable: Cacheable,
    perspective: object | null,
    carried: readonly number[] | undefined,
  ): { id: number; fresh: TaggedState | undefined } {
    const known = this.#byObject.get(cacheable);
    if (known !== undefined) {
      if (known.early !== undefined && !carried?.includes(known.id)) {
        throw new UnsendableError("", "the message that makes this cache has to be sent first: it is being encoded");
      }
      known.count++;
      return { id: known.id, fresh: undefined };
    }
    if (this.#ended) throw new DeadReferenceError("the connection has ended");
    if (this.#byId.size > this.#setup.limits.references) throw this.#ids.refuse("cache");
    this.#setup.outgoing.freshCache();
    const tag = tagToCache(cacheable, perspective, this.#setup.classes);
    const observer = new Observer(this.#setup.conversation);
    const id = this.#ids.next();
    const entry: GivenCache = { id, cacheable, perspective, observer, count: 1, early: [], making: true };
    this.#byObserver.set(observer, entry);
    // Entered first: what the state method tells the observer waits for this message.
    this.#byId.set(entry.id, entry);
    this.#byObject.set(cacheable, entry);
    try {
      const state = cacheable.getStateToCacheAndObserveFor(perspective, observer);
      entry.making = false;
      // It may have ended the connection itself.
      if (this.#ended) throw new DeadReferenceError("the connection has ended");
      return { id, fresh: { tag, state } };
    } catch (error) {
      entry.making = false;
      this.#forget(entry);
      throw error;
    }
  }

  /** The message that carries these caches is encoded: what waited for it follows. */
  sent(ids: readonly number[]): void {
    for (const id of ids) {
      const entry = this.#byId.get(id);
      if (entry !== undefined) this.#tellEarly(entry);
    }
  }

  /** Takes one receipt off. True if it was the last one: the copy is gone. */
  takeBack(id: number): boolean {
    const entry = this.#byId.get(id);
    if (entry === undefined) {
      this.#ids.check(id);
      return false;
    }
    if (--entry.count > 0) return false;
    this.#forget(entry);
    return true;
  }

  /** Keeps originals findable while a call that carried them is unanswered. Other numbers are let pass. */
  pin(ids: readonly number[]): void {
    for (const id of ids) {
      const pinned = this.#pinned.get(id);
      const entry = this.#byId.get(id);
      if (pinned !== undefined) pinned.pins++;
      else if (entry !== undefined) this.#pinned.set(id, { cacheable: entry.cacheable, pins: 1 });
    }
  }

  unpin(ids: readonly number[]): void {
    for (const id of ids) {
      const pinned = this.#pinned.get(id);
      if (pinned !== undefined && --pinned.pins === 0) this.#pinned.delete(id);
    }
  }

  /** The original of a copy that comes home. */
  home(id: number): Cacheable {
    const entry = this.#byId.get(id) ?? this.#pinned.get(id);
    if (entry !== undefined) return entry.cacheable;
    this.#ids.check(id);
    throw unknownCache(id);
  }

  /** The entry of an observer whose copy is still there. */
  of(observer: Observer): GivenCache | undefined {
    const entry = this.#byObserver.get(observer);
    return entry !== undefined && this.#byId.get(entry.id) === entry ? entry : undefined;
  }

  entries(): GivenCache[] {
    return this.#byId.values();
  }

  /** The connection has ended: every observing stops, once. */
  clear(): void {
    this.#ended = true;
    this.#pinned.clear();
    for (const entry of [...this.#byId.values()]) if (!entry.making) this.#forget(entry);
  }

  /** What was said to an observer before its copy was made; if that will never be, it fails as everything to a copy that is gone. */
  #tellEarly(entry: GivenCache): void {
    const early = entry.early ?? [];
    entry.early = undefined;
    for (const send of early) send();
  }

  #forget(entry: GivenCache): void {
    this.#byId.delete(entry.id);
    this.#byObject.delete(entry.cacheable);
    this.#tellEarly(entry);
    try {
      entry.cacheable.stoppedObserving(entry.perspective, entry.observer);
    } catch (error) {
      this.#setup.complain("stoppedObserving", error);
    }
  }
}
