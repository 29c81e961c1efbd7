// Time that moves only when a test says so.
import type { Clock } from "../../src/index.ts";

export class ManualClock implements Clock {
  /** How many timers were ever set. */
  made = 0;
  #now = 1000;
  #timers: { readonly at: number; readonly fn: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, fn: () => void): () => void {
    this.made++;
    const timer = { at: this.#now + milliseconds, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Timers that are set and have not fired. */
  get waiting(): number {
    return this.#timers.length;
  }

  /** Time passes and nothing happens, as on a machine that sleeps; what was due fires late, when time passes again. */
  jump(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Lets time pass; what falls due fires in order, each at its own moment. */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.fn();
    }
    this.#now = end;
  }
}
