// Writes Banana into a slab (spec §2). One message at a time, straight into its final place: jelly calls these methods as it
// walks a value, so no tree of elements is ever built. This is a hot path: bounds are checked once per element, short texts
// are written by a loop (measured: faster than encodeInto up to about 20 characters).

import { platform } from "#platform";
import { BananaError, LimitExceeded, UnsendableError } from "../../errors.ts";
import type { Limits } from "../../limits.ts";
import type { ElementWriter } from "../jelly/element-writer.ts";
import { forms } from "../jelly/forms.ts";
import type { Outbox } from "../outbox.ts";
import { claim, settle } from "../slab.ts";
import { FLOAT, INT, LIST, LONGINT, LONGNEG, NEG, STRING, VOCAB } from "./elements.ts";
import { wordNumber, wordNumberOfBytes } from "./vocabulary.ts";

/** A byte string of at least this size is sent by reference where the caller allows it. */
const BY_REFERENCE = 16 * 1024;
const SHORT = 24;
const UNICODE_LENGTH = 11;

const encoder = new TextEncoder();
const double = new DataView(new ArrayBuffer(8));

export class BananaWriter implements ElementWriter {
  /** Whether byte strings may be sent without a copy: they belong to the library until the call is answered. */
  byReference = false;
  readonly #outbox: Outbox;
  readonly #limits: Limits;
  readonly #vocabulary: boolean;
  readonly #forms: readonly Uint8Array[];
  #buffer: Uint8Array = new Uint8Array(0);
  #start = 0;
  #at = 0;
  #shared = false;
  #wraps: { at: number; id: number }[] = [];
  #cuts: { at: number; bytes: Uint8Array }[] = [];
  #outer: Saved[] = [];
  #open = false;

  constructor(outbox: Outbox, limits: Limits, vocabulary: boolean) {
    this.#outbox = outbox;
    this.#limits = limits;
    this.#vocabulary = vocabulary;
    this.#forms = vocabulary ? formsWithWords : formsSpelledOut;
  }

