// The peer's searches for calls that wait for each other (docs/pb7.md, Locks), and what they may cost.
//
// A search makes no call fail that could go on: it ends in a failure only where it comes back to the lock at which it began, and it
// has a number that only those are told who serve calls for which the holder of that lock waits. What such a peer can pretend is
// that it waits for one of its own calls, and it could as well wait for it. The path that it sends decides no more than which one
// of the calls of the cycle has to go.
import type { Activation } from "../flavors/activation.ts";
import { type Budget, type Probe, search } from "../flavors/probe.ts";
import type { Clock } from "../platform/clock.ts";

/** What may be looked at for one peer, at once and in each second. */
const MOST = 20_000;

export class Searches {
  readonly #clock: Clock;
  readonly #budget: Budget = { left: MOST };
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The peer's search goes on at a call of its own. What is too much is ignored: searches are repeated. */
  goOn(activation: Activation, probe: Probe): void {
    const now = this.#clock.now();
    this.#budget.left = Math.min(MOST, this.#budget.left + ((now - this.#last) * MOST) / 1000);
    this.#last = now;
    if (this.#budget.left > 0) search([activation], probe, this.#budget);
  }
}
