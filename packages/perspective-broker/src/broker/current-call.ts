// Who is calling: `currentCall()` in a remote method. Its store is chosen by connection: one that follows `await`, where the
// runtime has one, or one that is valid until the first `await` and costs next to nothing.

import { platform } from "#platform";
import { CallTimeout, NoCurrentCall } from "../errors.ts";
import {
  type Activation,
  type ActivationStore,
  type Branch,
  type Covered,
  currentActivation,
  following,
  untilAwait,
} from "../flavors/activation.ts";
import { newChain } from "../flavors/chain.ts";
import type { Lock } from "../flavors/lock.ts";
import type { Clock } from "../platform/clock.ts";
import { Deadlines } from "../platform/deadlines.ts";
import type { Chain, Envelope, Trace } from "../wire/message.ts";
import { wellFormedTrace } from "./trace.ts";

/** A connection, as the call context shows it. Its own class adds the rest. */
export interface CallConnection {
  readonly peer: unknown;
}

/** One call of the peer, while it runs. */
export class Call<C extends CallConnection = CallConnection> implements Activation {
  readonly connection: C;
  /** The method's name, without prefix. */
  readonly method: string;
  /** The caller's avatar, in methods of an avatar or a view; null elsewhere. */
  readonly avatar: object | null;
  /**
   * Who the caller logged in as, as the checker said: usually the user's name. Undefined without an avatar, and in methods of a
   * view where different principals were given the same avatar.
   */
  readonly principal: unknown;
  readonly #aborts: CallAborts;
  /** @internal */
  waitsFor: Lock | undefined;
  /** @internal */
  branches: Branch[] | undefined;
  // The last of our calls when it came, if it named its chain; else -1: what we do cannot have caused it.
  readonly #after: number;
  readonly #envelope: Envelope | undefined;
  readonly #arrived: number;
  #rare: Rare | undefined;

  /** @internal Made by a broker. `arrived` is when the envelope came, by the clock of `aborts`. */
  constructor(
    connection: C,
    method: string,
    aborts: CallAborts,
    avatar: object | null,
    principal: unknown,
    envelope: Envelope | undefined,
    arrived: number,
  ) {
    this.connection = connection;
    this.method = method;
    this.#aborts = aborts;
    this.avatar = avatar;
    this.principal = principal;
    this.#envelope = envelope;
    this.#arrived = arrived;
    this.#after = envelope?.chain === undefined ? -1 : aborts.awaited.lastRequest;
  }

  /** Who is at the other end of the connection. */
  get peer(): C["peer"] {
    return this.connection.peer;
  }

  /**
   * Fires when nobody waits for the answer any more: the caller aborted the call, its deadline is over, or the connection has
   * ended; and when nobody takes the streams any more that came out of the call. Made when it is first asked for, which must be
   * while the call runs, or a stream of it.
   */
  get signal(): AbortSignal {
    const rare = this.#more;
    if (rare.controller === undefined) {
      rare.controller = new AbortController();
      platform.manyListeners(rare.controller.signal);
      const aborted = rare.aborted ?? this.#aborts.ended;
      if (aborted !== undefined) rare.controller.abort(aborted.reason);
      else this.#watch(rare);
    }
    return rare.controller.signal;
  }

