// Time that passes when a case says so. Unlike the tests' ManualClock it is made for many cases: a timer that is stopped costs nothing.
import type { Clock } from "../../src/index.ts";

export class FuzzClock implements Clock {
  #now = 1000;
  readonly #timers = new Map<number, { readonly at: number; readonly fn: () => void }>();
  #last = 0;

  /** Timers that are set and have not fired. */
  get waiting(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, fn: () => void): () => void {
    const number = ++this.#last;
    this.#timers.set(number, { at: this.#now + milliseconds, fn });
    return () => void this.#timers.delete(number);
  }

  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      let next: number | undefined;
      let at = end;
      for (const [number, timer] of this.#timers) {
        if (timer.at > at || (next !== undefined && timer.at === at)) continue;
        next = number;
        at = timer.at;
      }
      if (next === undefined) break;
      const timer = this.#timers.get(next);
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, at);
      timer?.fn();
    }
    this.#now = end;
  }
}
