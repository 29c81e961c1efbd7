// The lock of an object that takes one call at a time. It belongs to the object: calls of all connections and of this process
// wait for it in one line. A call that is made on behalf of the one that has it enters at once, so an object that calls another
// one which calls back does not wait for itself; two such calls at the same time wait for each other like any others.
import { platform } from "#platform";
import type { DeadlockError } from "../errors.ts";
import type { Clock } from "../platform/clock.ts";
import { Deadlines } from "../platform/deadlines.ts";
import { type Activation, above, isAbove } from "./activation.ts";
import { type Chain, processName, processNumber } from "./chain.ts";
import { search } from "./probe.ts";

/** A call that waits for a lock. */
export interface LockWaiter {
  readonly activation: Activation;
  /** It has the lock now. Does not throw. */
  begin(): void;
  /** It will never have it: it does not wait any more. */
  refuse(error: DeadlockError): void;
}

/** How long nobody gets a lock before it is searched for a deadlock, and how long until the next search. */
const PATIENCE = 100;
const AGAIN = 500;
/** What one search may cost, and how many calls inside of others are looked at. */
const COST = 10_000;
const MOST_INSIDE = 100;
/** Calls that begin in one turn of the event loop before others get theirs. */
const TURN = 256;

export class Lock {
  static readonly #byObject = new WeakMap<object, Lock>();
  static #made = 0;
  /** For people, and unlike that of any other lock: `Account#3@k2x9`. */
  readonly name: string;
  // The last one has the lock; each of the others is above the next one, or has not waited for it.
  readonly #holders: Activation[] = [];
  readonly #waiting = new Map<Activation, LockWaiter>();
  // Those of them that were called on behalf of a holder, which it waits for.
  readonly #inside = new Set<LockWaiter>();
  #granting = false;
  // Somebody else has got it since it was looked at last; and whether it was searched then.
  #moved = false;
  #searched = false;
  // The searches that began at a holder, by their numbers, while it has the lock.
  readonly #searches = new Map<Activation, number>();
  #deadlines: Deadlines | undefined;
  #slot = 0;

  static of(object: object): Lock {
    let lock = Lock.#byObject.get(object);
    if (lock === undefined) {
      lock = new Lock(object);
      Lock.#byObject.set(object, lock);
    }
    return lock;
  }

  private constructor(object: object) {
    const kind = object.constructor?.name || "an object";
    this.name = `${kind.slice(0, 100)}#${++Lock.#made}@${processName(processNumber())}`;
  }

  /** Gives it to a call, if that can be now; it has to be left then. */
  enter(activation: Activation): boolean {
    const last = this.#holders.at(-1);
    if (last === undefined ? this.#waiting.size > 0 : !isAbove(last, activation)) return false;
    this.#holders.push(activation);
    return true;
  }

  /** The call that could not enter waits in line. */
  wait(waiter: LockWaiter, clock: Clock): void {
    const { activation } = waiter;
    activation.waitsFor = this;
    this.#waiting.set(activation, waiter);
    if (this.#holders.some((holder) => isAbove(holder, activation))) this.#inside.add(waiter);
    if (this.#deadlines !== undefined) {
      this.#lookSoon();
      return;
    }
    this.#deadlines = Deadlines.of(clock);
    this.#moved = false;
    this.#lookAfter(PATIENCE);
  }

  /** A call that waits does not want it any more; false if it does not wait. */
  withdraw(activation: Activation): boolean {
    const waiter = this.#waiting.get(activation);
    if (waiter === undefined) return false;
    activation.waitsFor = undefined;
    this.#waiting.delete(activation);
    this.#inside.delete(waiter);
    if (this.#waiting.size === 0 && this.#deadlines !== undefined) {
      this.#deadlines.remove(this, this.#slot);
      this.#deadlines = undefined;
    }
    return true;
  }

  /** A call that has it has ended. */
  leave(activation: Activation): void {
    const at = this.#holders.lastIndexOf(activation);
    if (at < 0) return;
    this.#holders.splice(at, 1);
    this.#searches.delete(activation);
    if (this.#waiting.size > 0) this.#grant();
  }

  /** @internal Called by the clock while calls wait. */
  expired(): void {
    if (this.#moved || this.#holders.length === 0) {
      this.#moved = false;
      this.#lookAfter(PATIENCE);
      return;
    }
    this.#lookAfter(AGAIN);
    const held = new Set(firsts(this.#holders));
    let looked = 0;
    for (const { activation } of this.#inside) {
      if (++looked > MOST_INSIDE) break;
      for (const holder of this.heldAgainst(activation)) held.add(holder);
    }
    const budget = { left: COST };
    for (const holder of held) {
      const number = this.#searches.get(holder) ?? platform.unguessable();
      this.#searches.set(holder, number);
      search([holder], { search: { process: processNumber(), number }, path: [] }, budget);
    }
  }

  /** Whether a search began at a call that has the lock, and that has to leave it before `activation` can enter. */
  isSearched({ process, number }: Chain, activation: Activation): boolean {
    if (process !== processNumber()) return false;
    for (const [holder, own] of this.#searches) if (own === number) return !isAbove(holder, activation);
    return false;
  }

  /** How many calls have it, one inside of the other. */
  get holders(): number {
    return this.#holders.length;
  }

  /** The calls that have to leave before one that waits can enter; of those that wait for each other the first one. */
  heldAgainst(activation: Activation): Activation[] {
    const callers = above(activation);
    return firsts(this.#holders.filter((holder) => !callers.has(holder)));
  }

  /** Ends the waiting of a call that can never enter. */
  refuse(activation: Activation, error: DeadlockError): void {
    const waiter = this.#waiting.get(activation);
    if (waiter === undefined) return;
    this.withdraw(activation);
    waiter.refuse(error);
  }

  /** Gives it to those who can enter, in the order of their coming. Each may leave before the next one is asked. */
  #grant(): void {
    if (this.#granting) return;
    this.#granting = true;
    let budget = TURN;
    for (let waiter = this.#next(); waiter !== undefined; waiter = this.#next()) {
      if (budget-- === 0) {
        platform.yieldTurn(() => {
          this.#granting = false;
          this.#grant();
        });
        return;
      }
      if (this.#holders.length === 0) {
        this.#moved = true;
        this.#lookSoon();
      }
      this.withdraw(waiter.activation);
      this.#holders.push(waiter.activation);
      waiter.begin();
    }
    this.#granting = false;
  }

  #next(): LockWaiter | undefined {
    const last = this.#holders.at(-1);
    if (last === undefined) return this.#waiting.values().next().value;
    for (const waiter of this.#inside) if (isAbove(last, waiter.activation)) return waiter;
    return undefined;
  }

  /** Who waits for whom has changed here since it was searched: there is no need to wait for the next time. */
  #lookSoon(): void {
    if (!this.#searched) return;
    this.#deadlines?.remove(this, this.#slot);
    this.#moved = false;
    this.#lookAfter(PATIENCE);
  }

  #lookAfter(milliseconds: number): void {
    this.#searched = milliseconds === AGAIN;
    this.#slot = this.#deadlines?.add(this, milliseconds) ?? 0;
  }
}

/** Those that no other one of them waits for; they stand in the order in which they entered. */
function firsts(holders: readonly Activation[]): Activation[] {
  return holders.filter((holder, i) => i === 0 || !isAbove(holders[i - 1] as Activation, holder));
}
