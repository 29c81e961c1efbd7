// Objects whose copies follow them (spec §6.5): the owner sends its state once per connection and then messages to the copies.
import type { Observer } from "../references/observer.ts";
import type { Arguments, Callee, MethodName, Observed } from "../types.ts";
import { wireNameOfClass } from "./copyable.ts";

/**
 * Base of objects that are cached at the other side. There the class registered for the tag makes a RemoteCache; here an
 * observer reaches it: `observer.callRemote("price", 11)` runs its `observe_price(11)`.
 *
 * State and registration are one: `getStateToCacheAndObserveFor` runs while the message is encoded, and what it tells the
 * observer meanwhile is sent after that message. There is one observer per object and connection.
 *
 * `Cacheable<RemoteStock>` names the class of the copies: observers offer its `observe_` methods, and its state is checked.
 */
// biome-ignore lint/suspicious/noExplicitAny: without the class of the copies, observers allow every name
export abstract class Cacheable<Copy = any> {
  declare readonly "~pb": "cache";
  declare readonly "~pbCopy": Copy;

  /** The tag. The stock one is the class's `static wireName`. */
  getTypeToCopy(): string {
    return wireNameOfClass(this);
  }

  getTypeToCopyFor(_perspective: unknown): string {
    return this.getTypeToCopy();
  }

  /** The state for a new copy, whose observer is remembered in the same breath. */
  abstract getStateToCacheAndObserveFor(perspective: unknown, observer: Observer<Copy>): object;

  /** The copy is gone: it was given back, the connection has ended, or the message that was to make it failed. Once. */
  stoppedObserving(_perspective: unknown, _observer: Observer<Copy>): void {}
}

/** A Cacheable that keeps its observers: `this.observers.callRemote("price", 11)` tells all copies. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export abstract class ObservableCacheable<Copy = any> extends Cacheable<Copy> {
  /** All copies at this moment. */
  readonly observers: Observers<Copy> = new Observers<Copy>();

  /** The state to begin with. The stock one is the object's own enumerable properties. */
  getStateToCopyFor(_perspective: unknown): object {
    const { observers: _, ...state } = this;
    return state;
  }

  override getStateToCacheAndObserveFor(perspective: unknown, observer: Observer<Copy>): object {
    const state = this.getStateToCopyFor(perspective);
    this.observers.add(observer);
    return state;
  }

  override stoppedObserving(_perspective: unknown, observer: Observer<Copy>): void {
    this.observers.delete(observer);
  }
}

/** A set of observers that is told things as one; one that is slow, broken or gone harms no other. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export class Observers<Copy = any> {
  declare readonly "~pbTarget"?: Copy;
  readonly #observers = new Set<Observer<Copy>>();

  get size(): number {
    return this.#observers.size;
  }

  add(observer: Observer<Copy>): void {
    this.#observers.add(observer);
  }

  delete(observer: Observer<Copy>): boolean {
    return this.#observers.delete(observer);
  }

  [Symbol.iterator](): IterableIterator<Observer<Copy>> {
    return this.#observers.values();
  }

  /** Tells all of them. Resolves when each has answered, failed or gone; never rejects. */
  callRemote<U, N extends MethodName<U>, A extends readonly unknown[]>(
    this: Callee<U>,
    name: N,
    ...args: Arguments<U, N, A>
  ): Promise<PromiseSettledResult<Observed<U, N>>[]>;
  callRemote(this: Observers, name: string, ...args: unknown[]): Promise<PromiseSettledResult<unknown>[]> {
    return Promise.allSettled([...this.#observers].map((observer) => observer.callRemote(name, ...args)));
  }

  /** Tells all of them without asking for answers: a copy that is behind costs nobody anything. */
  callRemoteOnly<U, N extends MethodName<U>, A extends readonly unknown[]>(
    this: Callee<U>,
    name: N,
    ...args: Arguments<U, N, A>
  ): void;
  callRemoteOnly(this: Observers, name: string, ...args: unknown[]): void {
    for (const observer of [...this.#observers]) observer.callRemoteOnly(name, ...args);
  }
}
