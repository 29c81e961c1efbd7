// Our calls that wait for their answers, by request id. A call that was aborted or timed out stays here until its answer has
// come, so that the answer is known and what it brings can be given back.
import { CallAborted, CallTimeout, DeadReferenceError, type Executed } from "../errors.ts";
import { type Activation, type Branch, close, open } from "../flavors/activation.ts";
import type { Probe } from "../flavors/probe.ts";
import type { Abortable } from "../platform/aborts.ts";
import type { Clock } from "../platform/clock.ts";
import type { Expiring } from "../platform/deadlines.ts";
import { type Patience, waitWith } from "../platform/patience.ts";
import { pending, RemoteResult, rejected, type Source } from "../references/remote-result.ts";
import { Wants } from "../wire/message.ts";
import type { Held } from "./gate.ts";

/** What a call needs of those that send it. */
export interface CallSender {
  /** Somebody wants the result of a call that was sent without asking for it. */
  pull(call: OutgoingCall): void;
  /** The turn's first call may be written. */
  wanted(): void;
  /** Calls through the call's result; undefined if that has to wait for it. */
  through(call: OutgoingCall, method: string, args: unknown[]): RemoteResult<unknown> | undefined;
  throughOnly(call: OutgoingCall, method: string, args: unknown[]): boolean;
  /** Nobody calls through it any more, nor wants it. */
  drop(call: OutgoingCall): void;
  /** The caller does not wait any more. Returns what is known of its execution. */
  cancel(call: OutgoingCall): Executed;
  /** Somebody searches for calls that wait for each other, and comes to this one. */
  probe(call: OutgoingCall, probe: Probe): void;
  /** What depends on the result of a call that was not sent, and has failed, fails with the same. */
  failDependents(call: OutgoingCall): void;
}

export class OutgoingCall implements Expiring, Abortable, Source, Branch {
  readonly result: RemoteResult<unknown>;
  readonly id: number;
  readonly method: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** The call on whose behalf it is made. */
  readonly caller: Activation | undefined;
  place = -1;
  /** Objects and caches of ours that went with it. */
  exported: number[] | undefined;
  /** How many bytes had been encoded before it: it has not left this process while fewer were sent. */
  position = 0;
  /** While it waits at the gate. */
  held: Held | undefined;
  /** What the peer was told that we want, with the bits of `Wants`. */
  wants: number = Wants.answer;
  /** Its answer says that it is no longer open; else a credit does. */
  closesByAnswer = true;
  /** The caller has been told already. */
  abandoned = false;
  /** Something was called through it over there. */
  calledThrough = false;
  /** What its caller can abort it by. */
  signal: AbortSignal | undefined;
  /** The call whose result it is called through. */
  parent: OutgoingCall | undefined;
  /** What it failed with: what was called through it fails with the same. */
  failure: unknown;
  /** The results that it depends on: the call that it goes through, and those among its arguments. */
  uses: readonly RemoteResult<unknown>[] | undefined;
  readonly #sender: CallSender;
  #stop: (() => void) | undefined;
  #over = false;
  #givenUp = false;

  constructor(sender: CallSender, id: number, method: string, caller: Activation | undefined, pipelining: boolean) {
    const { result, resolve, reject } = pending<unknown>();
    this.result = result;
    this.resolve = resolve;
    this.reject = reject;
    this.id = id;
    this.method = method;
    this.caller = caller;
    this.#sender = sender;
    if (pipelining) RemoteResult.from(result, this);
  }

  /** It runs elsewhere. */
  get activation(): undefined {
    return undefined;
  }

  /** It has been sent: its caller waits for it. */
  opened(): void {
    if (this.caller !== undefined) open(this.caller, this);
  }

  pass(probe: Probe): void {
    this.#sender.probe(this, probe);
  }

  /** Whether an answer will come for it. */
  get awaitsAnswer(): boolean {
    return (this.wants & Wants.answer) !== 0;
  }

  /** Its result is kept over there. */
  get kept(): boolean {
    return (this.wants & Wants.keeping) !== 0;
  }

  /** Ends the caller's waiting when the signal fires or the time is over. */
  limit(patience: Patience, clock: Clock): void {
    this.signal = patience.signal;
    this.#stop = waitWith(patience, this, clock);
  }

  expired(): void {
    this.#abandon((executed) => new CallTimeout(`${this.method}: no answer in time`, executed));
  }

  aborted(reason: unknown): void {
    this.#abandon((executed) => new CallAborted(reason, executed));
  }

  wanted(): void {
    if (this.#givenUp) {
      this.reject(this.#tooLate());
      return;
    }
    // Before it leaves: then it need not be asked for again.
    if (!this.awaitsAnswer && !this.#over) this.#sender.pull(this);
    this.#sender.wanted();
  }

  through(method: string, args: unknown[]): RemoteResult<unknown> | undefined {
    if (this.#givenUp) return rejected(this.#tooLate());
    return this.#over || this.abandoned ? undefined : this.#sender.through(this, method, args);
  }

  throughOnly(method: string, args: unknown[]): boolean {
    if (this.#givenUp) return true;
    return !this.#over && !this.abandoned && this.#sender.throughOnly(this, method, args);
  }

  /** Called by the result, one turn after the last call through it, if nobody wanted it. */
  dropped(): boolean {
    if (this.#over || this.awaitsAnswer) return false;
    this.#sender.drop(this);
    this.#givenUp = true;
    return true;
  }

  // Made when somebody comes after all: nearly nobody does.
  #tooLate(): Error {
    return new DeadReferenceError(`${this.method}: the result was given back already, as nobody had awaited it`);
  }

  /** It is answered or lost: signal and timer mean nothing any more. */
  settled(): void {
    this.#over = true;
    if (this.caller !== undefined) close(this.caller, this);
    this.#stop?.();
    this.#stop = undefined;
    if (this.uses === undefined) return;
    for (const result of this.uses) RemoteResult.closed(result);
    this.uses = undefined;
  }

  /** The value is here. */
  fulfil(value: unknown): void {
    RemoteResult.settle(this.result, value);
    this.resolve(value);
  }

  #abandon(error: (executed: Executed) => Error): void {
    this.#stop?.();
    this.#stop = undefined;
    this.abandoned = true;
    if (this.caller !== undefined) close(this.caller, this);
    const { kept } = this;
    const executed = this.#sender.cancel(this);
    this.failure = error(executed);
    this.reject(this.failure);
    if (kept && executed === "no") this.#sender.failDependents(this);
  }
}
