// The peer's Cacheables whose copies are held here: one copy each, counted in receipts, kept until the peer says that its id is
// free. A copy that was forgotten is given back when it is collected.

import { JellyError, LimitExceeded, NoSuchMethod, UnknownId } from "../errors.ts";
import { argumentsFor, MethodTables, type RemoteMethod } from "../flavors/method-table.ts";
import type { Limits } from "../limits.ts";
import {
  bindCache,
  type CacheTarget,
  cacheTarget,
  endChanges,
  observe,
  type RemoteCache,
} from "../references/remote-cache.ts";
import type { Keywords } from "../values/keywords.ts";
import { sentAs } from "../wire/jelly/failure.ts";
import { IdTable } from "./id-table.ts";

const methods = new MethodTables("observe_");

/** Copies that were given back and are kept until the peer agrees. */
const RETAINED = 100;

interface CacheConversation {
  releaseCache(target: CacheTarget, receipts: number): void;
}

class HeldCache implements CacheTarget {
  readonly conversation: CacheConversation;
  readonly id: number;
  receipts = 0;
  cache: WeakRef<RemoteCache>;
  /** Kept from its last release until the peer agrees: it may have sent it again meanwhile. */
  released: RemoteCache | undefined;

  constructor(conversation: CacheConversation, id: number, cache: RemoteCache) {
    this.conversation = conversation;
    this.id = id;
    this.cache = new WeakRef(cache);
  }
}

const collected = new FinalizationRegistry<HeldCache>((entry) =>
  entry.conversation.releaseCache(entry, entry.receipts),
);

export interface CachesHeldSetup {
  readonly conversation: CacheConversation;
  readonly limits: Pick<Limits, "imports">;
  /** Gives one receipt of an id back. */
  sendDecache(id: number): void;
  /** What an application was told failed. */
  complain(what: string, error: unknown): void;
}

export class CachesHeld {
  readonly #setup: CachesHeldSetup;
  readonly #byId = new IdTable<HeldCache>();
  readonly #failed = (error: unknown): void => this.#setup.complain("a listener of a cache", error);
  #highest = 0;
  #retained: HeldCache[] = [];

  constructor(setup: CachesHeldSetup) {
    this.#setup = setup;
  }

  /** A new copy, its first receipt. */
  receive(id: number, create: () => RemoteCache): RemoteCache {
    this.#highest = Math.max(this.#highest, id);
    const most = this.#setup.limits.imports;
    if (this.#byId.size >= most) {
      throw new LimitExceeded("imports", `more than limits.imports (${most}) caches of the peer are held`);
    }
    if (this.#byId.has(id)) throw new JellyError(`cache ${id} is known here already`);
    const cache = create();
    methods.check(cache);
    const entry = new HeldCache(this.#setup.conversation, id, cache);
    entry.receipts = 1;
    bindCache(cache, entry);
    collected.register(cache, entry, entry);
    this.#byId.set(id, entry);
    return cache;
  }

  /** One more receipt of a copy that is here. */
  again(id: number): RemoteCache {
    const entry = this.#entry(id);
    const cache = entry.cache.deref();
    // Its receipt is given back with the others of a message that cannot be decoded.
    if (cache === undefined) throw new JellyError("a cache was sent again that was just forgotten here");
    entry.receipts++;
    entry.released = undefined;
    return cache;
  }

  release(target: CacheTarget, receipts: number): void {
    const entry = this.#byId.get(target.id);
    if (entry !== target) return;
    const given = Math.min(receipts, entry.receipts);
    entry.receipts -= given;
    if (entry.receipts === 0) {
      endChanges(entry.cache.deref());
      this.#retain(entry);
    }
    for (let i = 0; i < given; i++) this.#setup.sendDecache(entry.id);
  }

  /** The peer may send it again before it has agreed; but a peer that never agrees keeps no more than so many alive. */
  #retain(entry: HeldCache): void {
    entry.released = entry.cache.deref();
    this.#retained.push(entry);
    const oldest = this.#retained.length > RETAINED ? this.#retained.shift() : undefined;
    if (oldest !== undefined && oldest.receipts === 0) oldest.released = undefined;
  }

  /** Gives back one receipt of a copy, whatever its class makes of `release`. */
  giveBack(cache: RemoteCache): void {
    const target = cacheTarget(cache);
    if (target !== undefined) this.release(target, 1);
  }

  /** Gives back a receipt that was not counted here: it came with a message that could not be decoded so far. */
  refuse(id: number): void {
    this.#highest = Math.max(this.#highest, id);
    this.#setup.sendDecache(id);
  }

  /** The number of a copy at its owner's. */
  homeId(cache: RemoteCache): number | undefined {
    const target = cacheTarget(cache);
    return target !== undefined && this.#byId.get(target.id) === target && target.receipts > 0 ? target.id : undefined;
  }

  /** What is wrong with a message to a cache that is not there (spec §4.7). */
  missing(id: number): Error | undefined {
    return this.#byId.has(id) ? undefined : unknownCache(id);
  }

  /** Carries out a message of the original. One to a copy that was given back meanwhile does nothing. */
  observed(id: number, method: string, args: unknown[], keywords: Keywords | undefined): unknown {
    const cache = this.#byId.get(id)?.cache.deref();
    if (cache === undefined) return undefined;
    const found = methods.find(cache, method);
    if (found === undefined) throw NoSuchMethod.attribute(cache, `observe_${method}`);
    const given = argumentsFor(found, args, keywords);
    if (Array.isArray(given)) return observe(cache, found.fn, method, given, this.#failed);
    return this.#observedLater(id, cache, found, given);
  }

  /** A schema took its time, in which the copy may have been given back. */
  async #observedLater(
    id: number,
    cache: RemoteCache,
    { fn, name }: RemoteMethod,
    given: Promise<unknown[]>,
  ): Promise<unknown> {
    const args = await given;
    if (this.#byId.get(id)?.cache.deref() !== cache) return undefined;
    return observe(cache, fn, name, args, this.#failed);
  }

  /** The peer's id is free. */
  uncached(id: number): void {
    const entry = this.#byId.get(id);
    if (entry === undefined) {
      if (id < 1 || id > this.#highest) throw new UnknownId(`the peer freed the cache ${id}, which it never gave out`);
      return;
    }
    this.#forget(entry);
    this.#byId.delete(id);
  }

  entries(): CacheTarget[] {
    return this.#byId.values();
  }

  clear(): void {
    for (const entry of this.#byId.values()) this.#forget(entry);
    this.#byId.clear();
    this.#retained = [];
  }

  #forget(entry: HeldCache): void {
    collected.unregister(entry);
    entry.receipts = 0;
    endChanges(entry.cache.deref());
  }

  #entry(id: number): HeldCache {
    const entry = this.#byId.get(id);
    if (entry === undefined) throw unknownCache(id);
    return entry;
  }
}

/** On the wire it is Python's KeyError (spec §7.4). */
export function unknownCache(id: number): JellyError {
  const wording = { message: String(id), parents: ["builtins.KeyError", "builtins.LookupError"] };
  return sentAs(new JellyError(`there is no cache ${id} here`), wording);
}
