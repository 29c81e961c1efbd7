// Failed logins by address: after some, the address is refused for a while that doubles with each further one. The table is
// bounded, time is injected. What a login is and whether it failed is decided elsewhere.
import { TooManyLogins } from "../errors.ts";
import type { Clock } from "../platform/clock.ts";

export interface RateLimit {
  /** Failures of one address that have no consequence. Default 5. */
  readonly failures: number;
  /** Milliseconds that an address is refused after the last of these; doubled by each further failure. Default 1000. */
  readonly delay: number;
  /** The longest refusal, in milliseconds. Default 60 000. */
  readonly longestDelay: number;
  /** Milliseconds without failure until those before are forgotten. Default 900 000. */
  readonly forgetAfter: number;
  /** Addresses that are remembered; above it the one that failed longest ago is forgotten. Default 10 000. */
  readonly addresses: number;
  /** Logins of one address that wait for others of it to be decided. Default 1000. */
  readonly waiting: number;
}

const defaults: RateLimit = {
  failures: 5,
  delay: 1000,
  longestDelay: 60_000,
  forgetAfter: 900_000,
  addresses: 10_000,
  waiting: 1000,
};

/** How an admitted attempt ended: `passed`, `failed`, or `undecided` when nothing was tried after all. */
export type Outcome = "passed" | "failed" | "undecided";

export class LoginLimiter {
  readonly #limit: RateLimit;
  readonly #clock: Clock;
  readonly #addresses = new Map<string, Address>();

  constructor(limit: Partial<RateLimit>, clock: Clock) {
    for (const [name, value] of Object.entries(limit)) {
      if (!Object.hasOwn(defaults, name)) throw new TypeError(`rateLimit.${name}: there is no such option`);
      if (!(value > 0)) throw new RangeError(`rateLimit.${name}: must be a number above 0`);
    }
    this.#limit = { ...defaults, ...limit };
    this.#clock = clock;
  }

  /** How many addresses are remembered now. */
  get size(): number {
    return this.#addresses.size;
  }

  /** Throws TooManyLogins while the address is refused. */
  check(key: string): void {
    const address = this.#addresses.get(key);
    const wait = (address?.refusedUntil ?? 0) - this.#clock.now();
    if (wait > 0) throw new TooManyLogins(wait);
  }

  /**
   * Lets an attempt begin, and gives the function that must be told how it ended. At most as many run at once as may still
   * fail, so that a thousand guesses at the same moment are not a thousand guesses; the others wait their turn. Rejects with
   * TooManyLogins.
   */
  async admit(key: string): Promise<(outcome: Outcome) => void> {
    for (;;) {
      this.check(key);
      const address = this.#address(key);
      if (address.running < Math.max(1, this.#limit.failures - address.failures)) {
        address.running++;
        return (outcome) => this.#ended(key, address, outcome);
      }
      if (address.waiting.length >= this.#limit.waiting) throw new TooManyLogins(this.#limit.delay);
      await new Promise<void>((resolve) => address.waiting.push(resolve));
    }
  }

  #address(key: string): Address {
    let address = this.#addresses.get(key);
    if (address === undefined) {
      if (this.#addresses.size >= this.#limit.addresses) this.#forgetOldest();
      address = { failures: 0, running: 0, refusedUntil: 0, lastFailure: 0, waiting: [] };
      this.#addresses.set(key, address);
    }
    if (this.#clock.now() - address.lastFailure > this.#limit.forgetAfter) address.failures = 0;
    return address;
  }

  #ended(key: string, address: Address, outcome: Outcome): void {
    address.running--;
    if (outcome === "failed") {
      const { failures, delay, longestDelay } = this.#limit;
      address.lastFailure = this.#clock.now();
      const further = ++address.failures - failures;
      if (further >= 0) address.refusedUntil = address.lastFailure + Math.min(longestDelay, delay * 2 ** further);
      this.#addresses.delete(key); // to the end: the youngest
      this.#addresses.set(key, address);
    } else if (address.failures === 0 && isIdle(address)) {
      this.#addresses.delete(key);
    }
    // All of them: each looks again whether there is room, and those of a refused address are refused.
    for (const resume of address.waiting.splice(0)) resume();
  }

  /** The first addresses are those that failed longest ago; those with a login under way are passed over. */
  #forgetOldest(): void {
    let looked = 0;
    for (const [key, address] of this.#addresses) {
      if (isIdle(address)) {
        this.#addresses.delete(key);
        return;
      }
      if (++looked >= 100) break;
    }
    throw new TooManyLogins(this.#limit.delay);
  }
}

interface Address {
  failures: number;
  running: number;
  refusedUntil: number;
  lastFailure: number;
  waiting: (() => void)[];
}

function isIdle(address: Address): boolean {
  return address.running === 0 && address.waiting.length === 0;
}
