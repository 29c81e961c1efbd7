import type { CloseReason } from "../errors.ts";
import type { Arguments, CallOptions, MethodName, RemoteProxy, ResultOf } from "../types.ts";
import type { Target } from "./conversation.ts";
/**
 * A reference to an object that lives at the other side.
 *
 * It is given back with `release()` or `using`. What is forgotten is given back when it is collected, and everything when the
 * connection ends; a reference is never valid on another connection.
 */
export declare class RemoteReference<T = any> {
    readonly "~pb": "remote";
    readonly "~pbTarget"?: T;
    /** @internal References are made by a broker. */
    constructor(target: unknown, options?: CallOptions, origin?: RemoteReference<T>);
    /**
     * Calls the method `remote_name` over there and promises its result. Rejects with what the method threw (RemoteError, or a
     * registered class), DeadReferenceError, ConnectionLost, UnsendableError, LimitExceeded, CallTimeout or CallAborted.
     * If the result is a reference, it can be called before it is there: `ref.callRemote("getTwo").callRemote("three", 1)`.
     */
    callRemote<N extends MethodName<T>, A extends readonly unknown[]>(name: N, ...args: Arguments<T, N, A>): ResultOf<T, N>;
    /** Calls without asking for an answer: nothing is known of how it went, or whether it arrived. */
    callRemoteOnly<N extends MethodName<T>, A extends readonly unknown[]>(name: N, ...args: Arguments<T, N, A>): void;
    /**
     * A view on the same reference whose calls have these options; what is not given is taken over. It is the same reference
     * in every respect (`sameAs`, when sent), but disposing it does nothing.
     */
    with(options: CallOptions): RemoteReference<T>;
    /** The methods as methods: `ref.remote.three(12)`. */
    get remote(): RemoteProxy<T>;
    /** Gives back one receipt; with the last one the reference is dead. Does nothing on a view, a name or a dead reference. */
    release(): void;
    /** Gives back all receipts: the reference is dead. */
    releaseAll(): void;
    [Symbol.dispose](): void;
    /** Whether both refer to the same object over the same connection. */
    sameAs(other: unknown): boolean;
    /** Calls `fn` once when the connection ends. Disposing takes it back. Nothing happens if it has ended already. */
    onDisconnect(fn: (reason: CloseReason) => void): Disposable;
}
/** The target of a reference or view. */
export declare function targetOf(reference: RemoteReference): Target;
