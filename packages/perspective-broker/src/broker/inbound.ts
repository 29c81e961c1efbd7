// Calls of the peer that wait for their turn: more than a cap do not run at the same time, and what waits is bounded in bytes.
// Reading goes on meanwhile, so answers to calls that the running ones make can always arrive.
import type { IncomingCall } from "../wire/message.ts";

export interface WaitingCall extends IncomingCall {
  /** Its object is kept until it has begun. */
  pinned?: boolean;
}

export class InboundQueue {
  running = 0;
  readonly #cap: number;
  readonly #maxBytes: number;
  #waiting: WaitingCall[] = [];
  #next = 0;
  #bytes = 0;

  constructor(cap: number, maxBytes: number) {
    this.#cap = cap;
    this.#maxBytes = maxBytes;
  }

  /** Whether a call can run now; if so no other waits. */
  get open(): boolean {
    return this.running < this.#cap && this.#next === this.#waiting.length;
  }

  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  /** Lets a call wait; false if there is no room for it. */
  add(call: WaitingCall): boolean {
    if (this.#bytes + call.bytes > this.#maxBytes) return false;
    this.#bytes += call.bytes;
    this.#waiting.push(call);
    return true;
  }

  /** The call whose turn it is, if one may run. */
  take(): WaitingCall | undefined {
    if (this.running >= this.#cap) return undefined;
    const call = this.#waiting[this.#next];
    if (call === undefined) return undefined;
    this.#bytes -= call.bytes;
    this.#next++;
    if (this.#next === this.#waiting.length || this.#next > 1024) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    return call;
  }

  clear(): void {
    this.#waiting = [];
    this.#next = 0;
    this.#bytes = 0;
  }
}
