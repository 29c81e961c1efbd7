// The copy of a Publishable (spec §10): takes its state from a store if that one is of the same time, else from the original,
// and keeps it. The state is there a while after the copy is: `whenActivated`.
import { JellyError } from "../errors.ts";
import { cacheTarget, RemoteCache } from "../references/remote-cache.ts";
import { RemoteReference, targetOf } from "../references/remote-reference.ts";
import { Float } from "../values/float.ts";
import { setProperties } from "../values/set-properties.ts";
import type { PublishedStore } from "./published-store.ts";

/**
 * Base of copies of Publishables. Register the class with `registerCopyable`, and say where states are kept:
 * `static override store = new FilePublishedStore("kept")`. A store is for one server: names of two servers may be the same.
 */
export abstract class RemotePublished extends RemoteCache {
  /** Where states are kept. Without one the state is fetched each time. */
  static store: PublishedStore | undefined;
  /** The original, as far as it can be called: `getStateToPublish`. */
  declare readonly remote: RemoteReference;
  declare readonly publishedID: string;
  /** The name of the perspective that it is seen from; `None` for none. */
  declare readonly perspective: string;
  declare readonly service: string;
  /** When the original was last republished, in seconds since 1970. */
  declare readonly timestamp: number;
  #activated = false;
  #own: Record<string, unknown> = {};
  #clean = false;
  #released = false;
  #activation: Promise<void> | undefined;

  /** Whether the state is there. */
  get isActivated(): boolean {
    return this.#activated;
  }

  /** Whether the state that was kept was good, so that nothing was fetched. */
  get wasCleanWhenLoaded(): boolean {
    return this.#clean;
  }

  /** Resolves when the state is there; rejects if it cannot be had. */
  async whenActivated(): Promise<this> {
    if (this.#activation === undefined) throw new TypeError("this was not received from anywhere");
    await this.#activation;
    return this;
  }

  /** The hook for when the state is there. Before it, there is nothing but what the original says of itself. */
  activated(): void | Promise<void> {}

  /** Under which name the state is kept. */
  getStoreName(): string {
    return `${this.service}-${this.perspective}-${this.publishedID}`;
  }

  override setCopyableState(state: object): void {
    setProperties(this, state);
    const self = this as Writable<this>;
    if (!(self.remote instanceof RemoteReference)) throw new JellyError("a published object came without its original");
    self.timestamp = Number(self.timestamp);
    for (const name of ["publishedID", "perspective", "service"] as const) self[name] = asText(self[name]);
    this.#own = { remote: self.remote };
    for (const name of NAMES) this.#own[name] = this[name];
    this.#activation = this.#activate();
    this.#activation.catch(() => {}); // it may be that nobody asks
  }

  override release(): void {
    super.release();
    if (cacheTarget(this)?.receipts === 0) this.#releaseOriginal();
  }

  override releaseAll(): void {
    super.releaseAll();
    this.#releaseOriginal();
  }

  /** What came with it is given back with it, once. */
  #releaseOriginal(): void {
    if (this.#released) return;
    this.#released = true;
    this.remote.release();
  }

  async #activate(): Promise<void> {
    const { store } = this.constructor as typeof RemotePublished;
    const kept = await this.#load(store);
    const state = kept ?? (await this.remote.callRemote("getStateToPublish"));
    setProperties(this, state);
    Object.assign(this, this.#own); // the state of the original says nothing of what this is a copy of
    this.#clean = kept !== undefined;
    this.#activated = true;
    if (store !== undefined && kept === undefined) void this.#save(store, state);
    await this.activated();
  }

  /** The state that was kept, if it is this one's. Whatever goes wrong, the original has it, too. */
  async #load(store: PublishedStore | undefined): Promise<object | undefined> {
    if (store === undefined) return undefined;
    const { conversation } = targetOf(this.remote);
    try {
      const bytes = await store.load(this.getStoreName());
      if (bytes === undefined) return undefined;
      const [state, ...mark] = conversation.unpack(bytes);
      const same = this.#mark().every((value, i) => value === (mark[i] instanceof Float ? Number(mark[i]) : mark[i]));
      return same && typeof state === "object" && state !== null ? state : undefined;
    } catch (error) {
      conversation.report("a state that was kept cannot be used", error);
      return undefined;
    }
  }

  async #save(store: PublishedStore, state: unknown): Promise<void> {
    const { conversation } = targetOf(this.remote);
    try {
      await store.save(this.getStoreName(), conversation.pack([state, ...this.#mark()]));
    } catch (error) {
      conversation.report("the state of a published object cannot be kept", error);
    }
  }

  /** What the kept state must be of. Names of two objects may be equal when they are put together. */
  #mark(): readonly unknown[] {
    return [this.service, this.perspective, this.publishedID, this.timestamp];
  }
}

/** For the result of a call: resolves with the copy when its state is there. */
export async function whenReady<T extends RemotePublished>(published: PromiseLike<T>): Promise<T> {
  return (await published).whenActivated();
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Twisted makes a text of whatever it is; Python 2 sends byte strings. */
function asText(value: unknown): string {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value);
  if (typeof value !== "object" || value === null) return String(value);
  throw new JellyError("the name of a published object must be a text");
}

const NAMES = ["publishedID", "perspective", "service", "timestamp"] as const;
