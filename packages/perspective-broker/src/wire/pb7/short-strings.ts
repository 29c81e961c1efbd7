// Short ASCII strings out of bytes, by a call with as many arguments as there are characters: 20 ns where a loop that adds
// characters takes 60 and the way into the platform 65 (measured for 8; from about 16 on the platform is faster).
import { JellyError } from "../../errors.ts";

export const LONGEST_SHORT = 12;

const text = String.fromCharCode;

/** The string in `b[at, at + length)`, of no more than LONGEST_SHORT bytes. */
export function shortAscii(b: Uint8Array, at: number, length: number): string {
  if (length > 6) return upToTwelve(b, at, length);
  if (length === 0) return "";
  const c0 = b[at] as number;
  if (length === 1) return c0 > 0x7f ? refuse() : text(c0);
  const c1 = b[at + 1] as number;
  if (length === 2) return (c0 | c1) > 0x7f ? refuse() : text(c0, c1);
  const c2 = b[at + 2] as number;
  if (length === 3) return (c0 | c1 | c2) > 0x7f ? refuse() : text(c0, c1, c2);
  const c3 = b[at + 3] as number;
  if (length === 4) return (c0 | c1 | c2 | c3) > 0x7f ? refuse() : text(c0, c1, c2, c3);
  const c4 = b[at + 4] as number;
  if (length === 5) return (c0 | c1 | c2 | c3 | c4) > 0x7f ? refuse() : text(c0, c1, c2, c3, c4);
  const c5 = b[at + 5] as number;
  return (c0 | c1 | c2 | c3 | c4 | c5) > 0x7f ? refuse() : text(c0, c1, c2, c3, c4, c5);
}

function upToTwelve(b: Uint8Array, at: number, length: number): string {
  const c0 = b[at] as number;
  const c1 = b[at + 1] as number;
  const c2 = b[at + 2] as number;
  const c3 = b[at + 3] as number;
  const c4 = b[at + 4] as number;
  const c5 = b[at + 5] as number;
  const c6 = b[at + 6] as number;
  const seen = c0 | c1 | c2 | c3 | c4 | c5 | c6;
  if (length === 7) return seen > 0x7f ? refuse() : text(c0, c1, c2, c3, c4, c5, c6);
  const c7 = b[at + 7] as number;
  if (length === 8) return (seen | c7) > 0x7f ? refuse() : text(c0, c1, c2, c3, c4, c5, c6, c7);
  const c8 = b[at + 8] as number;
  if (length === 9) return (seen | c7 | c8) > 0x7f ? refuse() : text(c0, c1, c2, c3, c4, c5, c6, c7, c8);
  const c9 = b[at + 9] as number;
  if (length === 10) return (seen | c7 | c8 | c9) > 0x7f ? refuse() : text(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9);
  const c10 = b[at + 10] as number;
  if (length === 11)
    return (seen | c7 | c8 | c9 | c10) > 0x7f ? refuse() : text(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10);
  const c11 = b[at + 11] as number;
  return (seen | c7 | c8 | c9 | c10 | c11) > 0x7f ? refuse() : text(c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11);
}

export function notAscii(): JellyError {
  return new JellyError("a string of ASCII with other bytes in it");
}

function refuse(): never {
  throw notAscii();
}