  /**
   * Milliseconds until the caller's deadline; Infinity if there is none, 0 when it is over. Calls made for this call have it, too.
   * It is that of the answer: a stream that came out of the call has none.
   */
  get remaining(): number {
    const deadline = this.#envelope?.deadline;
    if (deadline === undefined || this.#rare?.streaming) return Number.POSITIVE_INFINITY;
    return Math.max(0, this.#arrived + deadline - this.#aborts.clock.now());
  }

  /** The chain of calls that this one is part of, from process to process. */
  get chain(): Chain {
    if (this.#envelope?.chain !== undefined) return this.#envelope.chain;
    const rare = this.#more;
    rare.chain ??= newChain();
    return rare.chain;
  }

  /** How many calls are above this one in its chain. */
  get depth(): number {
    return this.#envelope?.depth ?? 0;
  }

  /** @internal */
  get outer(): this {
    return this;
  }

  /**
   * @internal The calls here that wait for it. What a peer says of its chain is believed only as far as we wait for the peer
   * ourselves: its call can be on behalf of calls of that chain which we made over the same connection, before it came, and
   * that are above it.
   */
  callers(covered: Covered): readonly Activation[] {
    if (this.#after <= (covered.get(this.#aborts) ?? -1)) return NONE;
    covered.set(this.#aborts, this.#after);
    return this.#aborts.awaited.callersOf(this.chain, this.#after, this.depth);
  }

  /** The trace context (W3C) that calls made for this one take over: the caller's, if it sent one, or what an interceptor has set. */
  get trace(): Trace | undefined {
    if (this.#envelope?.trace === undefined) return this.#rare?.trace?.value;
    const rare = this.#more;
    rare.trace ??= { value: wellFormedTrace(this.#envelope.trace) };
    return rare.trace.value;
  }

  /** @internal Another trace context for the calls that are made for this one. */
  retrace(trace: Trace | undefined): void {
    this.#more.trace = { value: trace };
  }

  /** The application's, for the time of this call. */
  get storage(): Map<unknown, unknown> {
    const rare = this.#more;
    rare.storage ??= new Map();
    return rare.storage;
  }

  /** @internal Why its signal has fired. */
  get aborted(): { readonly reason: unknown } | undefined {
    return this.#rare?.aborted;
  }

  /** @internal Its signal fires. */
  abort(reason: unknown): void {
    const rare = this.#more;
    if (rare.aborted !== undefined) return;
    rare.aborted = { reason };
    this.#unwatch();
    rare.controller?.abort(reason);
  }

  /** @internal Its deadline is over. */
  expired(): void {
    this.abort(new CallTimeout(`${this.method}: the caller's deadline is over`, "unknown"));
  }

  /** @internal It was answered: its signal will not fire any more, unless there are streams that came out of it. */
  settled(): void {
    const rare = this.#rare;
    if (rare === undefined) return;
    this.#unwatch();
    rare.streaming = rare.streams > 0;
    if (rare.streaming) this.#watch(rare);
  }

  /** @internal A stream came out of it. */
  streamOpened(): void {
    this.#more.streams++;
  }

  /** @internal Nobody takes one of these any more. */
  streamStopped(reason: unknown): void {
    if (this.#rare?.streaming && this.#rare.streams === 1) this.abort(reason);
  }

  /** @internal One of these has ended. */
  streamEnded(): void {
    const rare = this.#more;
    if (--rare.streams === 0 && rare.streaming) this.#unwatch();
  }

  #watch(rare: Rare): void {
    if (rare.controller === undefined || rare.aborted !== undefined) return;
    this.#aborts.add(this);
    if (this.#envelope?.deadline !== undefined && !rare.streaming) {
      rare.slot = this.#aborts.deadlines.add(this, this.remaining);
    }
  }

  #unwatch(): void {
    const rare = this.#rare;
    if (rare?.controller === undefined) return;
    this.#aborts.remove(this);
    if (rare.slot !== 0) this.#aborts.deadlines.remove(this, rare.slot);
    rare.slot = 0;
  }

  get #more(): Rare {
    this.#rare ??= {
      controller: undefined,
      aborted: undefined,
      slot: 0,
      chain: undefined,
      storage: undefined,
      trace: undefined,
      streams: 0,
      streaming: false,
    };
    return this.#rare;
  }
}

/** What few calls need; made when it is asked for. */
interface Rare {
  controller: AbortController | undefined;
  aborted: { readonly reason: unknown } | undefined;
  slot: number;
  chain: Chain | undefined;
  storage: Map<unknown, unknown> | undefined;
  trace: { readonly value: Trace | undefined } | undefined;
  /** Streams that came out of it and are open. */
  streams: number;
  /** It was answered, and goes on in its streams. */
  streaming: boolean;
}

const NONE: readonly Activation[] = [];

/** What the calls of one connection share, and those of them that run and whose signals somebody has asked for. */
export class CallAborts {
  readonly clock: Clock;
  readonly #parts: { readonly outgoing: AwaitedCalls };
  /** The connection has ended. */
  ended: { readonly reason: unknown } | undefined;
  #calls: Set<Call> | undefined;

  constructor(clock: Clock, parts: { readonly outgoing: AwaitedCalls }) {
    this.clock = clock;
    this.#parts = parts;
  }

  /** Our own calls. */
  get awaited(): AwaitedCalls {
    return this.#parts.outgoing;
  }

  get deadlines(): Deadlines {
    return Deadlines.of(this.clock);
  }

  add(call: Call): void {
    this.#calls ??= new Set();
    this.#calls.add(call);
  }

  remove(call: Call): void {
    this.#calls?.delete(call);
  }

  /** Every signal fires. */
  end(reason: unknown): void {
    this.ended = { reason };
    for (const call of [...(this.#calls ?? [])]) call.abort(reason);
  }
}

/** Our calls to the peer, by the chains that they belong to. */
export interface AwaitedCalls {
  /** The number of the last one. */
  readonly lastRequest: number;
  /** On whose behalf calls of a chain were made, up to a number and above a depth, that the peer has not answered; the latest first. */
  callersOf(chain: Chain, last: number, depth: number): readonly Activation[];
}

/** Runs methods so that `currentCall()` knows their call. */
export type CallStore = ActivationStore;

/** The store for an option; `async` is the default where there is one. */
export function callStore(context: "async" | "sync" | undefined): CallStore {
  if (context === "sync") return untilAwait;
  if (following !== undefined) return following;
  if (context === "async") throw new TypeError('context: "async" needs a runtime with AsyncLocalStorage');
  return untilAwait;
}

/** The call that is running, if one is. */
export function runningCallIfAny(): Call | undefined {
  const outer = currentActivation()?.outer;
  return outer instanceof Call ? outer : undefined;
}

/** The call that is running. Throws NoCurrentCall outside of one, or after an `await` with `context: "sync"`. */
export function runningCall(): Call {
  const call = runningCallIfAny();
  if (call !== undefined) return call;
  throw new NoCurrentCall(
    'there is no current call here (with context: "sync" it is known until the first await only)',
  );
}
