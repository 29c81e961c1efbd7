// Calls that the peer does not allow yet: no more are open there than its hello says. What does not fit waits here, encoded, in
// order, and what must not overtake it waits behind it.
import type { MoreMessages } from "../wire/dialect.ts";
import type { Outbox } from "../wire/outbox.ts";

/** What waits at the gate: a call, or what has to stay behind calls. */
export interface Held {
  readonly box: Outbox;
  /** Told when it has been put into the connection's outbox; undefined for what is no call. */
  readonly call: { forwarded(): void } | undefined;
}

export class Gate {
  /** Calls that are open at the peer. */
  open = 0;
  /** Bytes that wait. */
  bytes = 0;
  #allowed: number;
  #queue: Held[] | undefined;
  #next = 0;
  readonly #more: Pick<MoreMessages, "forward"> | undefined;

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
    return this.#queue !== undefined && this.#next < this.#queue.length;
  }

  /** The calls that wait. */
  get calls(): number {
    let calls = 0;
    for (const held of this.#queue?.slice(this.#next) ?? []) if (held.call !== undefined) calls++;
    return calls;
  }

  hold(held: Held): void {
    this.#queue ??= [];
    this.#queue.push(held);
    this.bytes += held.box.waiting;
  }

  /** Takes a call out that is not to be sent; false if it has been forwarded already. */
  withdraw(held: Held): boolean {
    const at = this.#queue?.indexOf(held, this.#next) ?? -1;
    if (at < 0) return false;
    this.#queue?.splice(at, 1);
    this.bytes -= held.box.waiting;
    return true;
  }

  /** The peer says how many calls it allows. */
  allow(calls: number): boolean {
    this.#allowed = calls;
    return this.#pump();
  }

  /** So many calls are no longer open; returns whether anything was forwarded. */
  closedAgain(calls: number): boolean {
    this.open = Math.max(0, this.open - calls);
    return this.waiting && this.#pump();
  }

  /** Everything goes now, whatever the peer allows: something else must not overtake it. */
  flush(): void {
    this.#pump(true);
  }

  clear(): void {
    this.#queue = undefined;
    this.#next = 0;
    this.bytes = 0;
  }

  #pump(all = false): boolean {
    let forwarded = false;
    for (;;) {
      const held = this.#queue?.[this.#next];
      if (held === undefined || !(all || held.call === undefined || this.open < this.#allowed)) break;
      this.#next++;
      this.bytes -= held.box.waiting;
      if (held.call !== undefined) this.open++;
      this.#more?.forward(held.box);
      held.call?.forwarded();
      forwarded = true;
    }
    const queue = this.#queue;
    if (queue !== undefined && (this.#next === queue.length || this.#next > 1024)) {
      this.#queue = this.#next === queue.length ? undefined : queue.slice(this.#next);
      this.#next = 0;
    }
    return forwarded;
  }
}
