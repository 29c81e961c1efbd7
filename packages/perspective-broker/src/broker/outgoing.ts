// Our calls, from their number to their answer: each gets the next request id, is written whole or not at all, and waits here
// until it is answered, given up or lost.
import { type CloseReason, ConnectionLost, type Executed, LimitExceeded } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { Clock } from "../platform/clock.ts";
import { pending, type RemoteResult } from "../references/remote-result.ts";
import type { CallOptions } from "../types.ts";
import { Keywords } from "../values/keywords.ts";
import type { Codec } from "../wire/dialect.ts";
import type { ObjectId } from "../wire/message.ts";
import type { Outbox } from "../wire/outbox.ts";
import { OutgoingCall } from "./calls.ts";
import type { Log } from "./log.ts";
import type { Tables } from "./tables.ts";

export interface OutgoingSetup {
  readonly codec: Codec;
  readonly tables: Tables;
  readonly outbox: Outbox;
  readonly limits: Limits;
  /** How many bytes of all that was ever encoded the platform has taken. */
  readonly sent: () => number;
  readonly clock: Clock;
  readonly log: Log;
  /** A message was put into the outbox. */
  readonly written: () => void;
  /** An answer is awaited from now on. */
  readonly awaiting: () => void;
}

/** Where a call goes: an object of the peer's, or its copy of a Cacheable of ours; and for whom it is encoded. */
export interface Destination {
  readonly to: "object" | "cache";
  readonly id: ObjectId;
  readonly perspective: object | null;
}

export class Outgoing {
  readonly #setup: OutgoingSetup;
  readonly #awaited = new Map<number, OutgoingCall>();
  #lastRequest = 0;

  constructor(setup: OutgoingSetup) {
    this.#setup = setup;
  }

  /** How many calls are not answered yet. */
  get awaited(): number {
    return this.#awaited.size;
  }

  expected(id: number): boolean {
    return this.#awaited.has(id);
  }

  call(
    destination: Destination,
    method: string,
    args: unknown[],
    options: CallOptions | undefined,
  ): RemoteResult<unknown> {
    const { outbox, tables, limits, sent, awaiting, written } = this.#setup;
    if (this.#awaited.size >= limits.awaited) {
      return rejected(
        new LimitExceeded("awaited", `more than limits.awaited (${limits.awaited}) calls are not answered`),
      );
    }
    const position = outbox.total;
    const id = ++this.#lastRequest;
    let exported: number[] | undefined;
    try {
      exported = this.#send(id, destination, method, args, true);
    } catch (error) {
      return rejected(error);
    }
    const call = new OutgoingCall(method, position, exported);
    this.#awaited.set(id, call);
    if (exported !== undefined) {
      tables.exports.pin(exported);
      tables.given.pin(exported);
    }
    if (options !== undefined && (options.signal !== undefined || options.timeout !== undefined)) {
      const executed = (): Executed => (sent() <= position ? "no" : "unknown");
      call.limit(options, this.#setup.clock, executed);
    }
    awaiting();
    written();
    return call.result;
  }

  /** Without an answer. Throws what keeps it from being sent. */
  post(destination: Destination, method: string, args: unknown[]): void {
    this.#send(++this.#lastRequest, destination, method, args, false);
    this.#setup.written();
  }

  /** Without an answer; what keeps it from being sent, `problem` before all, goes to the log. */
  callOnly(destination: Destination, method: string, args: unknown[], problem: Error | undefined): void {
    try {
      if (problem !== undefined) throw problem;
      this.post(destination, method, args);
    } catch (error) {
      const message = `the call of ${String(method)} without an answer was not sent`;
      this.#setup.log({ level: "warn", message, error });
    }
  }

  /** The answer to a call has come; whether it is still of interest is for the caller to see. */
  settle(id: number): OutgoingCall {
    const call = this.#awaited.get(id) as OutgoingCall;
    this.#awaited.delete(id);
    call.settled();
    if (call.exported !== undefined) {
      this.#setup.tables.exports.unpin(call.exported);
      this.#setup.tables.given.unpin(call.exported);
    }
    return call;
  }

  /** Every call fails. `dropped` tells that what was not sent will not be sent any more. */
  end(reason: CloseReason, dropped: boolean): void {
    const awaited = [...this.#awaited.values()];
    const sent = dropped ? this.#setup.sent() : Number.POSITIVE_INFINITY;
    this.#awaited.clear();
    for (const call of awaited) {
      call.settled();
      if (!call.abandoned) call.reject(new ConnectionLost(reason, call.position >= sent ? "no" : "unknown"));
    }
  }

  #send(
    id: number,
    { to, id: target, perspective }: Destination,
    method: string,
    args: unknown[],
    wantsAnswer: boolean,
  ): number[] | undefined {
    const last = args[args.length - 1];
    const keywords = last instanceof Keywords ? last : undefined;
    const positional = keywords === undefined ? args : args.slice(0, -1);
    try {
      return this.#setup.codec.sendCall(to, id, target, method, positional, keywords, wantsAnswer, perspective);
    } catch (error) {
      // A call that was not sent leaves its number to the next one, unless there was one meanwhile.
      if (this.#lastRequest === id) this.#lastRequest--;
      throw error;
    }
  }
}

/** The result of a call that failed before it was one. */
export function rejected(error: unknown): RemoteResult<unknown> {
  const { result, reject } = pending<unknown>();
  reject(error);
  return result;
}
