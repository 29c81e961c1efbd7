// Calls of the peer that wait for their turn: more than a cap do not run at the same time, and what waits is bounded in bytes.
// Reading goes on meanwhile, so answers to calls that the running ones make can always arrive.
import type { Referenceable } from "../flavors/referenceable.ts";
import type { Limits } from "../limits.ts";
import type { IncomingCall } from "../wire/message.ts";
import type { Forwarding, KeptResult } from "./results.ts";

/** A call of the peer's on its way to its object. */
export interface WaitingCall extends IncomingCall {
  /** Its object is kept until it has begun. */
  pinned?: boolean;
  /** Its object, where that is not found by its target. */
  object?: Referenceable | Forwarding;
  /** Where its result is kept for calls through it. */
  kept?: KeptResult | undefined;
  /** The caller has given it up before it began. */
  cancelled?: boolean;
  /** When it came, if it has a deadline. */
  arrived?: number;
}

export class InboundQueue {
  running = 0;
  readonly #limits: Pick<Limits, "calls" | "queuedBytes">;
  #waiting: WaitingCall[] = NONE;
  #next = 0;
  #bytes = 0;

  constructor(limits: Pick<Limits, "calls" | "queuedBytes">) {
    this.#limits = limits;
  }

  /** Whether a call can run now; if so no other waits. */
  get open(): boolean {
    return this.running < this.#limits.calls && this.#next === this.#waiting.length;
  }

  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  /** Counts what waits somewhere; false if there is no room for it. */
  reserve(bytes: number): boolean {
    if (this.#bytes + bytes > this.#limits.queuedBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  /** What was reserved waits no more. */
  free(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** Lets a call wait; false if there is no room for it. */
  add(call: WaitingCall): boolean {
    if (!this.reserve(call.bytes)) return false;
    if (this.#waiting === NONE) this.#waiting = [];
    this.#waiting.push(call);
    return true;
  }

  /** The call whose turn it is, if one may run. */
  take(): WaitingCall | undefined {
    if (this.running >= this.#limits.calls) return undefined;
    const call = this.#waiting[this.#next];
    if (call === undefined) return undefined;
    this.free(call.bytes);
    this.#next++;
    if (this.#next === this.#waiting.length || this.#next > 1024) {
      this.#waiting = this.waiting === 0 ? NONE : this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    return call;
  }

  /** A call that waits is not wanted any more; false if there is none of that id. */
  cancel(id: number): boolean {
    for (let i = this.#next; i < this.#waiting.length; i++) {
      const call = this.#waiting[i] as WaitingCall;
      if (call.id !== id) continue;
      call.cancelled = true;
      return true;
    }
    return false;
  }

  clear(): void {
    this.#waiting = NONE;
    this.#next = 0;
    this.#bytes = 0;
  }
}

/** Of those for whom nothing waits; never changed. */
const NONE: WaitingCall[] = [];
