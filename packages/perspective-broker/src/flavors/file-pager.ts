// Pages of what is read while they are sent: a file, a stream (spec §9).
import { type PageReader, type PageSource, readPages } from "./page-source.ts";
import { type Collector, Pager, type PagerDone } from "./pager.ts";

/** Twisted's file sender reads so much at a time. */
const PAGE_SIZE = 16_384;

/**
 * Sends what a source gives in pages of 16384 bytes, the last one shorter; an empty source is no page at all. No more is read
 * than is sent. When it ends early it ends the source, too; an open file stays open and is closed in `done`.
 */
export class FilePager extends Pager<Uint8Array> {
  readonly #reader: PageReader;

  constructor(collector: Collector, source: PageSource, done?: PagerDone) {
    const reader = readPages(source, PAGE_SIZE);
    super(collector, done);
    this.#reader = reader;
    if (new.target === FilePager) this.start();
  }

  override nextPage(): Promise<Uint8Array | undefined> {
    return this.#reader.next();
  }

  protected override finished(): void {
    this.#reader.close();
  }
}
