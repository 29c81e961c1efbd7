// Writes frames into a slab: numbers, strings and bytes, without knowing what they mean. One frame at a time, straight into
// its final place; a frame that is begun while another is open is finished first. Hot: bounds are checked once per item.
import { platform } from "#platform";
import { LimitExceeded } from "../../errors.ts";
import type { Outbox } from "../outbox.ts";
import { claim, settle } from "../slab.ts";
import { HEAD, LARGEST_BODY, SHORT_STRING, tags } from "./tags.ts";

/** Up to here a loop writes an ASCII string faster than the platform does. */
export const SHORT = 24;

/** Bytes that are free where `at <= safe`: enough for any number, a short string, a tag with a varint. */
const SLACK = 64;

const encoder = new TextEncoder();

/** Bytes of somebody else's that stand before the byte `at` of the frame. */
export interface Cut {
  readonly at: number;
  bytes: Uint8Array;
}

/** How large the frames of a connection may be. */
export interface FrameBounds {
  readonly limits: { readonly message: number };
  /** The largest body that the peer reads. */
  readonly peerMessage: number;
}

const NO_BOUNDS: FrameBounds = { limits: { message: 0 }, peerMessage: 0 };

/** Bytes of the largest body that may be written. */
export function largestBody({ limits, peerMessage }: FrameBounds): number {
  return Math.min(limits.message, peerMessage, LARGEST_BODY);
}

/** One for the process: frames of all its connections are written one after the other, or one within another. */
export class FrameWriter {
  static #one: FrameWriter | undefined;
  buffer: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(this.buffer.buffer);
  /** Where the next byte goes. Who writes there has asked for room. */
  at = 0;
  /** Up to here there is room for any small item behind `at`; beyond it, `more` makes room. */
  safe = 0;
  #size = 0;
  #bounds = NO_BOUNDS;
  #start = 0;
  #shared = false;
  #open = false;
  #cuts: Cut[] | undefined;
  #outer: Saved[] = [];

  static get one(): FrameWriter {
    FrameWriter.#one ??= new FrameWriter();
    return FrameWriter.#one;
  }

