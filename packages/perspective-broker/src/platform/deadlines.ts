// Many deadlines, one timer: deadlines fall into slots of 10 ms and only the earliest slot has a timer of the clock. So a
// timeout costs a call no timer of its own and fires at most one slot late.
import type { Clock } from "./clock.ts";

const SLOT = 10;

/** What can be told that its time is over. */
export interface Expiring {
  expired(): void;
}

/** All deadlines that follow one clock. */
export class Deadlines {
  static #byClock = new WeakMap<Clock, Deadlines>();
  readonly #clock: Clock;
  readonly #slots = new Map<number, Set<Expiring>>();
  #next = Number.POSITIVE_INFINITY;
  #stop: (() => void) | undefined;

  private constructor(clock: Clock) {
    this.#clock = clock;
  }

  static of(clock: Clock): Deadlines {
    let deadlines = Deadlines.#byClock.get(clock);
    if (deadlines === undefined) {
      deadlines = new Deadlines(clock);
      Deadlines.#byClock.set(clock, deadlines);
    }
    return deadlines;
  }

  /** Tells `entry` after `milliseconds`; returns the slot, which `remove` wants back. */
  add(entry: Expiring, milliseconds: number): number {
    const slot = Math.ceil((this.#clock.now() + milliseconds) / SLOT);
    const entries = this.#slots.get(slot);
    if (entries === undefined) this.#slots.set(slot, new Set([entry]));
    else entries.add(entry);
    if (slot < this.#next) this.#arm(slot);
    return slot;
  }

  remove(entry: Expiring, slot: number): void {
    const entries = this.#slots.get(slot);
    if (entries?.delete(entry) && entries.size === 0) this.#slots.delete(slot);
  }

  #arm(slot: number): void {
    this.#stop?.();
    this.#next = slot;
    this.#stop = this.#clock.after(Math.max(0, slot * SLOT - this.#clock.now()), () => this.#fire());
  }

  #fire(): void {
    this.#stop = undefined;
    this.#next = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const [slot, entries] of this.#slots) {
      if (slot * SLOT <= now) {
        this.#slots.delete(slot);
        for (const entry of entries) entry.expired();
      } else if (slot < earliest) earliest = slot;
    }
    if (earliest < this.#next) this.#arm(earliest);
  }
}
