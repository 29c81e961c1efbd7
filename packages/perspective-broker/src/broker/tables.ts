// The four tables of objects of one connection together, as values are encoded and decoded by them.
import { JellyError } from "../errors.ts";
import type { Cacheable } from "../flavors/cacheable.ts";
import type { Referenceable } from "../flavors/referenceable.ts";
import type { Limits } from "../limits.ts";
import type { Conversation } from "../references/conversation.ts";
import type { ObserverConversation } from "../references/observer.ts";
import type { CacheTarget, RemoteCache } from "../references/remote-cache.ts";
import { type RemoteReference, targetOf } from "../references/remote-reference.ts";
import type { RemoteResult } from "../references/remote-result.ts";
import type { ClassPolicy, ObjectTables, TaggedState } from "../wire/dialect.ts";
import type { ObjectId } from "../wire/message.ts";
import { CachesGiven } from "./caches-given.ts";
import { CachesHeld } from "./caches-held.ts";
import { Exports } from "./exports.ts";
import { Ids } from "./ids.ts";
import { Import, Imports } from "./imports.ts";
import type { Names } from "./names.ts";
import type { Outgoing } from "./outgoing.ts";
import { Streams } from "./streams.ts";

/** What the tables hold, for people and for tests. */
export interface TablesInspection {
  /** Own objects that the peer holds references to. */
  readonly exports: readonly { id: number; class: string; count: number }[];
  readonly names: readonly string[];
  /** Objects of the peer that are held here. */
  readonly imports: readonly { id: number; receipts: number }[];
  /** Own Cacheables that the peer holds copies of. */
  readonly cachesGiven: readonly { id: number; class: string; count: number }[];
  /** Copies of the peer's Cacheables that are held here. */
  readonly cachesHeld: readonly { id: number; receipts: number }[];
}

/** What references, observers and caches call when they are used. */
export interface TablesConversation extends Conversation, ObserverConversation {
  releaseCache(target: CacheTarget, receipts: number): void;
}

export interface TablesSetup {
  readonly conversation: TablesConversation;
  readonly limits: Limits;
  readonly classes: ClassPolicy;
  /** Tells the peer that one receipt of an object, or of a cache, is given back. */
  sendRelease(id: number): void;
  sendDecache(id: number): void;
  /** What an application was told failed. */
  complain(what: string, error: unknown): void;
  /** The peer asked for too many objects, again and again. */
  tooManyReferences(): void;
  // What is no table of objects, but referred to by values as well.
  readonly outgoing: Pick<Outgoing, "use" | "freshCache">;
  readonly streams: Pick<Streams, "give" | "takeBack" | "receive" | "refuse">;
  keptResult(call: number): unknown;
}

export class Tables implements ObjectTables {
  readonly exports: Exports;
  readonly #setup: TablesSetup;
  readonly #ids: Ids;
  #imports: Imports | undefined;
  #given: CachesGiven | undefined;
  #held: CachesHeld | undefined;
  #ended = false;

  constructor(setup: TablesSetup, names: Names) {
    this.#setup = setup;
    this.#ids = new Ids(setup);
    this.exports = new Exports(this.#ids, setup, names);
  }

  /** Made when the first reference comes. */
  get imports(): Imports {
    this.#imports ??= new Imports(this.#setup);
    return this.#imports;
  }

  /** Made when the first Cacheable is sent. */
  get given(): CachesGiven {
    if (this.#given === undefined) {
      this.#given = new CachesGiven(this.#ids, this.#setup);
      if (this.#ended) this.#given.clear();
    }
    return this.#given;
  }

  /** Made when the first Cacheable comes. */
  get held(): CachesHeld {
    this.#held ??= new CachesHeld(this.#setup);
    return this.#held;
  }

  /** Keeps objects and caches while a call that carried them is unanswered. */
  pin(ids: readonly number[]): void {
    this.exports.pin(ids);
    this.#given?.pin(ids);
  }

  unpin(ids: readonly number[]): void {
    this.exports.unpin(ids);
    this.#given?.unpin(ids);
  }

  /** The connection has ended: every observing stops, once. */
  stopObserving(): void {
    this.#ended = true;
    this.#given?.clear();
  }

  /** The connection has ended: nothing is held or owed any more. Those who observe have been told before. */
  clear(): void {
    this.exports.clear();
    this.#imports?.clear();
    this.#held?.clear();
  }

  inspect(): TablesInspection {
    return {
      exports: this.exports.entries().map(({ id, object, count }) => ({
        id,
        count,
        class: object.constructor.name,
      })),
      names: this.exports.names(),
      imports: [...(this.#imports?.entries() ?? [])].map(({ id, receipts }) => ({ id, receipts })),
      cachesGiven: (this.#given?.entries() ?? []).map(({ id, cacheable, count }) => {
        return { id, count, class: cacheable.constructor.name };
      }),
      cachesHeld: (this.#held?.entries() ?? []).map(({ id, receipts }) => ({ id, receipts })),
    };
  }

  exportObject(object: object): number {
    return this.exports.give(object as Referenceable);
  }

  unexport(id: number): void {
    this.exports.takeBack(id);
  }

  homeId(reference: RemoteReference): ObjectId | undefined {
    const target = targetOf(reference);
    if (target.conversation !== this.#setup.conversation) return undefined;
    // One that was given back during the call that brought it is only told to the peer after that call's answer.
    const held = target.receipts > 0 || (target instanceof Import && target.holds > 0);
    return held || typeof target.id === "string" ? target.id : undefined;
  }

  importReference(id: number, perspective: object | null): RemoteReference {
    return this.imports.receive(id, perspective);
  }

  perspectiveOf(target: ObjectId): object | null {
    return this.exports.perspective(target);
  }

  exportCache(
    cacheable: Cacheable,
    perspective: object | null,
    carried: readonly number[] | undefined,
  ): { id: number; fresh: TaggedState | undefined } {
    return this.given.give(cacheable, perspective, carried);
  }

  unexportCache(id: number): void {
    this.given.takeBack(id);
  }

  cachesSent(ids: readonly number[]): void {
    this.given.sent(ids);
  }

  cacheHomeId(cache: RemoteCache): number | undefined {
    return this.held.homeId(cache);
  }

  importCache(id: number, create: () => RemoteCache): RemoteCache {
    return this.held.receive(id, create);
  }

  importCacheAgain(id: number): RemoteCache {
    return this.held.again(id);
  }

  localCache(id: number): Cacheable {
    return this.given.home(id);
  }

  giveBackCache(cache: RemoteCache): void {
    this.held.giveBack(cache);
  }

  refuseCache(id: number): void {
    this.held.refuse(id);
  }

  pendingResult(result: RemoteResult<unknown>): number | undefined {
    return this.#setup.outgoing.use(result);
  }

  keptResult(call: number): unknown {
    return this.#setup.keptResult(call);
  }

  exportStream(iterable: object, perspective: object | null): number {
    return this.#setup.streams.give(iterable, perspective);
  }

  unexportStream(id: number): void {
    this.#setup.streams.takeBack(id);
  }

  importStream(id: number): object {
    return this.#setup.streams.receive(id);
  }

  giveBackStream(stream: object): void {
    Streams.giveBack(stream);
  }

  refuseStream(id: number): void {
    this.#setup.streams.refuse(id);
  }

  localObject(id: ObjectId): object {
    const object = this.exports.find(id);
    if (object !== undefined) return object;
    this.exports.checkGiven(id);
    throw new JellyError("an object was sent home that is not there any more");
  }
}
