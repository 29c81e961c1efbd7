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
    /** Asks for no answer. An error at the other side is lost; one on this side (unsendable, dead) is logged. */
    callOnly(target: Target, method: string, args: unknown[]): void;
    /** Gives `receipts` receipts back. Harmless if there are fewer, or none. */
    release(target: Target, receipts: number): void;
    /** Calls `fn` once when the conversation ends; disposing takes it back. */
    onDisconnect(fn: (reason: CloseReason) => void): Disposable;
}
/** An object of the peer. Counted in receipts: each time it came over the wire is one, and each owes the peer a release. */
export interface Target {
    readonly conversation: Conversation;
    /** The id that the peer gave out, or a name; names are not counted. */
    readonly id: number | string;
    /** Receipts not yet given back. 0 means that the reference is dead, unless it is a name. */
    receipts: number;
}
