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
import type { Log } from "./log.ts";

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
  readonly log: Log;
  /** Tells the peer that one receipt of an object, or of a cache, is given back. */
  readonly sendRelease: (id: number) => void;
  readonly sendDecache: (id: number) => void;
  /** The peer asked for too many objects, again and again. */
  readonly full: () => void;
  /** A Cacheable is going to be sent that the peer does not know. Throws what keeps the message from carrying it. */
  readonly freshCache: () => void;
  /** What is no table of objects, but referred to by values as well. */
  readonly later: Pick<
    ObjectTables,
    | "pendingResult"
    | "keptResult"
    | "exportStream"
    | "unexportStream"
    | "importStream"
    | "giveBackStream"
    | "refuseStream"
  >;
}

export class Tables implements ObjectTables {
  readonly exports: Exports;
  readonly imports: Imports;
  readonly given: CachesGiven;
  readonly held: CachesHeld;
  readonly #conversation: Conversation;
  readonly #classes: ClassPolicy;
  readonly #later: TablesSetup["later"];

  constructor(setup: TablesSetup) {
    const { conversation, limits, classes, log, sendRelease, sendDecache } = setup;
    const failed = (what: string) => (error: unknown) => log({ level: "error", message: `${what} failed`, error });
    const ids = new Ids(setup.full);
    this.#conversation = conversation;
    this.#classes = classes;
    this.#later = setup.later;
    this.exports = new Exports(ids, limits.references, failed("a logout"));
    this.imports = new Imports(conversation, limits.imports, sendRelease);
    const stopped = failed("stoppedObserving");
    this.given = new CachesGiven(ids, limits.references, conversation, stopped, setup.freshCache);
    this.held = new CachesHeld(conversation, limits.imports, sendDecache, failed("a listener of a cache"));
  }

  /** The connection has ended: nothing is held or owed any more. Those who observe have been told before. */
  clear(): void {
    this.exports.clear();
    this.imports.clear();
    this.held.clear();
  }

  inspect(): TablesInspection {
    return {
      exports: this.exports.entries().map(({ id, object, count }) => ({
        id,
        count,
        class: object.constructor.name,
      })),
      names: this.exports.names(),
      imports: [...this.imports.entries()].map(({ id, receipts }) => ({ id, receipts })),
      cachesGiven: this.given.entries().map(({ id, cacheable, count }) => {
        return { id, count, class: cacheable.constructor.name };
      }),
      cachesHeld: this.held.entries().map(({ id, receipts }) => ({ id, receipts })),
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
    if (target.conversation !== this.#conversation) return undefined;
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
    return this.given.give(cacheable, perspective, this.#classes, carried);
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
    return this.#later.pendingResult(result);
  }

  keptResult(call: number): unknown {
    return this.#later.keptResult(call);
  }

  exportStream(iterable: object, perspective: object | null): number {
    return this.#later.exportStream(iterable, perspective);
  }

  unexportStream(id: number): void {
    this.#later.unexportStream(id);
  }

  importStream(id: number): object {
    return this.#later.importStream(id);
  }

  giveBackStream(stream: object): void {
    this.#later.giveBackStream(stream);
  }

  refuseStream(id: number): void {
    this.#later.refuseStream(id);
  }

  localObject(id: ObjectId): object {
    const object = this.exports.find(id);
    if (object !== undefined) return object;
    this.exports.checkGiven(id);
    throw new JellyError("an object was sent home that is not there any more");
  }
}
