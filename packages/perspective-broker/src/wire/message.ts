// The messages that every dialect carries, as calls on a handler: what a dialect has decoded it hands on without an object
// per message. The broker implements MessageHandler.
import type { RemoteCache } from "../references/remote-cache.ts";
import type { RemoteReference } from "../references/remote-reference.ts";
import type { Keywords } from "../values/keywords.ts";

/** Names an object of the side that is addressed: an id that it gave out, or a name. */
export type ObjectId = number | string;

/** What the caller wants to see again in the answer. Numbers by our own side; any leaf by others (spec §4.3). */
export type RequestId = number | bigint | Uint8Array;

/** A call of the peer's, decoded. */
export interface IncomingCall {
  /** An object of ours, or our copy of a Cacheable of the peer's. */
  readonly to: "object" | "cache";
  readonly id: RequestId;
  readonly target: ObjectId;
  readonly method: string;
  readonly wantsAnswer: boolean;
  readonly args: unknown[];
  readonly keywords: Keywords | undefined;
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
  unreadable(id: RequestId, target: ObjectId, method: string, wantsAnswer: boolean, error: unknown): void;
  /** The peer's result. `expected(id)` was asked before. */
  answered(
    id: number,
    value: unknown,
    received: RemoteReference[] | undefined,
    caches: RemoteCache[] | undefined,
  ): void;
  /** The peer's error with the references that came in its data, or our own failure to decode its answer. */
  failed(id: number, error: unknown, received: RemoteReference[] | undefined, caches: RemoteCache[] | undefined): void;
  /** Whether a call with this id waits for its answer. */
  expected(id: number): boolean;
  /** The peer gives back one receipt of an object of ours. */
  released(id: ObjectId): void;
  /** The peer gives back one receipt of a Cacheable of ours. */
  decached(id: number): void;
  /** The peer has forgotten the observer of our copy: the id is free. */
  uncached(id: number): void;
  /** The peer did not know one of our commands; for the log only. */
  notUnderstood(command: string): void;
}
