// What jelly writes to: elements in order, no tree. wire/banana implements it.

export interface ElementWriter {
  /** A list of `count` elements follows. Throws BananaError if that is too many. */
  list(count: number): void;
  /** A list of `count` elements, the atom of the form (a number of `forms`) being the first of them. */
  form(form: number, count: number): void;
  /** An atom alone. */
  atom(form: number): void;
  /** A safe integer. */
  integer(value: number): void;
  bigint(value: bigint): void;
  float(value: number): void;
  /** A byte string given as text, to be written as UTF-8. */
  text(text: string): void;
  /** `[unicode text]`: what a string becomes. */
  unicode(text: string): void;
  /** The head of a dictionary's pair and its key, `[unicode key]`. */
  key(key: string): void;
  bytes(bytes: Uint8Array): void;
  /** The place of the element that is written next. */
  mark(): number;
  /** The element that began at `mark` becomes `[reference id element]`. Marks keep their meaning. */
  wrapReference(mark: number, id: number): void;
}
