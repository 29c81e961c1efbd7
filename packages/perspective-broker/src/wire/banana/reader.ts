// Reads the elements of one whole expression (spec §2). The skimmer has checked the framing, so nothing is checked again: a
// read can't leave the expression as long as its structure is followed. Hot path.

import { platform } from "#platform";
import { JellyError } from "../../errors.ts";
import { BYTES_KIND, type ElementReader, FLOAT_KIND, INTEGER_KIND, LIST_KIND } from "../jelly/element-reader.ts";
import { type Element, FLOAT, FloatElement, LIST, LONGNEG, NEG, STRING, VOCAB } from "./elements.ts";
import { shortName } from "./names.ts";
import { vocabulary } from "./vocabulary.ts";

// Below this a byte string is copied, so that ten bytes do not keep a large buffer alive.
const SHARED_FROM = 4096;

// A view and a copy of it cost more than a loop up to about here.
const SHORT = 64;

const words: readonly Uint8Array[] = vocabulary.map((word) => new TextEncoder().encode(word));
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const double = new DataView(new ArrayBuffer(8));

export class BananaReader implements ElementReader {
  /** Where the next element begins. */
  at = 0;
  #buffer: Uint8Array = new Uint8Array(0);
  #type = 0;
  #value = 0;
  #digits = 0;

  read(buffer: Uint8Array, at: number): void {
    this.#buffer = buffer;
    this.at = at;
  }

  next(): number {
    const buffer = this.#buffer;
    const begin = this.at;
    let at = begin;
    let byte = buffer[at++] as number;
    let value = 0;
    if (byte < 0x80) {
      value = byte;
      byte = buffer[at++] as number;
      for (let scale = 128; byte < 0x80; scale *= 128) {
        value += byte * scale;
        byte = buffer[at++] as number;
      }
    }
    this.#type = byte;
    this.#value = value;
    this.#digits = begin;
    this.at = at;
    switch (byte) {
      case LIST:
        return LIST_KIND;
      case STRING:
      case VOCAB:
        return BYTES_KIND;
      case FLOAT:
        return FLOAT_KIND;
      default:
        return INTEGER_KIND;
    }
  }

  count(): number {
    return this.#value;
  }

  integer(): number | bigint {
    const negative = this.#type === NEG || this.#type === LONGNEG;
    const value = this.#value;
    if (value <= Number.MAX_SAFE_INTEGER) return negative && value !== 0 ? -value : value;
    // From the most significant digit down, by seven digits (49 bits) at a time.
    const from = this.#digits;
    let big = 0n;
    let end = this.at - 1;
    for (let rest = (end - from) % 7 || 7; end > from; rest = 7) {
      let part = 0;
      for (let i = 0; i < rest; i++) part = part * 128 + (this.#buffer[--end] as number);
      big = (big << BigInt(7 * rest)) | BigInt(part);
    }
    return negative ? -big : big;
  }

  float(): number {
    for (let i = 0; i < 8; i++) double.setUint8(i, this.#buffer[this.at++] as number);
    return double.getFloat64(0);
  }

  bytes(): Uint8Array {
    if (this.#type === VOCAB) return (words[this.#value] as Uint8Array).slice();
    const start = this.at;
    const length = this.#value;
    this.at = start + length;
    // What counts is the memory that is kept alive, which may be more than the chunk.
    if (length >= SHARED_FROM && length * 2 >= this.#buffer.buffer.byteLength)
      return plain(this.#buffer, start, length);
    if (length === 0) return nothing;
    const copy = new Uint8Array(length);
    if (length > SHORT) copy.set(this.#buffer.subarray(start, start + length));
    else for (let i = 0; i < length; i++) copy[i] = this.#buffer[start + i] as number;
    return copy;
  }

  text(): string {
    if (this.#type === VOCAB) return vocabulary[this.#value] as string;
    const buffer = this.#buffer;
    const start = this.at;
    const length = this.#value;
    const end = start + length;
    this.at = end;
    if (length < 64) {
      let seen = 0;
      for (let i = start; i < end; i++) seen |= buffer[i] as number;
      if (seen < 0x80) return length < 6 ? tiny(buffer, start, length) : platform.readAscii(buffer, start, end);
    }
    try {
      return utf8.decode(buffer.subarray(start, end));
    } catch {
      throw new JellyError("a text that is not UTF-8");
    }
  }

  name(): string {
    if (this.#type === VOCAB) return vocabulary[this.#value] as string;
    const end = this.at + this.#value;
    const known = shortName(this.#buffer, this.at, end);
    if (known === undefined) return this.text();
    this.at = end;
    return known;
  }

  unicode(): boolean {
    const b = this.#buffer;
    const at = this.at;
    // 02 80 07 82 "unicode", and a type of byte string behind it.
    if (b[at] !== 2 || b[at + 1] !== LIST || b[at + 2] !== 7 || b[at + 3] !== STRING) return false;
    if (b[at + 4] !== 0x75 || b[at + 5] !== 0x6e || b[at + 6] !== 0x69 || b[at + 7] !== 0x63) return false;
    if (b[at + 8] !== 0x6f || b[at + 9] !== 0x64 || b[at + 10] !== 0x65) return false;
    this.at = at + 11;
    if (this.next() === BYTES_KIND) return true;
    this.at = at;
    return false;
  }

  skip(count: number): void {
    for (let rest = count; rest > 0; rest--) {
      if (this.next() === LIST_KIND) rest += this.#value;
      else this.leave();
    }
  }

  /** Passes over the content of the leaf that `next` has begun. */
  leave(): void {
    if (this.#type === FLOAT) this.at += 8;
    else if (this.#type === STRING) this.at += this.#value;
  }

  /** The next element as a tree. */
  element(): Element {
    switch (this.next()) {
      case LIST_KIND: {
        const items: Element[] = [];
        for (let rest = this.#value; rest > 0; rest--) items.push(this.element());
        return items;
      }
      case FLOAT_KIND:
        return new FloatElement(this.float());
      case BYTES_KIND:
        return this.bytes();
      default:
        return this.integer();
    }
  }
}

const nothing = new Uint8Array(0);

/** A view that is a plain Uint8Array, also where the buffer is a platform's subclass. */
function plain(buffer: Uint8Array, start: number, length: number): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset + start, length);
}

function tiny(buffer: Uint8Array, start: number, length: number): string {
  let text = "";
  for (let i = start; i < start + length; i++) text += String.fromCharCode(buffer[i] as number);
  return text;
}
