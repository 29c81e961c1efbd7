// One iterable of this side that the peer consumes. Items are pulled while the peer has asked for more and the connection takes
// them, one after the other, on behalf of the call that the iterable came out of.
//
//   fresh ── first WANT ──▶ open ── done or thrown ──▶ over
//   fresh, open ── STOP, THROW, an item that cannot be sent ──▶ leaving ── the iterator has returned ──▶ over
import type { Call, CallStore } from "./current-call.ts";
import { abandonSource, iterateSource, type SourceIterator } from "./stream-source.ts";

/** What a producer needs of the connection. */
export interface ProducerHub {
  readonly store: CallStore;
  readonly congested: boolean;
  /** Calls `fn` in a later turn, when the connection is not congested any more. */
  whenWritable(fn: () => void): void;
  /** Sends an item and returns what it costs. Throws if it cannot be encoded. */
  sendItem(producer: StreamProducer, value: unknown): number;
  sendEnd(producer: StreamProducer): void;
  sendBreak(producer: StreamProducer, error: unknown): void;
  /** The error to tell the peer about an item that could not be encoded; it is logged. */
  unsendable(producer: StreamProducer, error: unknown): unknown;
  /** Logs what the iterable has thrown, unless that was to be expected. */
  failed(producer: StreamProducer, error: unknown): void;
}

export class StreamProducer {
  readonly id: number;
  /** The call on whose behalf it produces. */
  readonly call: Call | undefined;
  /** It came out of the call: as long as it is open the call is not over. */
  readonly holds: boolean;
  /** Whom its items are encoded for. */
  readonly perspective: object | null;
  readonly #hub: ProducerHub;
  readonly #source: object;
  #state: "fresh" | "open" | "leaving" | "over" = "fresh";
  #iterator: SourceIterator | undefined;
  #items = 0;
  #bytes = 0;
  #running = false;

  constructor(
    id: number,
    source: object,
    call: Call | undefined,
    holds: boolean,
    perspective: object | null,
    hub: ProducerHub,
  ) {
    this.id = id;
    this.call = call;
    this.holds = holds;
    this.perspective = perspective;
    this.#source = source;
    this.#hub = hub;
  }

  /** The peer asks for more. */
  wanted(items: number, bytes: number): void {
    this.#items = Math.min(this.#items + items, Number.MAX_SAFE_INTEGER);
    this.#bytes = Math.min(this.#bytes + bytes, Number.MAX_SAFE_INTEGER);
    if (!this.#running && (this.#state === "fresh" || this.#state === "open")) void this.#run();
  }

  /** The peer wants no more. */
  stopped(reason: unknown): void {
    if (this.#state !== "fresh" && this.#state !== "open") return;
    if (this.holds) this.call?.streamStopped(reason);
    void this.#leave(() => this.#return(reason), undefined, reason);
  }

  /** The peer throws into it. What the iterable makes of that is its end, whatever it is. */
  threw(error: unknown): void {
    if (this.#state !== "fresh" && this.#state !== "open") return;
    const how = async (): Promise<void> => {
      // A generator that has not begun takes it as one that has.
      const target = (this.#iterator ?? this.#source) as Partial<SourceIterator>;
      if (typeof target.throw !== "function" || typeof target.next !== "function") {
        await this.#return(error);
        return;
      }
      const step = (await this.#inCall(target.throw, target, [error])) as { done?: unknown } | undefined;
      if (step?.done === false) await this.#return(error);
    };
    void this.#leave(how, undefined, error);
  }

  /** The connection has ended: nothing is told any more. */
  lost(reason: unknown): void {
    const left = this.#state === "leaving" || this.#state === "over";
    this.#state = "over";
    if (!left) void this.#quietly(() => this.#return(reason), reason);
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      if (this.#state === "fresh") {
        this.#state = "open";
        this.#iterator = this.#inCall(iterateSource, undefined, [this.#source]) as SourceIterator;
      }
      const iterator = this.#iterator as SourceIterator;
      while (this.#state === "open" && this.#items > 0 && this.#bytes > 0) {
        if (this.#hub.congested) {
          await this.#room();
          continue;
        }
        let step = this.#inCall(iterator.next, iterator, NONE) as PromiseLike<Step> | Step;
        if (isThenable(step)) step = await step;
        if (this.#state !== "open") return;
        if (typeof step !== "object" || step === null) throw new TypeError("an iterator gave what is no object");
        if (step.done) {
          this.#end();
          return;
        }
        if (!this.#send(step.value)) return;
      }
    } catch (error) {
      if (this.#state === "open") {
        this.#hub.failed(this, error);
        this.#break(error);
      } else if (!isAbort(error, this.call)) {
        this.#hub.failed(this, error);
      }
    } finally {
      this.#running = false;
    }
  }

  /** False if it cannot be encoded: that ends the stream. */
  #send(value: unknown): boolean {
    let bytes: number;
    try {
      bytes = this.#hub.sendItem(this, value);
    } catch (error) {
      const told = this.#hub.unsendable(this, error);
      void this.#leave(() => this.#return(told), { error: told }, told);
      return false;
    }
    this.#items--;
    this.#bytes -= bytes;
    return true;
  }

  /** Ends the iterable, then the stream: as broken if that fails, or for `broken`, else in order. */
  async #leave(how: () => unknown, broken: { readonly error: unknown } | undefined, reason: unknown): Promise<void> {
    this.#state = "leaving";
    const failure = (await this.#quietly(how, reason)) ?? broken;
    if (this.#lost) return;
    if (failure === undefined) this.#end();
    else this.#break(failure.error);
  }

  get #lost(): boolean {
    return this.#state === "over";
  }

  /** What it has thrown; the reason itself, and that it was aborted, are not worth a line in the log. */
  async #quietly(how: () => unknown, reason: unknown): Promise<{ readonly error: unknown } | undefined> {
    try {
      await how();
      return undefined;
    } catch (error) {
      if (error !== reason && !isAbort(error, this.call)) this.#hub.failed(this, error);
      return { error };
    }
  }

  #return(reason: unknown): unknown {
    const iterator = this.#iterator;
    if (iterator === undefined) return this.#inCall(abandonSource, undefined, [this.#source, reason]);
    return typeof iterator.return === "function" ? this.#inCall(iterator.return, iterator, [reason]) : undefined;
  }

  /** Fulfilled when the connection is not congested any more, or has ended. */
  #room(): Promise<void> {
    return new Promise((resolve) => this.#hub.whenWritable(resolve));
  }

  #end(): void {
    this.#state = "over";
    this.#hub.sendEnd(this);
  }

  #break(error: unknown): void {
    this.#state = "over";
    this.#hub.sendBreak(this, error);
  }

  #inCall(fn: (...args: never[]) => unknown, self: unknown, args: readonly unknown[]): unknown {
    return this.#hub.store.run(this.call, fn, self, args);
  }
}

interface Step {
  readonly done?: boolean;
  readonly value?: unknown;
}

const NONE: readonly unknown[] = [];

function isThenable(value: unknown): value is PromiseLike<Step> {
  return value instanceof Promise || typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/** Whether it says no more than that the signal of the call has fired. */
function isAbort(error: unknown, call: Call | undefined): boolean {
  if (call?.aborted === undefined) return false;
  return error === call.aborted.reason || (error as { name?: unknown } | null | undefined)?.name === "AbortError";
}
