// The messages that every dialect carries, as calls on a handler: what a dialect has decoded it hands on without an object
// per message. The broker implements MessageHandler.
import type { Chain } from "../flavors/chain.ts";
import type { Probe } from "../flavors/probe.ts";
import type { RemoteCache } from "../references/remote-cache.ts";
import type { RemoteReference } from "../references/remote-reference.ts";
import type { Keywords } from "../values/keywords.ts";

/** Names an object of the side that is addressed: an id that it gave out, or a name. */
export type ObjectId = number | string;

/** What the caller wants to see again in the answer. Numbers by our own side; any leaf by others (spec §4.3). */
export type RequestId = number | bigint | Uint8Array;

/** What a call is addressed to: an object, a copy of a Cacheable, or what another call of the caller's results in. */
export type Destinee = "object" | "cache" | "result";

/** What becomes of a call's result: bits, as on the wire of pb7. */
export const Wants = { nothing: 0, answer: 1, keeping: 2 } as const;

export type { Chain } from "../flavors/chain.ts";
export type { Probe } from "../flavors/probe.ts";

/** W3C Trace Context, as texts. */
export interface Trace {
  readonly traceparent: string;
  readonly tracestate: string;
}

/** What a call carries beside its arguments. */
export interface Envelope {
  /** Milliseconds that are left. */
  readonly deadline?: number | undefined;
  readonly chain?: Chain | undefined;
  /** How many calls of the chain are above this one. */
  readonly depth?: number | undefined;
  readonly trace?: Trace | undefined;
}

/** What a message still lacks: pieces of its leaves, results of calls. */
export interface Late {
  /** Calls whose results stand among the arguments. */
  readonly results: readonly number[];
  /** Whether all pieces have come. */
  readonly complete: boolean;
  /** Calls `fn` once, when the last piece has come, or will never come. Not called if it is complete already. */
  whenComplete(fn: () => void): void;
  /** Decodes the message now that nothing is lacking; throws as decoding does, and what came with it is given back then. */
  decode(): { args: unknown[]; keywords: Keywords | undefined };
  /** The message will not be handled: what came with it is given back. */
  giveBack(): void;
}

/** A call of the peer's, decoded. */
export interface IncomingCall {
  /** An object of ours, our copy of a Cacheable of the peer's, or the result of an earlier call of the peer's. */
  readonly to: Destinee;
  readonly id: RequestId;
  readonly target: ObjectId;
  readonly method: string;
  readonly wantsAnswer: boolean;
  /** The result is to be kept for calls through it. */
  readonly keep: boolean;
  readonly envelope: Envelope | undefined;
  /** Given if arguments are still to come: args and keywords are those of its `decode` then. */
  readonly late: Late | undefined;
  args: unknown[];
  keywords: Keywords | undefined;
  /** The references that came with the arguments, one entry per receipt. */
  readonly received: RemoteReference[] | undefined;
  /** The same for copies of the peer's Cacheables. */
  readonly caches: RemoteCache[] | undefined;
  /** The size of the message. */
  readonly bytes: number;
}

/** Told of each whole message, in order of arrival, synchronously. */
export interface MessageHandler {
  /** The peer calls a method of an object of ours, or sends a message to our copy of a Cacheable of its own. */
  called(call: IncomingCall): void;
  /** A call whose arguments could not be decoded. References that came with them are given back already. */
  /** `wants` has the bits of `Wants`. */
  unreadable(id: RequestId, target: ObjectId, method: string, wants: number, error: unknown): void;
  /** The peer's result. `expected(id)` was asked before. */
  answered(
    id: number,
    value: unknown,
    received: RemoteReference[] | undefined,
    caches: RemoteCache[] | undefined,
  ): void;
  /** The peer's error with the references that came in its data, or our own failure to decode its answer. */
  failed(
    id: number,
    error: unknown,
    received: RemoteReference[] | undefined,
    caches: RemoteCache[] | undefined,
    /** The method was not called; `dependency`: because a call failed whose result it needs. */
    notRun?: { readonly dependency: boolean },
  ): void;
  /** Whether a call with this id waits for its answer. */
  expected(id: number): boolean;
  /** The peer gives back one receipt of an object of ours; false if there was none. */
  released(id: ObjectId): boolean;
  /** The peer gives back one receipt of a Cacheable of ours. */
  decached(id: number): void;
  /** The peer has forgotten the observer of our copy: the id is free. */
  uncached(id: number): void;
  /** The peer did not know one of our commands; for the log only. */
  notUnderstood(command: string): void;
  /** Messages of dialects that have more. */
  readonly more: MoreHandler;
}

/** What the peer can be expected to bear; told in its hello. */
export interface PeerLimits {
  /** Calls that may be open there at the same time. */
  readonly calls: number;
  /** Results that are kept there for calls through them. */
  readonly results: number;
  /** Bytes of one message. */
  readonly message: number;
  /** Bytes in pieces that may be on their way. */
  readonly bytes: number;
  /** Milliseconds of silence after which it asks for a sign of life; 0 for never. */
  readonly heartbeat: number;
  readonly streams: number;
  /** Names its process in chains. */
  readonly process: number;
}

/** Told of the messages that not every dialect has. */
export interface MoreHandler {
  greeted(limits: PeerLimits): void;
  cancelled(call: number): void;
  /** The result of a call is no longer needed. */
  dropped(call: number): void;
  /** The result of a call that was only to be kept is to be sent. */
  pulled(call: number): void;
  /** So many of our calls without an answer are done. */
  credited(calls: number): void;
  echo(number: number): void;
  echoed(number: number): void;
  /** `late` as in IncomingCall; its `decode` gives the item as its only argument. */
  item(
    stream: number,
    value: unknown,
    bytes: number,
    late: Late | undefined,
    received?: RemoteReference[],
    caches?: RemoteCache[],
  ): void;
  ended(stream: number): void;
  broke(stream: number, error: unknown): void;
  wanted(stream: number, items: number, bytes: number): void;
  stopped(stream: number): void;
  threw(stream: number, error: unknown): void;
  probed(call: number, probe: Probe): void;
  /** More pieces may be sent. */
  room(): void;
  /** A message was put into the outbox that answers what was received. */
  replied(): void;
}
