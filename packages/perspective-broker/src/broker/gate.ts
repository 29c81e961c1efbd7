// Calls that the peer does not allow yet: no more are open there than its hello says. What does not fit waits here, encoded, in
// order, and what must not overtake it waits behind it.
import type { MoreMessages } from "../wire/dialect.ts";
import type { Outbox } from "../wire/outbox.ts";

/** What waits at the gate: a call, or what has to stay behind calls. */
export interface Held {
  readonly box: Outbox;
  /** Told when it has been put into the connection's outbox; undefined for what is no call. */
  readonly call: { forwarded(): void } | undefined;
  /** Its number among all that ever waited. */
  at?: number;
}

/** What a message that is no call takes beside its bytes, roughly: it is the peer who causes those. */
const COST = 128;

function weightOf({ box, call }: Held): number {
  return call === undefined ? box.waiting + COST : box.waiting;
}
/** What never waited; not to be changed. */
const NOTHING: (Held | undefined)[] = [];
const NONE: (() => void)[] = [];

export class Gate {
  /** Calls that are open at the peer. */
  open = 0;
  /** Calls that wait, and the bytes that all takes that waits. */
  calls = 0;
  bytes = 0;
  #allowed: number;
  // What was withdrawn has left a gap.
  #queue: (Held | undefined)[] = NOTHING;
  #next = 0;
  // How many were taken off the queue's front.
  #before = 0;
  readonly #more: Pick<MoreMessages, "forward"> | undefined;
  #opened: (() => void)[] = NONE;

  /** `more` puts what waited into the connection's outbox. */
  constructor(allowed: number, more: Pick<MoreMessages, "forward"> | undefined) {
    this.#allowed = allowed;
    this.#more = more;
  }

  /** Whether a call has to wait. */
  get closed(): boolean {
    return this.open >= this.#allowed || this.waiting;
  }

  /** Whether anything waits. */
  get waiting(): boolean {
    return this.#next < this.#queue.length;
  }

  /** Calls `fn` once when a call need not wait any more. */
  whenOpen(fn: () => void): void {
    if (this.#opened === NONE) this.#opened = [];
    this.#opened.push(fn);
  }

  hold(held: Held): void {
    held.at = this.#before + this.#queue.length;
    if (this.#queue === NOTHING) this.#queue = [];
    this.#queue.push(held);
    this.bytes += weightOf(held);
    if (held.call !== undefined) this.calls++;
  }

  /** Takes a call out that is not to be sent; false if it has been forwarded already. What waited behind it may go. */
  withdraw(held: Held): boolean {
    const index = (held.at as number) - this.#before;
    if (this.#queue[index] !== held) return false;
    this.#queue[index] = undefined;
    this.bytes -= weightOf(held);
    this.calls--;
    this.#pump();
    this.#tellOpen();
    return true;
  }

  /** The peer says how many calls it allows. */
  allow(calls: number): boolean {
    this.#allowed = calls;
    const forwarded = this.#pump();
    this.#tellOpen();
    return forwarded;
  }

  /** So many calls are no longer open; returns whether anything was forwarded. */
  closedAgain(calls: number): boolean {
    this.open = Math.max(0, this.open - calls);
    const forwarded = this.waiting && this.#pump();
    this.#tellOpen();
    return forwarded;
  }

  #tellOpen(): void {
    if (this.#opened.length === 0 || this.closed) return;
    const opened = this.#opened;
    this.#opened = NONE;
    for (const fn of opened) fn();
  }

  clear(): void {
    this.#before += this.#queue.length;
    this.#queue = NOTHING;
    this.#next = 0;
    this.bytes = 0;
    this.calls = 0;
  }

  #pump(): boolean {
    let forwarded = false;
    for (; this.#next < this.#queue.length; this.#next++) {
      const held = this.#queue[this.#next];
      if (held === undefined) continue;
      if (held.call !== undefined && this.open >= this.#allowed) break;
      this.#queue[this.#next] = undefined;
      this.bytes -= weightOf(held);
      if (held.call !== undefined) {
        this.open++;
        this.calls--;
      }
      this.#more?.forward(held.box);
      held.call?.forwarded();
      forwarded = true;
    }
    if (this.#next === this.#queue.length || this.#next > 1024) {
      this.#before += this.#next;
      this.#queue = this.waiting ? this.#queue.slice(this.#next) : NOTHING;
      this.#next = 0;
    }
    return forwarded;
  }
}
