// Many waiters, one listener per signal: a signal that a program passes to all its calls is not taken for a leak, and the
// second call costs no listener of its own.

/** What can be told that its signal has fired. */
export interface Abortable {
  aborted(reason: unknown): void;
}

/** All waiters of one signal. */
export class Aborts {
  static #bySignal = new WeakMap<AbortSignal, Aborts>();
  readonly #signal: AbortSignal;
  readonly #entries = new Set<Abortable>();
  readonly #fire = (): void => {
    const entries = [...this.#entries];
    this.#entries.clear();
    for (const entry of entries) entry.aborted(this.#signal.reason);
  };

  private constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  static of(signal: AbortSignal): Aborts {
    let aborts = Aborts.#bySignal.get(signal);
    if (aborts === undefined) {
      aborts = new Aborts(signal);
      Aborts.#bySignal.set(signal, aborts);
    }
    return aborts;
  }

  /** Tells `entry` once when the signal fires. It has not fired yet. */
  add(entry: Abortable): void {
    if (this.#entries.size === 0) this.#signal.addEventListener("abort", this.#fire, { once: true });
    this.#entries.add(entry);
  }

  remove(entry: Abortable): void {
    if (this.#entries.delete(entry) && this.#entries.size === 0) this.#signal.removeEventListener("abort", this.#fire);
  }
}
