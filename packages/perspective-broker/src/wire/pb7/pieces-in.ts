// Large leaves on their way in: each has its memory from the start, which the system gives page by page as it is filled.

import { platform } from "#platform";
import { LimitExceeded, ProtocolError } from "../../errors.ts";
import { LazyMap } from "../../platform/lazy.ts";

/** So many bytes are taken before the peer is told. */
const TELL = 64 * 1024;

/** What is smaller does not travel in pieces: so there cannot be more of them than fit. */
const SMALLEST = 4096;

/** Who waits for pieces. */
export interface Waiter {
  /** One of its transfers is complete, or will never be (`bytes` undefined). */
  arrived(transfer: number, bytes: Uint8Array | undefined): void;
}

/** Counts what has come whole and waits with its message. */
export interface Keeper {
  /** False if there is no room for it. */
  keep(bytes: number): boolean;
  forget(bytes: number): void;
}

interface Coming {
  readonly bytes: Uint8Array;
  readonly waiter: Waiter;
  at: number;
}

export class PiecesIn implements Keeper {
  readonly #limit: number;
  readonly #teller: { tellTaken(bytes: number): void };
  readonly #coming = new LazyMap<number, Coming>();
  #bytes = 0;
  #kept = 0;
  #untold = 0;

  /** `teller` says to the peer how many bytes were taken. */
  constructor(limit: number, teller: { tellTaken(bytes: number): void }) {
    this.#limit = limit;
    this.#teller = teller;
  }

  /** A message has come that has a leaf in pieces. */
  begin(transfer: number, length: number, waiter: Waiter): void {
    if (this.#coming.has(transfer)) throw new ProtocolError(`the transfer ${transfer} was begun before`);
    if (length > this.#limit - this.#bytes || this.#coming.size > this.#limit / SMALLEST) {
      const message = `more than limits.bytes (${this.#limit}) are on their way in pieces`;
      throw new LimitExceeded("bytes", message);
    }
    this.#bytes += length;
    if (length === 0) waiter.arrived(transfer, new Uint8Array(0));
    else this.#coming.set(transfer, { bytes: allocate(length), waiter, at: 0 });
  }

  /** Throws ProtocolError for a piece of nothing that is on its way, or too much of it. */
  piece(transfer: number, buffer: Uint8Array, start: number, end: number): void {
    const coming = this.#coming.get(transfer);
    const length = end - start;
    if (coming === undefined || length > coming.bytes.length - coming.at) {
      throw new ProtocolError(`a piece that belongs to no transfer (${transfer})`);
    }
    coming.bytes.set(buffer.subarray(start, end), coming.at);
    coming.at += length;
    this.#untold += length;
    if (this.#untold >= TELL || coming.at === coming.bytes.length) {
      this.#teller.tellTaken(this.#untold);
      this.#untold = 0;
    }
    if (coming.at < coming.bytes.length) return;
    this.#end(transfer, coming);
    coming.waiter.arrived(transfer, coming.bytes);
  }

  /** The rest will not come. */
  void(transfer: number): void {
    const coming = this.#coming.get(transfer);
    if (coming === undefined) throw new ProtocolError(`there is no transfer ${transfer} to be given up`);
    this.#end(transfer, coming);
    coming.waiter.arrived(transfer, undefined);
  }

  /** Its sender counts it no more, but it is here until all that its message waits for has come. */
  keep(bytes: number): boolean {
    if (bytes > this.#limit - this.#kept) return false;
    this.#kept += bytes;
    return true;
  }

  forget(bytes: number): void {
    this.#kept -= bytes;
  }

  #end(transfer: number, coming: Coming): void {
    this.#coming.delete(transfer);
    this.#bytes -= coming.bytes.length;
  }
}

function allocate(length: number): Uint8Array {
  try {
    // Nobody sees it before every byte of it is written.
    const { buffer, byteOffset } = platform.allocate(length);
    return new Uint8Array(buffer, byteOffset, length);
  } catch (error) {
    throw new LimitExceeded("bytes", `there is no memory for ${length} bytes: ${String(error)}`);
  }
}
