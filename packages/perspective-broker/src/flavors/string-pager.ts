// Pages of a text or of bytes that are there already (spec §9).
import { type Collector, Pager, type PagerDone } from "./pager.ts";

/**
 * Sends a text or bytes in slices; an empty one is one empty page. The first page is sent at once. Bytes must not be changed
 * until it is over. Slices of a text are counted in UTF-16 units and never cut a character in two.
 */
export class StringPager<Text extends string | Uint8Array = string | Uint8Array> extends Pager<Text> {
  readonly #text: Text;
  readonly #chunkSize: number;
  #at = 0;

  constructor(collector: Collector, text: Text, chunkSize = 8192, done?: PagerDone) {
    if (!Number.isSafeInteger(chunkSize) || chunkSize < 1) {
      throw new RangeError(`the size of a page must be a whole number above 0, not ${chunkSize}`);
    }
    super(collector, done);
    this.#text = text;
    this.#chunkSize = chunkSize;
    // The fields of a subclass are not there yet.
    if (new.target === StringPager) this.start();
  }

  override nextPage(): Text {
    const text = this.#text;
    const start = this.#at;
    let end = start + this.#chunkSize;
    if (typeof text === "string" && isInsidePair(text, end)) end++;
    this.#at = end;
    if (end >= text.length) this.stopPaging();
    return (typeof text === "string" ? text.slice(start, end) : text.subarray(start, end)) as Text;
  }
}

function isInsidePair(text: string, at: number): boolean {
  return (text.codePointAt(at - 1) ?? 0) > 0xffff;
}
