// One stream of the peer's: what has come and was not taken waits here, and no more may come than was asked for.
//
//   idle ── first next() ──▶ open ── END or BREAK ──▶ over
//   idle, open ── stop() ──▶ stopped ── END or BREAK ──▶ over;  idle, open ── throwInto() ──▶ thrown ── the same ──▶ over
//
// Items that came before END, BREAK or the end of the connection are taken before it shows.
import { ProtocolError } from "../errors.ts";
import type { Abortable } from "../platform/aborts.ts";
import { Aborts } from "../platform/aborts.ts";
import type { RemoteCache } from "../references/remote-cache.ts";
import type { RemoteReference } from "../references/remote-reference.ts";
import type { StreamFeed } from "../references/remote-stream.ts";
import type { Late } from "../wire/message.ts";
import { showWhere } from "./failures.ts";

/** What a consumer needs of the connection. */
export interface ConsumerHub {
  sendWant(stream: number, items: number, bytes: number): void;
  sendStop(stream: number): void;
  sendThrow(stream: number, error: unknown): void;
  /** Items wait that brought references: nobody can give these back. */
  keep(references: readonly RemoteReference[]): void;
  /** They are taken. */
  deliver(references: readonly RemoteReference[]): void;
  /** What came with an item that nobody will take. */
  giveBack(
    value: unknown,
    references: readonly RemoteReference[] | undefined,
    caches: readonly RemoteCache[] | undefined,
  ): void;
  /** The error for a stream that is left because of a signal. */
  aborted(reason: unknown): Error;
}

/** One item that has come. */
export interface Item {
  value: unknown;
  /** What it costs. */
  readonly bytes: number;
  /** While something of it is still to come. */
  late: Late | undefined;
  readonly received: readonly RemoteReference[] | undefined;
  readonly caches: readonly RemoteCache[] | undefined;
}

interface Waiter {
  resolve(step: IteratorResult<unknown, undefined>): void;
  reject(error: unknown): void;
}

/** What may be on its way or wait here: at first, and at most. */
const FIRST_ITEMS = 32;
const MOST_ITEMS = 1024;
const MOST_BYTES = 1024 * 1024;
/** Bytes that may be asked for with each item, up to the most. */
const BYTES_PER_ITEM = 2048;

export class StreamConsumer implements StreamFeed, Abortable {
  readonly id: number;
  /** The method that gave it, if that is known. */
  origin: string | undefined;
  readonly #hub: ConsumerHub;
  #state: "idle" | "open" | "stopped" | "thrown" | "over" = "idle";
  // Made when they are needed: most streams are idle.
  #items: Item[] | undefined;
  #head = 0;
  #waiters: Waiter[] | undefined;
  #failure: { readonly error: unknown } | undefined;
  #signal: AbortSignal | undefined;
  // Credit: what is allowed at all, what the peer may still send of it, and what was taken since it was told last.
  #window = FIRST_ITEMS;
  #left = 0;
  #leftBytes = 0;
  #taken = 0;
  #takenBytes = 0;
  // Since it was told last: the peer had used up everything, and the consumer had to wait.
  #dry = false;
  #waited = false;

  constructor(id: number, hub: ConsumerHub) {
    this.id = id;
    this.#hub = hub;
  }

