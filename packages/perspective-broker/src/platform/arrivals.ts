// What arrives from now on, for one who takes it at leisure by `for await`. What is not taken is kept.

/** One iterator's queue. It collects from the moment it is made, and not from the first `next()`. */
export class Arrivals<T> {
  readonly #queue: T[] = [];
  #wake = (): void => {};

  push(value: T): void {
    this.#queue.push(value);
    this.#wake();
  }

  /** Looks again whether there can be more. */
  wake(): void {
    this.#wake();
  }

  /** Ends when all is taken and `more()` is false. `stop` runs at the end, also when the iterator is left. */
  async *taken(more: () => boolean, stop: () => void): AsyncGenerator<T, void, void> {
    try {
      for (;;) {
        while (this.#queue.length > 0) yield this.#queue.shift() as T;
        if (!more()) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      stop();
    }
  }
}
