// What one connection has encoded and not yet handed to its transport: ranges of slabs, and large byte strings by
// reference. It never writes; session/output.ts decides when that happens.

/** Finished frames of one connection, in order. */
export class Outbox {
  /** Bytes that wait. */
  waiting = 0;
  /** Bytes ever put in. */
  total = 0;
  #chunks: Uint8Array[] = [];
  #buffer: Uint8Array | undefined;
  #start = 0;
  #end = 0;

  /** Adds `buffer[start, end)`, joined to what stands right before it in the same buffer. */
  put(buffer: Uint8Array, start: number, end: number): void {
    this.waiting += end - start;
    this.total += end - start;
    if (buffer === this.#buffer && start === this.#end) {
      this.#end = end;
      return;
    }
    this.#close();
    this.#buffer = buffer;
    this.#start = start;
    this.#end = end;
  }

  /** All that waits, in order, as few chunks as possible; they belong to the caller. */
  take(): Uint8Array[] {
    this.#close();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.waiting = 0;
    return chunks;
  }

  #close(): void {
    if (this.#buffer !== undefined && this.#end > this.#start) {
      this.#chunks.push(this.#buffer.subarray(this.#start, this.#end));
    }
    this.#buffer = undefined;
  }
}