  // ---- StreamFeed

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#state === "idle") {
      this.#begin();
      return this.#wait();
    }
    // Whoever waits came first.
    const item = this.#waiters === undefined ? this.#take() : undefined;
    if (item !== undefined) return Promise.resolve({ done: false, value: item.value });
    if (this.#ended) return this.#last();
    this.#waited = true;
    return this.#wait();
  }

  stop(): void {
    if (this.#state !== "idle" && this.#state !== "open") {
      this.#discard();
      this.#failure = undefined;
      return;
    }
    this.#state = "stopped";
    this.#discard();
    this.#hub.sendStop(this.id);
    this.#finish();
  }

  throwInto(error: unknown): Promise<IteratorResult<unknown, undefined>> {
    if (this.#state !== "idle" && this.#state !== "open") {
      this.#discard();
      return Promise.reject(error);
    }
    try {
      this.#hub.sendThrow(this.id, error);
    } catch (unsendable) {
      this.stop();
      return Promise.reject(unsendable);
    }
    this.#state = "thrown";
    this.#discard();
    this.#finish();
    return this.#wait();
  }

  // ---- The peer's frames. Each throws ProtocolError for what the peer must not send.

  item(item: Item): void {
    if (this.#left <= 0 || this.#leftBytes <= 0) {
      throw new ProtocolError(`more items of stream ${this.id} came than were asked for`);
    }
    this.#left--;
    this.#leftBytes -= item.bytes;
    if (this.#left <= 0 || this.#leftBytes <= 0) this.#dry = true;
    if (this.#state !== "open") {
      this.#giveBack(item);
      return;
    }
    if (item.late === undefined && this.#waiters !== undefined && this.#waiting === 0) {
      this.#account(item);
      this.#wake({ done: false, value: item.value });
      return;
    }
    this.#items ??= [];
    this.#items.push(item);
    if (item.received !== undefined) this.#hub.keep(item.received);
    if (item.late !== undefined && !item.late.complete) item.late.whenComplete(() => this.#advance());
    else this.#advance();
  }

  ended(): void {
    this.#over();
  }

  broke(error: unknown): void {
    // Who has left does not hear of it.
    if (this.#state !== "stopped") this.#failure = { error };
    if (error instanceof Error) showWhere(error, this.#where);
    this.#over();
  }

  /** The connection has ended. */
  lost(error: Error): void {
    if (this.#state !== "stopped") this.#failure = { error };
    // What is not whole will never be.
    const items = this.#items ?? [];
    const broken = items.findIndex((item, at) => at >= this.#head && item.late?.complete === false);
    if (broken >= 0) items.length = broken;
    this.#over();
  }

  // ---- Abortable

  /** Leaves the stream when a signal fires, which has not fired yet. */
  limit(signal: AbortSignal): void {
    if (this.#state !== "idle" && this.#state !== "open") return;
    this.#signal = signal;
    Aborts.of(signal).add(this);
  }

  aborted(reason: unknown): void {
    if (this.#state !== "idle" && this.#state !== "open") return;
    this.#signal = undefined;
    this.#failure = { error: this.#hub.aborted(reason) };
    this.stop();
  }

  get #where(): string {
    return this.origin === undefined
      ? "a stream of the other side"
      : `the stream of the remote method ${JSON.stringify(this.origin)}`;
  }

  /** Nothing more will come that could be taken. */
  get #ended(): boolean {
    return (this.#state === "over" || this.#state === "stopped") && this.#waiting === 0;
  }

  get #waiting(): number {
    return this.#items === undefined ? 0 : this.#items.length - this.#head;
  }

  #begin(): void {
    this.#state = "open";
    this.#left = FIRST_ITEMS;
    this.#leftBytes = bytesOf(FIRST_ITEMS);
    this.#hub.sendWant(this.id, this.#left, this.#leftBytes);
  }

  #wait(): Promise<IteratorResult<unknown, undefined>> {
    return new Promise((resolve, reject) => {
      this.#waiters ??= [];
      this.#waiters.push({ resolve, reject });
    });
  }

  #wake(step: IteratorResult<unknown, undefined>): void {
    const waiters = this.#waiters as Waiter[];
    const waiter = waiters.shift() as Waiter;
    if (waiters.length === 0) this.#waiters = undefined;
    waiter.resolve(step);
  }

  /** Gives those who wait what is there. */
  #advance(): void {
    while (this.#waiters !== undefined) {
      const item = this.#take();
      if (item === undefined) break;
      this.#wake({ done: false, value: item.value });
    }
    if (this.#waiters !== undefined && this.#ended) this.#finish();
  }

  /** The first item, if it is whole. */
  #take(): Item | undefined {
    const items = this.#items;
    const item = items?.[this.#head];
    if (items === undefined || item === undefined || (item.late !== undefined && !item.late.complete)) return undefined;
    this.#head++;
    if (this.#head === items.length) {
      this.#items = undefined;
      this.#head = 0;
    } else if (this.#head >= FIRST_ITEMS && this.#head * 2 >= items.length) {
      // A queue that is never empty must not keep what was taken.
      items.splice(0, this.#head);
      this.#head = 0;
    }
    if (item.received !== undefined) this.#hub.deliver(item.received);
    if (item.late !== undefined && !this.#complete(item, item.late)) return undefined;
    this.#account(item);
    return item;
  }

  /** Decodes what was late; false if that fails, which ends the stream. */
  #complete(item: Item, late: Late): boolean {
    try {
      item.value = late.decode().args[0];
      item.late = undefined;
      return true;
    } catch (error) {
      this.#discard();
      this.#failure = { error };
      if (this.#state === "open") this.stop();
      return false;
    }
  }

  /** An item was taken: asks for more when half of what is allowed was. */
  #account(item: Item): void {
    if (this.#state !== "open") return;
    const window = this.#window;
    this.#taken++;
    this.#takenBytes += item.bytes;
    if (this.#taken * 2 < window && this.#takenBytes * 2 < bytesOf(window)) return;
    let items = this.#taken;
    let bytes = this.#takenBytes;
    // The producer waited for the consumer's word, and the consumer for the producer: there should be more on the way.
    if (this.#dry && this.#waited && window < MOST_ITEMS) {
      this.#window = window * 2;
      items += window;
      bytes += bytesOf(this.#window) - bytesOf(window);
    }
    this.#dry = this.#waited = false;
    this.#taken = this.#takenBytes = 0;
    this.#left += items;
    this.#leftBytes += bytes;
    this.#hub.sendWant(this.id, items, bytes);
  }

  /** How it ends, for one who asks: the failure once. */
  #last(): Promise<IteratorResult<unknown, undefined>> {
    const failure = this.#failure;
    if (failure === undefined) return Promise.resolve({ done: true, value: undefined });
    this.#failure = undefined;
    return Promise.reject(failure.error);
  }

  #over(): void {
    const thrown = this.#state === "thrown";
    this.#state = "over";
    if (this.#signal !== undefined) Aborts.of(this.#signal).remove(this);
    this.#signal = undefined;
    if (thrown) this.#discard();
    this.#advance();
  }

  /** Those who wait are told that it has ended. Who throws into it waits on. */
  #finish(): void {
    if (this.#signal !== undefined) Aborts.of(this.#signal).remove(this);
    this.#signal = undefined;
    const waiters = this.#waiters;
    this.#waiters = undefined;
    for (const waiter of waiters ?? []) {
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure === undefined) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(failure.error);
    }
  }

  /** What waits will not be taken. */
  #discard(): void {
    const items = this.#items;
    if (items === undefined) return;
    const waiting = items.slice(this.#head);
    this.#items = undefined;
    this.#head = 0;
    for (const item of waiting) {
      if (item.received !== undefined) this.#hub.deliver(item.received);
      this.#giveBack(item);
    }
  }

  #giveBack(item: Item): void {
    if (item.late !== undefined) item.late.giveBack();
    else this.#hub.giveBack(item.value, item.received, item.caches);
  }
}

/** The bytes that are allowed with so many items. */
function bytesOf(items: number): number {
  return Math.min(items * BYTES_PER_ITEM, MOST_BYTES);
}
