// The receiving end of paging (spec §9). Other than in Twisted, whoever waits for pages is told when they will not come: the
// call failed, the connection was lost, or the sender gave the collector back before the end.
import { CallAborted, ConnectionLost, LimitExceeded, PagingStopped } from "../errors.ts";
import { type Abortable, Aborts } from "../platform/aborts.ts";
import { RemoteReference, targetOf } from "../references/remote-reference.ts";
import type { Arguments, Callable, MethodName } from "../types.ts";
import type { Keywords } from "../values/keywords.ts";
import { Referenceable } from "./referenceable.ts";

export interface CollectOptions {
  /** Bytes of all pages together; more end it with LimitExceeded. Default 256 MiB. */
  readonly maxBytes?: number;
  /** Pages, for those that are empty count nothing otherwise. Default 1 000 000. */
  readonly maxPages?: number;
  /** Aborting it ends the collecting; the sender is not told. */
  readonly signal?: AbortSignal;
}

/** The arguments of a method whose first one is the collector, without that one. */
export type ArgumentsAfterCollector<T, N extends string> =
  Arguments<T, N> extends readonly [unknown, ...infer Rest] ? Rest | [...unknown[], Keywords] : unknown[];

const MAX_BYTES = 256 * 1024 * 1024;
const MAX_PAGES = 1_000_000;

/**
 * Calls a method that takes a collector as its first argument and resolves with the pages that it sends. The answer of the call
 * itself is ignored. Rejects when the call fails, the connection is lost, or the sender gives up (PagingStopped).
 */
export function getAllPages<T, N extends MethodName<T>, Page = Uint8Array>(
  reference: Callable<T>,
  method: N,
  ...args: ArgumentsAfterCollector<T, N>
): Promise<Page[]> {
  return new PageCollector<Page>().collect(reference, method, ...args);
}

/** Collects pages, for one sender: `new PageCollector({ maxBytes }).collect(root, "getPages", 200)`. */
export class PageCollector<Page = Uint8Array> extends Referenceable {
  /** All pages, once their sender has said that these were all. Rejects as `collect` does. */
  readonly pages: Promise<Page[]>;
  readonly #maxBytes: number;
  readonly #maxPages: number;
  readonly #aborts: Aborts | undefined;
  readonly #resolve: (pages: Page[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #entry: Abortable = { aborted: (reason) => this.fail(new CallAborted(reason, "unknown")) };
  #listener: Disposable | undefined;
  #collected: Page[] = [];
  #bytes = 0;
  #used = false;
  #over = false;

  constructor(options: CollectOptions = {}) {
    super();
    const { maxBytes = MAX_BYTES, maxPages = MAX_PAGES, signal } = options;
    if (!(maxBytes > 0)) throw new RangeError(`maxBytes must be a number above 0, not ${maxBytes}`);
    if (!(maxPages > 0)) throw new RangeError(`maxPages must be a number above 0, not ${maxPages}`);
    this.#maxBytes = maxBytes;
    this.#maxPages = maxPages;
    this.#aborts = signal && Aborts.of(signal);
    let resolve: (pages: Page[]) => void = () => {};
    let reject: (error: unknown) => void = () => {};
    this.pages = new Promise<Page[]>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    this.pages.catch(() => {}); // it may be that nobody asks
    this.#resolve = resolve;
    this.#reject = reject;
    if (signal?.aborted) this.#entry.aborted(signal.reason);
    else this.#aborts?.add(this.#entry);
  }

  /** Calls `method` with this collector as the first argument; resolves with the pages. */
  collect<T, N extends MethodName<T>>(
    reference: Callable<T>,
    method: N,
    ...args: ArgumentsAfterCollector<T, N>
  ): Promise<Page[]>;
  collect(reference: RemoteReference, method: string, ...args: unknown[]): Promise<Page[]> {
    if (this.#used) return Promise.reject(new TypeError("a collector is for the pages of one call; make another one"));
    this.#used = true;
    if (this.#over) return this.pages;
    const answered = reference.callRemote(method, this, ...args).then(
      (answer: unknown) => {
        if (answer instanceof RemoteReference) answer.release();
      },
      (error: unknown) => this.fail(error),
    );
    if (reference instanceof RemoteReference) {
      const { conversation } = targetOf(reference);
      this.#listener = conversation.onDisconnect((reason) => this.fail(new ConnectionLost(reason, "unknown")));
      conversation.whenGivenBack(this, () => {
        // A call that failed says more.
        answered.then(() => this.fail(new PagingStopped("the sender of the pages gave up before the end")));
      });
    }
    return this.pages;
  }

  remote_gotPage(page: Page): void {
    if (this.#over) return;
    this.#bytes += sizeOf(page);
    if (this.#bytes > this.#maxBytes) {
      this.fail(new LimitExceeded("maxBytes", `the pages have more than maxBytes (${this.#maxBytes}) together`));
    } else if (this.#collected.push(page) > this.#maxPages) {
      this.fail(new LimitExceeded("maxPages", `there are more than maxPages (${this.#maxPages}) pages`));
    }
  }

  remote_endedPaging(): void {
    if (this.#over) return;
    const pages = this.#collected;
    this.#end();
    this.collected(pages);
  }

  /** All pages are there. */
  protected collected(pages: Page[]): void {
    this.#resolve(pages);
  }

  /** Ends the collecting with an error; pages that still come are thrown away. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    this.#over = true;
    this.#collected = [];
    this.#listener?.[Symbol.dispose]();
    this.#aborts?.remove(this.#entry);
  }
}

/** Twisted's: calls back with the list of pages at the end, and never if the end does not come. */
export class CallbackPageCollector<Page = Uint8Array> extends PageCollector<Page> {
  readonly #callback: (pages: Page[]) => void;

  constructor(callback: (pages: Page[]) => void, options?: CollectOptions) {
    super(options);
    this.#callback = callback;
  }

  protected override collected(pages: Page[]): void {
    super.collected(pages);
    this.#callback(pages);
  }
}

/** About what a page holds in memory. Pages are bytes or a text, but a pager of one's own may send anything. */
function sizeOf(page: unknown, seen: Set<object> = new Set()): number {
  if (typeof page === "string" || page instanceof Uint8Array) return page.length;
  if (typeof page !== "object" || page === null || seen.has(page)) return 8;
  seen.add(page);
  const parts = Array.isArray(page) || page instanceof Map || page instanceof Set ? page : Object.values(page);
  let size = 8;
  for (const part of parts) size += sizeOf(part, seen);
  return size;
}
