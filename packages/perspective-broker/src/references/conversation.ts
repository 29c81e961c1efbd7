// What a reference needs of the conversation that it belongs to. The broker implements it.
import type { CloseReason } from "../errors.ts";
import type { CallOptions } from "../types.ts";
import type { RemoteResult } from "./remote-result.ts";

/**
 * One connection, as its references see it.
 *
 * Order: messages of one conversation are sent in the order of these calls. Failure: every error of a call, also one that is
 * known at once, comes through the promise; only wrong use of the interface throws.
 */
export interface Conversation {
  call(target: Target, method: string, args: unknown[], options: CallOptions | undefined): RemoteResult<unknown>;
  /** Asks for no answer; of the options `call` and `trace` count. An error at the other side is lost; one on this side (unsendable, dead) is logged. */
  callOnly(target: Target, method: string, args: unknown[], options: CallOptions | undefined): void;
  /** The same, but throws what is known at once: the message was not sent then. No interceptor sees it. */
  post(target: Target, method: string, args: unknown[]): void;
  /** Gives `receipts` receipts back. Harmless if there are fewer, or none. */
  release(target: Target, receipts: number): void;
  /** Calls `fn` once when the conversation ends; disposing takes it back. */
  onDisconnect(fn: (reason: CloseReason) => void): Disposable;
  /** Much of what was written waits for the peer to read it: what can wait should. */
  readonly congested: boolean;
  /** Calls `fn` once, in a later turn, when the conversation is not congested, or when it has ended. */
  whenWritable(fn: () => void): void;
  /**
   * Calls `fn` once when the peer has given back its last receipt of an object of this side or the conversation ends; at once
   * if it holds none.
   */
  whenGivenBack(object: object, fn: () => void): void;
  /** Values as bytes for `unpack`, also in a later conversation. Throws UnsendableError for what lives in this one only. */
  pack(values: readonly unknown[]): Uint8Array;
  /** Throws JellyError and its kin for what `pack` did not make, or what is no longer admitted. */
  unpack(bytes: Uint8Array): unknown[];
  /** Logs a failure that nobody else hears of. */
  report(message: string, error: unknown): void;
}

/** An object of the peer. Counted in receipts: each time it came over the wire is one, and each owes the peer a release. */
export interface Target {
  readonly conversation: Conversation;
  /** The id that the peer gave out, or a name; names are not counted. */
  readonly id: number | string;
  /** Receipts not yet given back. 0 means that the reference is dead, unless it is a name. */
  receipts: number;
}
