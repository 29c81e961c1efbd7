// Events in the one shape that the library has: `on(name, fn)` gives a Disposable, `events(name)` an async iterator.

import { Arrivals } from "../platform/arrivals.ts";
import { LazySet } from "../platform/lazy.ts";

export class Events<Map extends object> {
  readonly #listeners = new globalThis.Map<keyof Map, Set<{ fn: (event: never) => void }>>();
  readonly #failed: (error: unknown) => void;
  readonly #iterators = new LazySet<{ wake(): void }>();
  #ended = false;

  /** `failed` is told what a listener throws. */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  on<K extends keyof Map>(name: K, fn: (event: Map[K]) => void): Disposable {
    let listeners = this.#listeners.get(name);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(name, listeners);
    }
    const listener = { fn: fn as (event: never) => void };
    listeners.add(listener);
    return { [Symbol.dispose]: () => void listeners.delete(listener) };
  }

  /** The events from now on; ends when there can be no more. What is not taken is kept. */
  events<K extends keyof Map>(name: K): AsyncGenerator<Map[K], void, void> {
    const arrivals = new Arrivals<Map[K]>();
    // An iterator that is never read goes with the emitter.
    const listener = this.on(name, (event) => arrivals.push(event));
    this.#iterators.add(arrivals);
    return arrivals.taken(
      () => !this.#ended,
      () => {
        listener[Symbol.dispose]();
        this.#iterators.delete(arrivals);
      },
    );
  }

  emit<K extends keyof Map>(name: K, event: Map[K]): void {
    for (const { fn } of [...(this.#listeners.get(name) ?? [])]) {
      try {
        fn(event as never);
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  /** There will be no more events: iterators end. */
  end(): void {
    this.#ended = true;
    for (const arrivals of this.#iterators) arrivals.wake();
  }
}
