// Our calls that wait for their answers, by request id. A call that was aborted or timed out stays here until its answer has
// come, so that the answer is known and what it brings can be given back.
import { CallAborted, CallTimeout, type Executed } from "../errors.ts";
import type { Abortable } from "../platform/aborts.ts";
import type { Clock } from "../platform/clock.ts";
import type { Expiring } from "../platform/deadlines.ts";
import { waitWith } from "../platform/patience.ts";
import { pending, type RemoteResult } from "../references/remote-result.ts";
import type { CallOptions } from "../types.ts";

export class OutgoingCall implements Expiring, Abortable {
  readonly result: RemoteResult<unknown>;
  readonly method: string;
  /** How many bytes had been encoded before it: it has not left this process while fewer were sent. */
  readonly position: number;
  /** Objects and caches of ours that went with it. */
  readonly exported: number[] | undefined;
  /** The caller has been told already. */
  abandoned = false;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  #executed: (() => Executed) | undefined;
  #stop: (() => void) | undefined;

  constructor(method: string, position: number, exported: number[] | undefined) {
    const { result, resolve, reject } = pending<unknown>();
    this.result = result;
    this.resolve = resolve;
    this.reject = reject;
    this.method = method;
    this.position = position;
    this.exported = exported;
  }

  /** Ends the caller's waiting when the signal fires or the time is over. `executed` is asked then. */
  limit(options: CallOptions, clock: Clock, executed: () => Executed): void {
    this.#executed = executed;
    this.#stop = waitWith(options, this, clock);
  }

  expired(): void {
    this.#abandon(new CallTimeout(`${this.method}: no answer in time`, this.#executed?.() ?? "unknown"));
  }

  aborted(reason: unknown): void {
    this.#abandon(new CallAborted(reason, this.#executed?.() ?? "unknown"));
  }

  /** It is answered or lost: signal and timer mean nothing any more. */
  settled(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #abandon(error: Error): void {
    this.settled();
    this.abandoned = true;
    this.reject(error);
  }
}
