// Byte strings, buffers and long strings of one frame: in it, beside it without a copy, or in pieces after it (docs/pb7.md,
// Pieces).
import { platform } from "#platform";
import { LimitExceeded } from "../../errors.ts";
import { isSharedMemory } from "./buffers.ts";
import { pieces, tags } from "./tags.ts";
import { type Cut, type FrameWriter, varintBytes } from "./writer.ts";

/** A byte string of at least this size is sent by reference where the caller allows it. */
const BY_REFERENCE = 16 * 1024;

/** A leaf that goes in pieces. */
export interface Transfer {
  readonly id: number;
  readonly bytes: Uint8Array;
  /** The call that it belongs to, if that can be cancelled. */
  call?: number;
}

interface LateLeaf {
  readonly cut: Cut;
  /** Tags, and the kind of a buffer, that it has as a whole and in pieces. */
  readonly wholeHead: readonly number[];
  readonly head: readonly number[];
  readonly bytes: Uint8Array;
}

export class LateLeaves {
  /** Byte strings belong to the library until the call is answered, and need not be copied. */
  byReference = false;
  /** Bytes that the peer takes in pieces. */
  peerBytes = 0;
  /** A Cacheable that the peer does not know is in the frame. */
  fresh = false;
  readonly #out: FrameWriter;
  #whole = 0;
  #late: LateLeaf[] | undefined;

  constructor(out: FrameWriter) {
    this.#out = out;
  }

  clear(): void {
    this.byReference = false;
    this.fresh = false;
    this.#whole = 0;
    this.#late = undefined;
  }

  /** `wholeHead` is the tag, and the kind if there is one; `head` the same if it goes in pieces. */
  write(bytes: Uint8Array, wholeHead: readonly number[], head: readonly number[]): void {
    const size = bytes.length;
    if (size < BY_REFERENCE && !this.goesInPieces(size)) {
      for (const byte of wholeHead) this.#out.byte(byte);
      this.#out.varint(size);
      this.#out.bytes(bytes);
      return;
    }
    // What is large is never copied into the slab, which would have to grow for it: if at all, into memory of its own.
    const own = this.byReference && !isSharedMemory(bytes) ? bytes : copyOf(bytes);
    if (this.goesInPieces(size)) {
      this.later(own, wholeHead, head);
      return;
    }
    for (const byte of wholeHead) this.#out.byte(byte);
    this.#out.varint(size);
    this.#out.cut(own);
  }

  /** Until `act` has run, nothing goes in pieces: what it writes is needed when the frame arrives. */
  wholly(act: () => void): void {
    this.#whole++;
    act();
    this.#whole--;
  }

  goesInPieces(size: number): boolean {
    if (size <= pieces.fromInLarge || this.#whole > 0 || this.fresh) return false;
    if (size <= this.peerBytes) return size > pieces.from || this.#out.length > pieces.largeMessage;
    if (size > this.#out.largest && this.peerBytes > 0) {
      const text = `a value of ${size} bytes is more than may be on its way in pieces now (limits.bytes of both sides)`;
      throw new LimitExceeded("bytes", text);
    }
    return false;
  }

  later(bytes: Uint8Array, wholeHead: readonly number[], head: readonly number[]): void {
    this.#late ??= [];
    this.peerBytes -= bytes.length;
    this.#late.push({ cut: this.#out.cut(bytes.subarray(0, 0)), head, wholeHead, bytes });
  }

  /**
   * The frame is complete: what was to go in pieces has its number now, as frames that were begun later may have been sent
   * earlier. Where a new Cacheable is in the frame all leaves are, too.
   */
  place(numbers: { nextTransfer(): number }): Transfer[] | undefined {
    const late = this.#late;
    if (late === undefined) return undefined;
    this.#late = undefined;
    const transfers: Transfer[] = [];
    for (const { cut, head, wholeHead, bytes } of late) {
      if (this.fresh) {
        const units = wholeHead[0] === tags.utf16 ? bytes.length / 2 : bytes.length;
        cut.bytes = joined([...wholeHead, ...varintBytes(units)], bytes);
      } else {
        const id = numbers.nextTransfer();
        cut.bytes = Uint8Array.from([...head, ...varintBytes(id), ...varintBytes(bytes.length)]);
        transfers.push({ id, bytes });
      }
    }
    return transfers.length > 0 ? transfers : undefined;
  }
}

function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = platform.allocate(bytes.length);
  copy.set(bytes);
  return copy;
}

function joined(head: readonly number[], bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return whole;
}
