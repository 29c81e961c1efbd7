// Banana's element types (spec §2.2). Nothing here runs when it is loaded: the greeting of every connection has elements, too.

export const LIST = 0x80;
export const INT = 0x81;
export const STRING = 0x82;
export const NEG = 0x83;
export const FLOAT = 0x84;
export const LONGINT = 0x85;
export const LONGNEG = 0x86;
export const VOCAB = 0x87;

/** A float among decoded elements; an integral one would look like an integer without it. */
export class FloatElement {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** One expression as a tree, for tests and for what is shown when something is wrong. */
export type Element = number | bigint | FloatElement | Uint8Array | Element[];