  /** Begins a frame of the connection whose bounds these are; one that is open goes on when it has ended. */
  begin(type: number, bounds: FrameBounds): void {
    if (this.#open) {
      const { buffer, at } = this;
      const [start, shared, cuts] = [this.#start, this.#shared, this.#cuts];
      this.#outer.push({ buffer, at, start, shared, cuts, bounds: this.#bounds });
      this.#cuts = undefined;
    }
    const place = claim();
    if (place.buffer !== this.buffer) this.#use(place.buffer);
    this.#start = place.start;
    this.#shared = place.shared;
    this.#open = true;
    this.#bounds = bounds;
    this.buffer[place.start] = type;
    this.at = place.start + HEAD;
  }

  /** Bytes of the frame so far, its head and what it refers to included. */
  get length(): number {
    let length = this.at - this.#start;
    if (this.#cuts !== undefined) for (const cut of this.#cuts) length += cut.bytes.length;
    return length;
  }

  /** Bytes of the largest body that may be written. */
  get largest(): number {
    return largestBody(this.#bounds);
  }

  /** Sets bits of the first byte of the body. */
  mark(bits: number): void {
    const at = this.#start + HEAD;
    this.buffer[at] = (this.buffer[at] as number) | bits;
  }

  /** Throws LimitExceeded, with the frame still open, if it is larger than it may be. */
  seal(): void {
    const body = this.length - HEAD;
    if (body > LARGEST_BODY || body > this.#bounds.limits.message || body > this.#bounds.peerMessage)
      this.#checkSize(0);
    const { buffer } = this;
    const start = this.#start;
    buffer[start + 1] = body & 0xff;
    buffer[start + 2] = (body >>> 8) & 0xff;
    buffer[start + 3] = body >>> 16;
  }

  /** Hands the sealed frame over. */
  end(outbox: Outbox): void {
    const start = this.#start;
    let from = start;
    if (this.#cuts !== undefined) {
      for (const cut of this.#cuts) {
        outbox.put(this.buffer, from, start + cut.at);
        outbox.put(cut.bytes, 0, cut.bytes.length);
        from = start + cut.at;
      }
    }
    outbox.put(this.buffer, from, this.at);
    if (this.#shared) settle(this.buffer, this.at);
    this.#close();
  }

  /** Ends the frame without a trace. */
  rollback(): void {
    if (this.#shared) settle(this.buffer, this.#start);
    this.#close();
  }

  /** Puts bytes of somebody else's here without a copy; they can be given later, before the frame is sealed. */
  cut(bytes: Uint8Array): Cut {
    const cut = { at: this.at - this.#start, bytes };
    this.#cuts ??= [];
    this.#cuts.push(cut);
    return cut;
  }

  byte(value: number): void {
    if (this.at > this.safe) this.more();
    this.buffer[this.at++] = value;
  }

  /** A tag with a varint behind it. */
  head(tag: number, value: number): void {
    if (this.at > this.safe) this.more();
    this.buffer[this.at++] = tag;
    if (value < 128) this.buffer[this.at++] = value;
    else this.#digits(value);
  }

  varint(value: number): void {
    if (this.at > this.safe) this.more();
    this.#digits(value);
  }

  number(value: number): void {
    if (this.at > this.safe) this.more();
    const buffer = this.buffer;
    const at = this.at;
    const n = value | 0;
    if (n !== value || (n === 0 && 1 / value < 0)) {
      buffer[at] = tags.double;
      // An engine may keep NaNs of different bits: one of them is sent.
      this.view.setFloat64(at + 1, Number.isNaN(value) ? Number.NaN : value, true);
      this.at = at + 9;
    } else if (n >= 0 && n < 128) {
      buffer[at] = tags.small | n;
      this.at = at + 1;
    } else {
      buffer[at] = tags.integer;
      this.at = at + 1;
      this.#digits(((n << 1) ^ (n >> 31)) >>> 0);
    }
  }

  /** Eight bytes. */
  double(value: number): void {
    if (this.at > this.safe) this.more();
    this.view.setFloat64(this.at, Number.isNaN(value) ? Number.NaN : value, true);
    this.at += 8;
  }

  string(text: string): void {
    const length = text.length;
    if (length > SHORT) {
      this.#longString(text);
      return;
    }
    if (this.at > this.safe) this.more();
    const buffer = this.buffer;
    let at = this.at;
    buffer[at++] = tags.shortString | length;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#longString(text);
        return;
      }
      buffer[at++] = code;
    }
    this.at = at;
  }

  bytes(bytes: Uint8Array): void {
    const length = bytes.length;
    if (length > this.#size - this.at) this.#checkSize(length);
    this.room(length);
    this.buffer.set(bytes, this.at);
    this.at += length;
  }

  /** Makes room for so many bytes. */
  room(bytes: number): void {
    if (this.#size - this.at < bytes) this.#grow(bytes);
  }

  /** Makes room for small items. */
  more(): void {
    this.#grow(SLACK);
  }

  /** Non-ASCII or more than a few characters: written behind a head for ASCII, and moved if it is none. */
  #longString(text: string): void {
    const length = text.length;
    const from = length <= SHORT_STRING ? 1 : 1 + digitsOf(length);
    this.room(length * 3 + 9);
    const start = this.at;
    const { written } = encoder.encodeInto(text, this.buffer.subarray(start + from));
    if (written === length) {
      if (length <= SHORT_STRING) this.buffer[this.at++] = tags.shortString | length;
      else this.head(tags.ascii, length);
      this.at = start + from + written;
    } else if (text.isWellFormed()) {
      const exact = 1 + digitsOf(written);
      if (exact !== from) this.buffer.copyWithin(start + exact, start + from, start + from + written);
      this.head(tags.utf8, written);
      this.at = start + exact + written;
    } else {
      this.head(tags.utf16, length);
      const buffer = this.buffer;
      let at = this.at;
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(i);
        buffer[at++] = code & 0xff;
        buffer[at++] = code >>> 8;
      }
      this.at = at;
    }
  }

  #digits(value: number): void {
    const buffer = this.buffer;
    let at = this.at;
    let rest = value;
    while (rest > 0x7f) {
      if (rest > 0x7fff_ffff) {
        buffer[at++] = (rest % 128) | 0x80;
        rest = Math.floor(rest / 128);
      } else {
        buffer[at++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
    }
    buffer[at++] = rest;
    this.at = at;
  }

  #grow(bytes: number): void {
    const size = this.at - this.#start;
    // A string reserves up to three times its length, hence only a third of what is asked for counts; small items do not.
    this.#checkSize(bytes > 4096 ? bytes / 3 : 0);
    const larger = platform.allocate(Math.max(64 * 1024, (size + bytes) * 2));
    larger.set(this.buffer.subarray(this.#start, this.at));
    if (this.#shared) settle(this.buffer, this.#start);
    this.#shared = false;
    this.#use(larger);
    this.#start = 0;
    this.at = size;
  }

  #use(buffer: Uint8Array): void {
    this.buffer = buffer;
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    this.#size = buffer.length;
    this.safe = buffer.length - SLACK;
  }

  #checkSize(more: number): void {
    const body = this.length - HEAD + more;
    const own = Math.min(this.#bounds.limits.message, LARGEST_BODY);
    if (body > own) throw new LimitExceeded("message", `a message is larger than limits.message (${own} bytes)`);
    const { peerMessage } = this.#bounds;
    if (body > peerMessage) {
      const text = `a message is larger than what the other side reads (${peerMessage} bytes)`;
      throw new LimitExceeded("message", text);
    }
  }

  #close(): void {
    const outer = this.#outer.pop();
    this.#open = outer !== undefined;
    if (outer === undefined) {
      this.#cuts = undefined;
      this.#bounds = NO_BOUNDS; // no connection is kept by it
      return;
    }
    this.#use(outer.buffer);
    this.at = outer.at;
    this.#start = outer.start;
    this.#shared = outer.shared;
    this.#cuts = outer.cuts;
    this.#bounds = outer.bounds;
  }
}

interface Saved {
  readonly buffer: Uint8Array;
  readonly at: number;
  readonly start: number;
  readonly shared: boolean;
  readonly cuts: Cut[] | undefined;
  readonly bounds: FrameBounds;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) digits++;
  return digits;
}

/** What a string has behind its tag and length, and its tag. */
export function stringBytes(text: string): { tag: number; bytes: Uint8Array } {
  if (!text.isWellFormed()) {
    const bytes = new Uint8Array(text.length * 2);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      bytes[2 * i] = code & 0xff;
      bytes[2 * i + 1] = code >>> 8;
    }
    return { tag: tags.utf16, bytes };
  }
  const bytes = encoder.encode(text);
  return { tag: bytes.length === text.length ? tags.ascii : tags.utf8, bytes };
}

/** A varint for a place of its own. */
export function varintBytes(value: number): number[] {
  const digits: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest <= 0x7f) return [...digits, rest];
    digits.push((rest % 128) | 0x80);
  }
}

/** A whole frame that defines strings. */
export function definitionFrame(type: number, count: number | undefined, texts: readonly string[]): Uint8Array {
  const body: number[] = count === undefined ? [] : varintBytes(count);
  for (const text of texts) {
    const { tag, bytes } = stringBytes(text);
    if (tag === tags.ascii && bytes.length <= SHORT_STRING) body.push(tags.shortString | bytes.length);
    else body.push(tag, ...varintBytes(tag === tags.utf16 ? text.length : bytes.length));
    for (const byte of bytes) body.push(byte);
  }
  return Uint8Array.from([type, body.length & 0xff, (body.length >>> 8) & 0xff, body.length >>> 16, ...body]);
}
