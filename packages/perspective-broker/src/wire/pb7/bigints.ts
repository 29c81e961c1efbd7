// Bigints on the wire: a head that has length and sign, and the magnitude, lowest byte first. By way of hexadecimal digits, which
// every engine reads and writes in time that grows with their number only.
import { JellyError } from "../../errors.ts";

/** The magnitude of a bigint, lowest byte first, the last one not 0. */
export function magnitudeOf(value: bigint): Uint8Array {
  const digits = (value < 0n ? -value : value).toString(16);
  if (digits === "0") return new Uint8Array(0);
  const bytes = new Uint8Array((digits.length + 1) >> 1);
  for (let i = 0, end = digits.length; end > 0; i++, end -= 2) {
    bytes[i] = Number.parseInt(digits.slice(Math.max(end - 2, 0), end), 16);
  }
  return bytes;
}

export function bigintOf(magnitude: Uint8Array, negative: boolean): bigint {
  if (magnitude.length === 0) return 0n;
  if (magnitude.at(-1) === 0) throw new JellyError("a bigint with an empty highest byte");
  let digits = "0x";
  for (let i = magnitude.length - 1; i >= 0; i--) digits += (magnitude[i] as number).toString(16).padStart(2, "0");
  const value = BigInt(digits);
  return negative ? -value : value;
}
