// What one connection has encoded and not yet handed to its transport: ranges of slabs, and large byte strings by
// reference. It never writes; session/output.ts decides when that happens.

/** Finished frames of one connection, in order. */
export class Outbox {
  /** Bytes that wait. */
  waiting = 0;
  /** Bytes ever put in. */
  total = 0;
  /** Of these, those that do not belong to the conversation. */
  unnumbered = 0;
  /** Where the message begins that was put in last. */
  frame = 0;
  #chunks: Uint8Array[] | undefined;
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

  /** A frame about the connection itself. */
  putUnnumbered(frame: Uint8Array): void {
    this.unnumbered += frame.length;
    this.put(frame, 0, frame.length);
  }

  /** All that waits, in order, as few chunks as possible; they belong to the caller. */
  take(): Uint8Array[] {
    this.#close();
    const chunks = this.#chunks ?? [];
    this.#chunks = undefined;
    this.waiting = 0;
    return chunks;
  }

  /** Sets `bits` of the byte at a position, under `mask`, if it still waits; false if it was taken. */
  change(position: number, mask: number, bits: number): boolean {
    const open = this.#buffer === undefined ? 0 : this.#end - this.#start;
    const at = position - (this.total - open);
    if (at >= 0) {
      setBits(this.#buffer as Uint8Array, this.#start + at, mask, bits);
      return true;
    }
    let begin = this.total - this.waiting;
    if (position < begin) return false;
    for (const chunk of this.#chunks ?? []) {
      if (position < begin + chunk.length) {
        setBits(chunk, position - begin, mask, bits);
        return true;
      }
      begin += chunk.length;
    }
    return false;
  }

  #close(): void {
    if (this.#buffer !== undefined && this.#end > this.#start) {
      this.#chunks ??= [];
      this.#chunks.push(this.#buffer.subarray(this.#start, this.#end));
    }
    this.#buffer = undefined;
  }
}

function setBits(bytes: Uint8Array, at: number, mask: number, bits: number): void {
  bytes[at] = ((bytes[at] as number) & ~mask) | bits;
}
