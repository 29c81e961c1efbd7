// Events in the one shape that the library has: `on(name, fn)` gives a Disposable, `events(name)` an async iterator.

export class Events<Map extends object> {
  readonly #listeners = new globalThis.Map<keyof Map, Set<{ fn: (event: never) => void }>>();
  readonly #failed: (error: unknown) => void;
  readonly #ends = new Set<() => void>();

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
  async *events<K extends keyof Map>(name: K): AsyncGenerator<Map[K], void, void> {
    const queue: Map[K][] = [];
    let ended = false;
    let wake = () => {};
    const end = () => {
      ended = true;
      wake();
    };
    this.#ends.add(end);
    const listener = this.on(name, (event) => {
      queue.push(event);
      wake();
    });
    try {
      for (;;) {
        while (queue.length > 0) yield queue.shift() as Map[K];
        if (ended) return;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      listener[Symbol.dispose]();
      this.#ends.delete(end);
    }
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
    for (const end of this.#ends) end();
  }
}
