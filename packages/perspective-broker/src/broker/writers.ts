// Those who have more to send and can wait: told when the transport has room, in a turn of its own, so that what has come
// meanwhile goes between their messages.
import { platform } from "#platform";

export class Writers {
  readonly #output: { readonly congested: boolean };
  #waiting: (() => void)[] = [];
  #scheduled = false;
  #ended = false;
  readonly #run = () => {
    this.#scheduled = false;
    if (!this.#open) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const fn of waiting) fn();
  };

  constructor(output: { readonly congested: boolean }) {
    this.#output = output;
  }

  add(fn: () => void): void {
    this.#waiting.push(fn);
    this.tell();
  }

  /** There may be room now. */
  tell(): void {
    if (this.#waiting.length === 0 || this.#scheduled || !this.#open) return;
    this.#scheduled = true;
    platform.yieldTurn(this.#run);
  }

  /** Nobody waits for room any more. */
  end(): void {
    this.#ended = true;
    this.tell();
  }

  get #open(): boolean {
    return this.#ended || !this.#output.congested;
  }
}