  /** Begins a message. May be called while another is being written: that one is finished later. */
  begin(): void {
    if (this.#open) {
      this.#outer.push({
        buffer: this.#buffer,
        start: this.#start,
        at: this.#at,
        shared: this.#shared,
        wraps: this.#wraps,
        cuts: this.#cuts,
        byReference: this.byReference,
      });
      this.#wraps = [];
      this.#cuts = [];
    }
    const place = claim();
    this.#buffer = place.buffer;
    this.#start = this.#at = place.start;
    this.#shared = place.shared;
    this.byReference = false;
    this.#open = true;
  }

  /** Ends the message: it is in the outbox now. Throws LimitExceeded, and the message stays open, if it is too large. */
  commit(): void {
    if (this.#wraps.length > 0) this.#insertWraps();
    this.#checkSize(0);
    let from = this.#start;
    for (const cut of this.#cuts) {
      this.#outbox.put(this.#buffer, from, this.#start + cut.at);
      this.#outbox.put(cut.bytes, 0, cut.bytes.length);
      from = this.#start + cut.at;
    }
    this.#outbox.put(this.#buffer, from, this.#at);
    if (this.#shared) settle(this.#buffer, this.#at);
    this.#close();
  }

  /** Ends the message without a trace. */
  rollback(): void {
    if (this.#shared) settle(this.#buffer, this.#start);
    this.#close();
  }

  list(count: number): void {
    if (count > this.#limits.list) {
      throw new BananaError(`a list of ${count} elements is too long to send (limits.list is ${this.#limits.list})`);
    }
    this.#room(8);
    this.#head(count, LIST);
  }

  form(form: number, count: number): void {
    this.list(count);
    this.atom(form);
  }

  atom(form: number): void {
    const bytes = this.#forms[form] as Uint8Array;
    const n = bytes.length;
    this.#room(n);
    const buffer = this.#buffer;
    let at = this.#at;
    for (let i = 0; i < n; i++) buffer[at++] = bytes[i] as number;
    this.#at = at;
  }

  integer(value: number): void {
    this.#room(10);
    if (value >= 0) this.#head(value, value <= 0x7fff_ffff ? INT : LONGINT);
    else this.#head(-value, value >= -0x8000_0000 ? NEG : LONGNEG);
  }

  bigint(value: bigint): void {
    if (value >= -0x8000_0000n && value <= 0x7fff_ffffn) {
      this.integer(Number(value));
      return;
    }
    const digits = [...base128(value < 0n ? -value : value)];
    if (digits.length > this.#limits.prefix) {
      throw new BananaError(
        `an integer of ${digits.length * 7} bits is too large to send (limits.prefix is ${this.#limits.prefix})`,
      );
    }
    this.#room(digits.length + 1);
    for (const digit of digits) this.#buffer[this.#at++] = digit;
    this.#buffer[this.#at++] = value < 0n ? LONGNEG : LONGINT;
  }

  float(value: number): void {
    this.#room(9);
    double.setFloat64(0, value);
    const buffer = this.#buffer;
    let at = this.#at;
    buffer[at++] = FLOAT;
    for (let i = 0; i < 8; i++) buffer[at++] = double.getUint8(i);
    this.#at = at;
  }

  text(text: string): void {
    if (this.#vocabulary) {
      const word = wordNumber(text);
      if (word !== 0) {
        this.#word(word);
        return;
      }
    }
    const length = text.length;
    if (length > SHORT) {
      this.#longText(text);
      return;
    }
    this.#room(length + 2);
    const buffer = this.#buffer;
    const start = this.#at;
    let at = start;
    buffer[at++] = length;
    buffer[at++] = STRING;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#longText(text);
        return;
      }
      buffer[at++] = code;
    }
    this.#at = at;
  }

  unicode(text: string): void {
    this.#room(UNICODE_LENGTH);
    this.#unicode();
    this.text(text);
  }

  key(key: string): void {
    this.#room(UNICODE_LENGTH + 2);
    this.#buffer[this.#at++] = 2;
    this.#buffer[this.#at++] = LIST;
    this.#unicode();
    this.text(key);
  }

  bytes(bytes: Uint8Array): void {
    const length = bytes.length;
    this.#checkLength(length);
    if (this.#vocabulary) {
      const word = wordNumberOfBytes(bytes);
      if (word !== 0) {
        this.#word(word);
        return;
      }
    }
    if (length >= BY_REFERENCE && this.byReference) {
      this.#room(8);
      this.#head(length, STRING);
      this.#cuts.push({ at: this.#at - this.#start, bytes });
      return;
    }
    this.#room(length + 8);
    this.#head(length, STRING);
    this.#buffer.set(bytes, this.#at);
    this.#at += length;
  }

  mark(): number {
    return this.#at - this.#start;
  }

  wrapReference(mark: number, id: number): void {
    this.#wraps.push({ at: mark, id });
  }

  /** The head of a list of two and the atom `unicode`, the commonest form by far: never in the vocabulary, so always the same. */
  #unicode(): void {
    const buffer = this.#buffer;
    let at = this.#at;
    buffer[at++] = 2;
    buffer[at++] = LIST;
    buffer[at++] = 7;
    buffer[at++] = STRING;
    buffer[at++] = 0x75;
    buffer[at++] = 0x6e;
    buffer[at++] = 0x69;
    buffer[at++] = 0x63;
    buffer[at++] = 0x6f;
    buffer[at++] = 0x64;
    buffer[at++] = 0x65;
    this.#at = at;
  }

  #word(word: number): void {
    this.#room(2);
    this.#buffer[this.#at++] = word;
    this.#buffer[this.#at++] = VOCAB;
  }

  /** Non-ASCII or more than a few characters: encoded behind a guessed prefix, moved if the guess was wrong. */
  #longText(text: string): void {
    this.#checkLength(text.length);
    this.#room(text.length * 3 + 8);
    const from = this.#at + digitsOf(text.length) + 1;
    const written = encoder.encodeInto(text, this.#buffer.subarray(from)).written;
    if (written !== text.length) {
      this.#checkLength(written);
      if (!text.isWellFormed()) throw new UnsendableError("", "a string with a lone surrogate has no UTF-8 form");
    }
    const exact = this.#at + digitsOf(written) + 1;
    if (exact !== from) this.#buffer.copyWithin(exact, from, from + written);
    this.#head(written, STRING);
    this.#at += written;
  }

  #checkLength(length: number): void {
    if (length > this.#limits.string) {
      throw new BananaError(
        `a string of ${length} bytes is too long to send (limits.string is ${this.#limits.string})`,
      );
    }
  }

  /** Prefix and type byte. `value` is a non-negative safe integer. */
  #head(value: number, type: number): void {
    const buffer = this.#buffer;
    let at = this.#at;
    let rest = value;
    while (rest > 0x7f) {
      buffer[at++] = rest > 0x7fff_ffff ? rest % 128 : rest & 0x7f;
      rest = rest > 0x7fff_ffff ? Math.floor(rest / 128) : rest >>> 7;
    }
    buffer[at++] = rest;
    buffer[at++] = type;
    this.#at = at;
  }

  #room(bytes: number): void {
    if (this.#buffer.length - this.#at < bytes) this.#grow(bytes);
  }

  #grow(bytes: number): void {
    const size = this.#at - this.#start;
    // A text reserves up to three times its length, hence only a third of what is asked for counts.
    this.#checkSize(bytes / 3);
    const larger = platform.allocate(Math.max(64 * 1024, (size + bytes) * 2));
    larger.set(this.#buffer.subarray(this.#start, this.#at));
    if (this.#shared) settle(this.#buffer, this.#start);
    this.#shared = false;
    this.#buffer = larger;
    this.#start = 0;
    this.#at = size;
  }

  #checkSize(more: number): void {
    let size = this.#at - this.#start + more;
    for (const cut of this.#cuts) size += cut.bytes.length;
    if (size > this.#limits.message) {
      throw new LimitExceeded("message", `a message is larger than limits.message (${this.#limits.message} bytes)`);
    }
  }

  /**
   * Turns forms into `[reference id form]` after the fact: Banana has no outer lengths, so a prefix can be put before any
   * element (spec §3.3: the first form is changed in place).
   */
  #insertWraps(): void {
    const wraps = this.#wraps.sort((a, b) => a.at - b.at);
    const word = this.#forms[forms.reference] as Uint8Array;
    let total = 0;
    for (const wrap of wraps) total += 2 + word.length + digitsOf(wrap.id) + 1;
    this.#room(total);
    const buffer = this.#buffer;
    let end = this.#at;
    let shift = total;
    this.#at += total;
    let before = 0;
    let moved = 0;
    for (const cut of this.#cuts) {
      for (let wrap = wraps[before]; wrap !== undefined && wrap.at < cut.at; wrap = wraps[++before]) {
        moved += 2 + word.length + digitsOf(wrap.id) + 1;
      }
      cut.at += moved;
    }
    for (let i = wraps.length - 1; i >= 0; i--) {
      const wrap = wraps[i] as { at: number; id: number };
      const at = this.#start + wrap.at;
      buffer.copyWithin(at + shift, at, end);
      end = at;
      shift -= 2 + word.length + digitsOf(wrap.id) + 1;
      let p = at + shift;
      buffer[p++] = 3;
      buffer[p++] = LIST;
      buffer.set(word, p);
      p += word.length;
      for (let rest = wrap.id; ; rest >>>= 7) {
        buffer[p++] = rest & 0x7f;
        if (rest <= 0x7f) break;
      }
      buffer[p] = INT;
    }
  }

  #close(): void {
    const outer = this.#outer.pop();
    this.#open = outer !== undefined;
    if (outer === undefined) {
      if (this.#wraps.length > 0) this.#wraps = [];
      if (this.#cuts.length > 0) this.#cuts = [];
      return;
    }
    this.#buffer = outer.buffer;
    this.#start = outer.start;
    this.#at = outer.at;
    this.#shared = outer.shared;
    this.#wraps = outer.wraps;
    this.#cuts = outer.cuts;
    this.byReference = outer.byReference;
  }
}

interface Saved {
  buffer: Uint8Array;
  start: number;
  at: number;
  shared: boolean;
  wraps: { at: number; id: number }[];
  cuts: { at: number; bytes: Uint8Array }[];
  byReference: boolean;
}

function digitsOf(value: number): number {
  let digits = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) digits++;
  return digits;
}

function* base128(value: bigint): Generator<number> {
  // By 49 bits at a time, so that a number of thousands of digits is not divided thousands of times.
  for (let rest = value; rest > 0n; rest >>= 49n) {
    let part = Number(rest & 0x1_ffff_ffff_ffffn);
    for (let i = 0; i < 7 && (part > 0 || rest >> 49n > 0n); i++) {
      yield part % 128;
      part = Math.floor(part / 128);
    }
  }
}

function encodeForms(words: boolean): readonly Uint8Array[] {
  return Object.keys(forms).map((name) => {
    const word = words ? wordNumber(name) : 0;
    if (word !== 0) return Uint8Array.of(word, VOCAB);
    return Uint8Array.of(name.length, STRING, ...encoder.encode(name));
  });
}

const formsWithWords = encodeForms(true);
const formsSpelledOut = encodeForms(false);
