// Finds the end of the next whole expression in a buffer that may not hold all of it yet, and checks everything about its
// framing on the way: types, limits, vocabulary (spec §2.1 to §2.10). What it has passed can be read without any further
// check. Linear: it goes on where it stopped.
import { BananaError, LimitExceeded } from "../../errors.ts";
import type { Limits } from "../../limits.ts";
import { FLOAT, INT, LIST, LONGINT, LONGNEG, NEG, STRING, VOCAB } from "./elements.ts";
import { vocabulary } from "./vocabulary.ts";

// Lists within lists that are only counted, not decoded. The decoder has a limit of its own, `limits.depth`, and fails one
// call where this one ends the connection.
const DEPTH = 100_000;

export class Skimmer {
  /** How many more bytes are certainly needed to complete the element that was cut off; at least 1. */
  missing = 1;
  readonly #limits: Limits;
  readonly #vocabulary: boolean;
  // Elements still to come in each open list, innermost last.
  #open: number[] = [];
  #remaining = 1;
  #at = 0;
  #elements = 0;

  constructor(limits: Limits, vocabulary: boolean) {
    this.#limits = limits;
    this.#vocabulary = vocabulary;
  }

  /** Begins an expression at `start`. */
  begin(start: number): void {
    this.#at = start;
    this.#remaining = 1;
    this.#elements = 0;
    if (this.#open.length > 0) this.#open.length = 0;
  }

  /** The buffer has moved: what was at `by` is at 0 now. */
  moved(by: number): void {
    this.#at -= by;
  }

  /** The end of the expression, or -1 if `buffer[.., end)` does not hold all of it. Throws BananaError or LimitExceeded. */
  skim(buffer: Uint8Array, end: number): number {
    let at = this.#at;
    let remaining = this.#remaining;
    let elements = this.#elements;
    const limits = this.#limits;
    for (;;) {
      if (++elements > limits.elements) {
        throw new LimitExceeded("elements", `a message of more than limits.elements (${limits.elements}) elements`);
      }
      const begin = at;
      let byte = at < end ? (buffer[at] as number) : 0;
      let value = 0;
      if (byte < 0x80) {
        value = byte;
        at++;
        for (let scale = 128; at < end; scale *= 128) {
          byte = buffer[at] as number;
          if (byte > 0x7f) break;
          value += byte * scale;
          at++;
        }
      }
      if (at - begin > limits.prefix) {
        throw new BananaError(`a prefix of more than limits.prefix (${limits.prefix}) bytes`);
      }
      if (at >= end) {
        this.missing = 1;
        at = begin;
        break;
      }
      at++;
      if (byte === STRING) {
        if (value > limits.string) {
          throw new BananaError(`a string of ${value} bytes is longer than limits.string (${limits.string})`);
        }
        if (end - at < value) {
          this.missing = value - (end - at);
          at = begin;
          break;
        }
        at += value;
      } else if (byte === LIST) {
        if (value > limits.list) {
          throw new BananaError(`a list of ${value} elements is longer than limits.list (${limits.list})`);
        }
        if (value > 0) {
          if (this.#open.length >= DEPTH) throw new LimitExceeded("depth", `lists nested more than ${DEPTH} deep`);
          this.#open.push(remaining);
          remaining = value;
          // The commonest list by far is [unicode text]: its seven-byte atom is passed over here.
          if (value === 2 && end - at >= 9 && buffer[at] === 7 && buffer[at + 1] === STRING) {
            at += 9;
            remaining = 1;
          }
          continue;
        }
      } else if (byte === FLOAT) {
        if (end - at < 8) {
          this.missing = 8 - (end - at);
          at = begin;
          break;
        }
        at += 8;
      } else if (byte === VOCAB) {
        if (!this.#vocabulary) throw new BananaError("a vocabulary word in a dialect without a vocabulary");
        if (value === 0 || value >= vocabulary.length) throw new BananaError(`there is no vocabulary word ${value}`);
      } else if (byte !== INT && byte !== NEG && byte !== LONGINT && byte !== LONGNEG) {
        throw new BananaError(`0x${byte.toString(16)} is no type of element`);
      }
      while (--remaining === 0) {
        const outer = this.#open.pop();
        if (outer === undefined) return at;
        remaining = outer;
      }
    }
    this.#at = at;
    this.#remaining = remaining;
    this.#elements = elements - 1; // the one that was cut off is met again
    return -1;
  }
}
