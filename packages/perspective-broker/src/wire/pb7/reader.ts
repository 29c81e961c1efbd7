// Reads what the body of a frame is made of: bytes, varints, strings. Never beyond its end. What cannot be followed any
// further is a ProtocolError: what the frame has counted is not known then. Hot.
import { platform } from "#platform";
import { JellyError, ProtocolError } from "../../errors.ts";
import { ReceivedDefinitions, type ReceivedShape } from "./definitions.ts";
import { LONGEST_SHORT, notAscii, shortAscii } from "./short-strings.ts";
import { SHORT_STRING, tags } from "./tags.ts";

// Below this a byte string is copied, so that ten bytes do not keep a large buffer alive.
const SHARED_FROM = 4096;

const NOTHING = new Uint8Array(0);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const fromCharCode = String.fromCharCode;

export class BodyReader {
  buffer: Uint8Array = NOTHING;
  at = 0;
  end = 0;
  /** What the peer has defined. */
  readonly definitions: ReceivedDefinitions = new ReceivedDefinitions();
  #view: DataView | undefined;

  read(buffer: Uint8Array, start: number, end: number): void {
    if (buffer !== this.buffer) this.#view = undefined;
    this.buffer = buffer;
    this.at = start;
    this.end = end;
  }

  /** Lets go of what was read. */
  rest(): void {
    this.buffer = NOTHING;
    this.#view = undefined;
    this.at = this.end = 0;
  }

  byte(): number {
    if (this.at >= this.end) throw truncated();
    return this.buffer[this.at++] as number;
  }

  varint(): number {
    if (this.at >= this.end) throw truncated();
    const first = this.buffer[this.at++] as number;
    return first < 0x80 ? first : this.#longVarint(first);
  }

  /** The number of something of which each takes a byte at least. */
  count(): number {
    const count = this.varint();
    if (count > this.end - this.at) throw new ProtocolError("a message holds less than it says");
    return count;
  }

  double(): number {
    const at = this.at;
    if (at + 8 > this.end) throw truncated();
    this.at = at + 8;
    // A view costs about what ten numbers save by it, so there is none before the first.
    return (this.#view ?? this.#viewed()).getFloat64(at, true);
  }

  /** A string with its tag. */
  string(): string {
    const tag = this.byte();
    if (tag >= tags.shortString && tag <= tags.shortString + SHORT_STRING) return this.ascii(tag - tags.shortString);
    if (tag >= tags.ascii && tag <= tags.utf16) return this.longString(tag);
    throw new JellyError("a string was expected");
  }

  /** The content of a string, its length included. */
  longString(tag: number): string {
    const count = this.count();
    if (tag === tags.ascii) return this.ascii(count);
    const at = this.advance(tag === tags.utf16 ? count * 2 : count);
    return textOf(tag, this.buffer, at, this.at);
  }

  /** An integer of 32 bits, behind its tag. */
  integer(): number {
    const buffer = this.buffer;
    const at = this.at;
    // Two bytes, the commonest: those of one have a tag of their own.
    if (at + 2 <= this.end) {
      const low = buffer[at] as number;
      const high = buffer[at + 1] as number;
      if (low > 0x7f && high < 0x80 && high > 0) {
        this.at = at + 2;
        const n = (low & 0x7f) | (high << 7);
        return (n >>> 1) ^ -(n & 1);
      }
    }
    const n = this.varint();
    if (n > 0xffff_ffff) throw new JellyError("an integer of more than 32 bits");
    return (n >>> 1) ^ -(n & 1);
  }

  ascii(length: number): string {
    const start = this.at;
    const end = start + length;
    if (end > this.end) throw truncated();
    this.at = end;
    if (length <= LONGEST_SHORT) return shortAscii(this.buffer, start, length);
    return asciiOf(this.buffer, start, end);
  }

  /** A name of the protocol, by its number or spelled out. */
  name(): string {
    const number = this.varint();
    if (number === 0) return this.nameText();
    const name = this.definitions.names[number];
    if (name === undefined) throw new ProtocolError(`there is no name ${number}`);
    return name;
  }

  /** A string that names something of the protocol; one that cannot be read ends the connection. */
  nameText(): string {
    try {
      return this.string();
    } catch (error) {
      if (error instanceof JellyError) throw new ProtocolError(`a name: ${error.message}`, { cause: error });
      throw error;
    }
  }

  shape(): ReceivedShape {
    const number = this.varint();
    const shape = this.definitions.shapes[number];
    if (shape === undefined) throw new ProtocolError(`there is no shape ${number}`);
    return shape;
  }

  /** So many bytes, which nobody else writes. */
  bytes(length: number): Uint8Array {
    const start = this.advance(length);
    const buffer = this.buffer;
    if (length >= SHARED_FROM && length * 2 >= buffer.buffer.byteLength) {
      return new Uint8Array(buffer.buffer, buffer.byteOffset + start, length);
    }
    const copy = new Uint8Array(length);
    if (length > 64) copy.set(buffer.subarray(start, start + length));
    else for (let i = 0; i < length; i++) copy[i] = buffer[start + i] as number;
    return copy;
  }

  /** Passes over so many bytes; returns where they begin. */
  advance(length: number): number {
    const start = this.at;
    if (length > this.end - start) throw truncated();
    this.at = start + length;
    return start;
  }

  #viewed(): DataView {
    const { buffer } = this;
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    return this.#view;
  }

  #longVarint(first: number): number {
    let value = first & 0x7f;
    let scale = 128;
    for (let i = 1; i < 8; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (byte === 0 || value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      scale *= 128;
    }
    throw new ProtocolError("a number that is longer than needed, or too large");
  }
}

/** Longer than a few characters: the platform reads it, and only if all of it is ASCII. */
function asciiOf(buffer: Uint8Array, start: number, end: number): string {
  if (end - start > 64) return textOf(tags.ascii, buffer, start, end);
  let seen = 0;
  for (let i = start; i < end; i++) seen |= buffer[i] as number;
  if (seen > 0x7f) throw notAscii();
  return platform.readAscii(buffer, start, end);
}

/** The text that a string of this tag has in `buffer[start, end)`. */
export function textOf(tag: number, buffer: Uint8Array, start: number, end: number): string {
  if (tag === tags.utf16) {
    let text = "";
    for (let at = start; at < end; ) {
      const units: number[] = [];
      for (; at < end && units.length < 4096; at += 2) {
        units.push((buffer[at] as number) | ((buffer[at + 1] as number) << 8));
      }
      text += fromCharCode(...units);
    }
    return text;
  }
  const bytes = buffer.subarray(start, end);
  try {
    const text = utf8.decode(bytes);
    if (tag === tags.ascii && text.length !== bytes.length) throw notAscii();
    return text;
  } catch (error) {
    if (error instanceof JellyError) throw error;
    throw new JellyError("a string that is not UTF-8");
  }
}

export function truncated(): ProtocolError {
  return new ProtocolError("a message ends in the middle of a value");
}
