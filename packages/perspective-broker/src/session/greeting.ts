// Reads what each side of a negotiation says first: a list of texts, or a text (spec §2.9). It knows just as much of Banana as a
// bundle without Banana needs, and is strict: a stranger is found out by what does not fit.
import { NegotiationError } from "../errors.ts";
import { FLOAT, INT, LIST, LONGINT, LONGNEG, NEG, STRING } from "../wire/banana/elements.ts";

/** A greeting is small; a stranger gets no more than this. */
const LIMITS = { string: 255, list: 100, prefix: 64, message: 4096 };

/** A text, the texts of a list (what else is in it counts for nothing), or undefined for any other element. */
export type Said = string | readonly string[] | undefined;

const nothing = new Uint8Array(0);
const utf8 = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });

export class GreetingReader {
  #bytes: Uint8Array = nothing;
  /** Where the next element begins. */
  #at = 0;
  #said: string | string[] | undefined;
  /** Elements still to come: of the outermost level, and inside of lists that are members of the list. */
  #wanted = 1;
  #nested = 0;

  /** Takes bytes; returns what was said when it is whole. Throws NegotiationError for what cannot be a greeting. */
  receive(chunk: Uint8Array): { readonly said: Said; readonly rest: Uint8Array } | undefined {
    const bytes = joined(this.#bytes, chunk);
    this.#bytes = bytes;
    let whole = true;
    while (whole && this.#wanted + this.#nested > 0) whole = this.#element();
    const size = whole ? this.#at : bytes.length;
    if (size > LIMITS.message) throw noGreeting(`it is longer than ${LIMITS.message} bytes`);
    if (!whole) return undefined;
    this.#bytes = nothing; // what is behind belongs to the dialect
    return { said: this.#said, rest: bytes.subarray(size) };
  }

  /** Passes over the next element; false if not all of it is there. */
  #element(): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    let value = 0;
    let byte = bytes[at++];
    for (let scale = 1; byte !== undefined && byte < 0x80; scale *= 128) {
      value += byte * scale;
      byte = bytes[at++];
      if (at - this.#at - 1 > LIMITS.prefix) throw noGreeting(`a prefix of more than ${LIMITS.prefix} bytes`);
    }
    if (byte === undefined) return false;
    let end = at;
    if (byte === STRING) {
      if (value > LIMITS.string) throw noGreeting(`a string of ${value} bytes`);
      end += value;
    } else if (byte === FLOAT) {
      end += 8;
    } else if (byte === LIST) {
      if (value > LIMITS.list) throw noGreeting(`a list of ${value} elements`);
    } else if (byte !== INT && byte !== NEG && byte !== LONGINT && byte !== LONGNEG) {
      throw noGreeting(`0x${byte.toString(16)} is no type of element there`); // words of a vocabulary neither
    }
    if (end > bytes.length) return false;
    this.#at = end;
    this.#take(byte, value, bytes.subarray(at, end));
    return true;
  }

  #take(type: number, count: number, text: Uint8Array): void {
    const members = type === LIST ? count : 0;
    if (this.#nested > 0) {
      this.#nested += members - 1;
      return;
    }
    this.#wanted--;
    if (Array.isArray(this.#said)) {
      this.#nested = members;
      if (type === STRING) this.#said.push(nameOf(text));
    } else if (type === LIST) {
      this.#said = [];
      this.#wanted = members;
    } else if (type === STRING) {
      this.#said = nameOf(text);
    }
  }
}

/** As it stands on the wire, a byte order mark included. */
function nameOf(bytes: Uint8Array): string {
  return utf8.decode(bytes);
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  if (one.length === 0) return other;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

function noGreeting(why: string): NegotiationError {
  return new NegotiationError(`the peer does not speak Perspective Broker: ${why}`);
}
