// The messages that every dialect carries, as calls on a handler: what a dialect has decoded it hands on without an object
// per message. The broker implements MessageHandler.
import type { RemoteReference } from "../references/remote-reference.ts";
import type { Keywords } from "../values/keywords.ts";

/** Names an object of the side that is addressed: an id that it gave out, or a name. */
export type ObjectId = number | string;

/** What the caller wants to see again in the answer. Numbers by our own side; any leaf by others (spec §4.3). */
export type RequestId = number | bigint | Uint8Array;

/** Told of each whole message, in order of arrival, synchronously. */
export interface MessageHandler {
  /**
   * The peer calls a method of an object of ours. `received` are the references that came with the arguments, one entry
   * per receipt, or undefined; `bytes` is the size of the message.
   */
  called(
    id: RequestId,
    target: ObjectId,
    method: string,
    wantsAnswer: boolean,
    args: unknown[],
    keywords: Keywords | undefined,
    received: RemoteReference[] | undefined,
    bytes: number,
  ): void;
  /** A call whose arguments could not be decoded. References that came with them are given back already. */
  unreadable(id: RequestId, target: ObjectId, method: string, wantsAnswer: boolean, error: unknown): void;
  /** The peer's result. `expected(id)` was asked before. */
  answered(id: number, value: unknown, received: RemoteReference[] | undefined): void;
  /** The peer's error with the references that came in its data, or our own failure to decode its answer. */
  failed(id: number, error: unknown, received: RemoteReference[] | undefined): void;
  /** Whether a call with this id waits for its answer. */
  expected(id: number): boolean;
  /** The peer gives back one receipt of an object of ours. */
  released(id: ObjectId): void;
  /** The peer did not know one of our commands; for the log only. */
  notUnderstood(command: string): void;
}
