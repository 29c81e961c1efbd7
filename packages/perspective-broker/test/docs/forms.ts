// The notation of docs/wire.md, `[answer 1 [remote 1]]`, to bytes and back. Written for the documentation's sake alone and
// independent of the library's codec, so that the two can be compared.
import { vocabulary } from "../../src/wire/banana/vocabulary.ts";

export type Form = number | Decimal | string | Form[];

/** A float: `1.0` is none of our numbers. */
class Decimal {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

export function parse(text: string): Form {
  const tokens = text.match(/\[|\]|"(?:[^"\\]|\\.)*"|[^\s[\]]+/g) ?? [];
  let at = 0;
  const next = (): Form => {
    const token = tokens[at++] ?? "";
    if (token === "[") {
      const list: Form[] = [];
      while (tokens[at] !== "]") list.push(next());
      at++;
      return list;
    }
    if (token.startsWith('"')) return JSON.parse(token) as string;
    if (/^-?\d+$/.test(token)) return Number(token);
    if (/^-?\d+\.\d+$/.test(token)) return new Decimal(Number(token));
    return token;
  };
  const form = next();
  if (at !== tokens.length) throw new Error(`more than one form: ${text}`);
  return form;
}

/** Bytes of a form as hexadecimal text; the vocabulary is not used in the negotiation. */
export function bytesOf(form: Form, words: boolean): string {
  return encode(form, words)
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join(" ");
}

export const hex = (bytes: Uint8Array): string =>
  [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

function encode(form: Form, words: boolean): number[] {
  if (Array.isArray(form)) return [...digits(form.length), 0x80, ...form.flatMap((item) => encode(item, words))];
  if (form instanceof Decimal) return [0x84, ...new Uint8Array(new Float64Array([form.value]).buffer).reverse()];
  if (typeof form === "number") {
    const small = form >= -(2 ** 31) && form < 2 ** 31;
    return [...digits(Math.abs(form)), form < 0 ? (small ? 0x83 : 0x86) : small ? 0x81 : 0x85];
  }
  const word = words ? vocabulary.indexOf(form) : -1;
  if (word > 0) return [word, 0x87];
  const bytes = [...new TextEncoder().encode(form)];
  return [...digits(bytes.length), 0x82, ...bytes];
}

function digits(value: number): number[] {
  return value < 128 ? [value] : [value % 128, ...digits(Math.floor(value / 128))];
}
