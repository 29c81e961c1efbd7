// Sends something large in pages to a collector of the other side (spec §9): messages `gotPage` without answers, then
// `endedPaging`. There is no more to paging than these names. When the pages go is decided in paging.ts.
import { ConnectionLost } from "../errors.ts";
import type { RemoteReference } from "../references/remote-reference.ts";
import { type Paged, Paging, post, report } from "./paging.ts";
import type { Referenceable } from "./referenceable.ts";

/** What pages are sent to: an object with `remote_gotPage(page)` and `remote_endedPaging()`, usually a reference to one. */
export type Collector = RemoteReference | Referenceable;

/** Told once that a pager is over: without an error if all pages and the end of them were sent. */
export type PagerDone = (error?: Error) => void;

/**
 * Base of senders of pages. Make one in a method that was given a collector; it goes on by itself, as fast as the connection
 * takes the pages, and several on one connection take turns. When it is over it gives the collector back.
 *
 * If a page cannot be had or sent, the collector is given back without `endedPaging`, so that nobody takes a part for the whole.
 */
export abstract class Pager<Page = unknown> {
  readonly #collector: Collector;
  readonly #paging: Paging;
  readonly #done: PagerDone | undefined;
  #state: "new" | "open" | "asked" | "over" = "new";
  /** The page that an asynchronous `nextPage` gave, until its turn comes. */
  #page: { readonly value: Page | undefined } | undefined;
  #stopped = false;
  /** How the pagers of the connection see it. */
  readonly #entry: Paged;

  /** It starts when the code that makes it has come to an end, or with `start()`. */
  constructor(collector: Collector, done?: PagerDone) {
    this.#collector = collector;
    this.#paging = Paging.of(collector);
    this.#done = done;
    const isReady = () => this.#state === "open";
    this.#entry = {
      get ready() {
        return isReady();
      },
      turn: () => this.#turn(),
      lost: (error) => this.#finish(error),
    };
    queueMicrotask(() => this.start());
  }

  /** The next page, or undefined when there is none any more. */
  abstract nextPage(): Page | undefined | PromiseLike<Page | undefined>;

  /** Ends after the current page: inside of `nextPage`, the one that it returns is the last. */
  stopPaging(): void {
    this.#stopped = true;
    this.#paging.wake();
  }

  /** Starts now. If no other pager is at work on the connection, the first page is sent before this returns. */
  start(): void {
    if (this.#state !== "new") return;
    this.#state = "open";
    this.#paging.add(this.#entry, this.#collector);
  }

  /** It is over, whatever the reason: the place to close what the pages came from. */
  protected finished(): void {}

  #turn(): void {
    try {
      const page = this.#page;
      this.#page = undefined;
      if (page !== undefined) this.#send(page.value);
      else if (this.#stopped) this.#end();
      else this.#ask();
    } catch (error) {
      this.#finish(asError(error));
    }
  }

  #ask(): void {
    const page = this.nextPage();
    if (!isPromiseLike(page)) {
      this.#send(page);
      return;
    }
    this.#state = "asked";
    page.then(
      (value) => {
        if (this.#state === "over") return;
        this.#state = "open";
        this.#page = { value };
        this.#paging.wake();
      },
      (error) => this.#finish(asError(error)),
    );
  }

  #send(page: Page | undefined): void {
    if (page !== undefined) post(this.#collector, "gotPage", [page]);
    if (page === undefined || this.#stopped) this.#end();
  }

  #end(): void {
    post(this.#collector, "endedPaging", []);
    this.#finish(undefined);
  }

  #finish(error: Error | undefined): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#page = undefined;
    this.#paging.delete(this.#entry, this.#collector);
    this.#tell(() => this.finished());
    this.#tell(() => {
      if (this.#done !== undefined) this.#done(error);
      else if (error !== undefined && !(error instanceof ConnectionLost)) throw error;
    });
  }

  /** What fails here, or has nobody to hear of it, is logged. */
  #tell(fn: () => void): void {
    try {
      fn();
    } catch (error) {
      report(this.#collector, "paging failed", error);
    }
  }
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
