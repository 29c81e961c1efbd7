// Bytes from the transport, cut into whole expressions. Chunks are read where they are; only what is cut off by the end of a
// chunk is gathered in a buffer of its own, which grows as bytes arrive and never on a peer's word alone. Cost is linear in
// the input whatever the chunking.

import { platform } from "#platform";
import { LimitExceeded } from "../../errors.ts";
import type { Limits } from "../../limits.ts";
import { Skimmer } from "./skimmer.ts";

export class Inbox {
  /** The expression that `next` found: `buffer[start, end)`. The buffer is never written again. */
  buffer: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  readonly #limits: Limits;
  readonly #skimmer: Skimmer;
  // What is being read: a chunk, or the gathered beginning of an expression.
  #filled = 0;
  #gathering = false;
  #chunks: Uint8Array[] = [];
  #next = 0;

  constructor(limits: Limits, vocabulary: boolean) {
    this.#limits = limits;
    this.#skimmer = new Skimmer(limits, vocabulary);
    this.#skimmer.begin(0);
  }

  receive(chunk: Uint8Array): void {
    if (chunk.length > 0) this.#chunks.push(chunk);
  }

  /** Finds the next whole expression. Throws BananaError or LimitExceeded: the connection cannot go on. */
  next(): boolean {
    for (;;) {
      if (this.#filled > this.end || this.#gathering) {
        const found = this.#skimmer.skim(this.buffer, this.#filled);
        if (found >= 0) {
          this.start = this.#gathering ? 0 : this.end;
          this.end = found;
          this.#gathering = false;
          this.#skimmer.begin(found);
          this.#checkSize(this.end - this.start);
          return true;
        }
      }
      if (!this.#more()) return false;
    }
  }

  /** Everything behind the expression that `next` found last; nothing stays here. */
  rest(): Uint8Array[] {
    const rest = [this.buffer.subarray(this.end, this.#filled), ...this.#chunks.slice(this.#next)];
    this.#filled = this.end;
    this.#chunks = [];
    this.#next = 0;
    return rest.filter((chunk) => chunk.length > 0);
  }

  /** Makes further bytes readable, if there are any. */
  #more(): boolean {
    const chunk = this.#chunks[this.#next];
    if (chunk === undefined) {
      if (this.#next > 0) {
        this.#chunks = [];
        this.#next = 0;
      }
      if (!this.#gathering && this.#filled > this.end) this.#gather();
      return false;
    }
    if (!this.#gathering) {
      if (this.#filled === this.end) {
        this.#take();
        this.buffer = chunk;
        this.#filled = chunk.length;
        this.end = 0;
        this.#skimmer.begin(0);
        return true;
      }
      this.#gather();
    }
    // Only as much as is known to be needed is copied; what follows the expression is then read where it is.
    const wanted = Math.max(this.#skimmer.missing, 256);
    const take = Math.min(wanted, chunk.length);
    this.#append(chunk.subarray(0, take));
    if (take === chunk.length) this.#take();
    else this.#chunks[this.#next] = chunk.subarray(take);
    return true;
  }

  #take(): void {
    this.#chunks[this.#next++] = new Uint8Array(0);
    if (this.#next === this.#chunks.length) {
      this.#chunks = [];
      this.#next = 0;
    }
  }

  /** The rest of the chunk moves into a buffer of its own. */
  #gather(): void {
    const from = this.end;
    const rest = this.#filled - from;
    const buffer = platform.allocate(this.#capacity(rest));
    buffer.set(this.buffer.subarray(from, this.#filled));
    this.buffer = buffer;
    this.#filled = rest;
    this.#gathering = true;
    this.end = 0;
    this.#skimmer.moved(from);
  }

  #append(bytes: Uint8Array): void {
    const size = this.#filled + bytes.length;
    this.#checkSize(size);
    if (size > this.buffer.length) {
      const larger = platform.allocate(this.#capacity(size));
      larger.set(this.buffer.subarray(0, this.#filled));
      this.buffer = larger;
    }
    this.buffer.set(bytes, this.#filled);
    this.#filled = size;
  }

  /** Room for what is known to come, at least half as much again as is there (growing stays linear), at most as much again. */
  #capacity(size: number): number {
    const wanted = Math.max(size + this.#skimmer.missing, Math.ceil(size * 1.5), 1024);
    return Math.min(wanted, Math.max(size * 2, 128 * 1024));
  }

  #checkSize(size: number): void {
    if (size > this.#limits.message) {
      throw new LimitExceeded("message", `a message is larger than limits.message (${this.#limits.message} bytes)`);
    }
  }
}
