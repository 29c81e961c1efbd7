// What unjelly reads from: the elements of one whole, checked message, in order. wire/banana implements it.

/** The kinds of element that `next` tells apart. */
export const LIST_KIND = 0;
export const INTEGER_KIND = 1;
export const FLOAT_KIND = 2;
export const BYTES_KIND = 3;

export interface ElementReader {
  /** Where the next element begins; can be set back to a place that was read here before. */
  at: number;
  /** Reads up to the next element's content and returns its kind; exactly one of the readers below must follow. */
  next(): number;
  /** The number of elements of the list; they follow. */
  count(): number;
  /** A number if it is safe, else a bigint. */
  integer(): number | bigint;
  float(): number;
  /** A byte string. Large ones share the memory of the message, which is never written again. */
  bytes(): Uint8Array;
  /** A byte string as text. Throws JellyError if it is not UTF-8. */
  text(): string;
  /** The same for short texts that come again and again. */
  name(): string;
  /** Whether the next bytes are `[unicode <byte string>]`; if so it is read up to the byte string's content. */
  unicode(): boolean;
  /** Passes over whole elements. */
  skip(count: number): void;
}
