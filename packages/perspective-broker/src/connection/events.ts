// Events in the one shape that the library has: `on(name, fn)` gives a Disposable, `events(name)` an async iterator.

export class Events<Map extends object> {
  readonly #listeners = new globalThis.Map<keyof Map, Set<{ fn: (event: never) => void }>>();
  readonly #failed: (error: unknown) => void;
  readonly #waiting = new Set<Waiting>();
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
    const queue: Map[K][] = [];
    const waiting: Waiting = { ended: this.#ended, wake: () => {} };
    // Listens now and not at the first `next()`; an iterator that is never read goes with the emitter.
    const listener = this.on(name, (event) => {
      queue.push(event);
      waiting.wake();
    });
    this.#waiting.add(waiting);
    const stop = () => {
      listener[Symbol.dispose]();
      this.#waiting.delete(waiting);
    };
    return taken(queue, waiting, stop);
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
    for (const waiting of this.#waiting) {
      waiting.ended = true;
      waiting.wake();
    }
  }
}

/** One iterator that may be waiting for the next event. */
interface Waiting {
  ended: boolean;
  wake: () => void;
}

async function* taken<T>(queue: T[], waiting: Waiting, stop: () => void): AsyncGenerator<T, void, void> {
  try {
    for (;;) {
      while (queue.length > 0) yield queue.shift() as T;
      if (waiting.ended) return;
      await new Promise<void>((resolve) => {
        waiting.wake = resolve;
      });
    }
  } finally {
    stop();
  }
}
