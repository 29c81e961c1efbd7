// The numbers that this side gives out on one connection, for objects and caches alike: rising, never used again (spec §5.2), and
// the patience with a peer that asks for too many (spec §5.6).
import { LimitExceeded, UnknownId } from "../errors.ts";

export class Ids {
  #last = 0;
  #refusals = 0;
  readonly #told: { tooManyReferences(): void };

  /** Told when the peer was refused once too often. */
  constructor(told: { tooManyReferences(): void }) {
    this.#told = told;
  }

  next(): number {
    return ++this.#last;
  }

  /** Throws UnknownId for a number that was never given out. */
  check(id: number): void {
    if (id < 1 || id > this.#last) throw new UnknownId(`the peer used the id ${id}, which it was never given`);
  }

  /** The error for one more than the limit: three times only an error, the fourth time the end of the connection. */
  refuse(what: "reference" | "cache"): LimitExceeded {
    const text = `Maximum PB ${what} count exceeded.`;
    if (++this.#refusals <= 3) return new LimitExceeded("references", text);
    this.#told.tooManyReferences();
    return new LimitExceeded("references", `${text}  Goodbye.`);
  }
}
