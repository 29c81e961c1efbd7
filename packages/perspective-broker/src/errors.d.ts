/**
 * The base of every error that the library itself raises. `code` is stable and meant for programs; the message is meant
 * for people and may change.
 *
 * `instanceof` works by brand, so that two copies of the package recognise each other's errors.
 */
export declare abstract class PerspectiveBrokerError extends Error {
    static readonly brand: string;
    abstract readonly code: ErrorCode;
    static [Symbol.hasInstance](value: unknown): boolean;
    constructor(message: string, options?: ErrorOptions);
}
/**
 * The application's expected error: throw it (or a subclass) from a method and it travels to the caller with its own
 * enumerable properties, without being logged. Give a subclass `static wireName = "shop.OutOfStock"` to name it on the
 * wire, and `registerError` it at the other end to have it come back as itself.
 */
export declare class PBError extends Error {
    static readonly brand: string;
    /** The dotted name under which the class travels (spec §7.2, `type`). */
    static wireName: string;
    static [Symbol.hasInstance](value: unknown): boolean;
    constructor(message?: string, options?: ErrorOptions);
}
/** What is known about a failed call: `"no"`, it certainly did not run at the other side; `"unknown"`, it may have. */
export type Executed = "no" | "unknown";
/** Whatever a remote method threw, unless its class is registered here. Can be thrown on to a third program unchanged. */
export declare class RemoteError extends PerspectiveBrokerError {
    static readonly brand: string;
    readonly name = "RemoteError";
    readonly code = "REMOTE_ERROR";
    /** The dotted name of the error's class over there, `builtins.ValueError`. */
    readonly type: string;
    /** The dotted names of the class and all its bases, most special first. Empty if the peer sent none. */
    readonly parents: readonly string[];
    /** The traceback text of the peer, `Traceback unavailable` unless the peer runs with `unsafeTracebacks`. */
    readonly remoteTraceback: string;
    /** The own properties of an expected error that one of our own programs sent; empty otherwise. */
    readonly data: Readonly<Record<string, unknown>>;
    constructor(remote: {
        type: string;
        message: string;
        parents?: readonly string[];
        traceback?: string;
        data?: Record<string, unknown>;
    });
    /**
     * Whether the error is of that kind: a dotted name, or a class with a `wireName` (TypeError, RangeError and Error stand
     * for `builtins.TypeError`, `builtins.ValueError` and `builtins.Exception`).
     */
    check(kind: string | ErrorClass): boolean;
}
/** The reference cannot be called: its connection has gone, or it was released. Always through the promise. */
export declare class DeadReferenceError extends PerspectiveBrokerError {
    static readonly brand: string;
    readonly name = "DeadReferenceError";
    readonly code = "DEAD_REFERENCE";
    readonly executed: Executed;
}
/** The connection ended while the call was unanswered. `executed` says whether it may have run. */
export declare class ConnectionLost extends PerspectiveBrokerError {
    static readonly brand: string;
    readonly name = "ConnectionLost";
    readonly code = "CONNECTION_LOST";
    readonly executed: Executed;
    readonly reason: CloseReason;
    constructor(reason: CloseReason, executed: Executed);
}
/** `connect` could not reach the other side or agree with it. `cause` has the platform's error, if there is one. */
export declare class ConnectError extends PerspectiveBrokerError {
    static readonly brand: string;
    readonly name = "ConnectError";
    readonly code = "CONNECT_FAILED";
}
/** `listen` could not take the address (`cause.code` says why: EADDRINUSE, EACCES …). */
export declare class ListenError extends PerspectiveBrokerError {
    static readonly brand: string;
    readonly name = "ListenError";
    readonly code = "LISTEN_FAILED";
}
/** An address that is none: unknown scheme, no port, no name. */
export declare class AddressError extends PerspectiveBrokerError {
    static readonly brand: string;
    readonly name = "AddressError";
    readonly code = "BAD_ADDRESS";
}
/** The greeting was not finished within `handshakeTimeout`: the other side speaks another protocol, or nothing at all. */
export declare class HandshakeTimeout extends PerspectiveBrokerError {
    static readonly brand: string;
    readonly name = "HandshakeTimeout";
    readonly code = "HANDSHAKE_TIMEOUT";
}
/** The two sides have no dialect in common, or the greeting was no greeting (spec §2.9). */
export declare class NegotiationError extends PerspectiveBrokerError {
    static readonly brand: string;
    readonly name = "NegotiationError";
    readonly code = "NEGOTIATION_FAILED";
}
/** The peer broke the rules of the protocol; the connection is closed (spec §4.2). */
export declare class ProtocolError extends PerspectiveBrokerError {
    static readonly brand: string;
    readonly name: string;
    readonly code: ErrorCode;
}
/** The peer used an id that it was never given; the connection is closed. */
export declare class UnknownId extends ProtocolError {
    static readonly brand: string;
    readonly name = "UnknownId";
    readonly code = "UNKNOWN_ID";
}
/** Bytes that are not Banana (the connection is closed), or a value that Banana cannot write (the call fails). */
export declare class BananaError extends PerspectiveBrokerError {
    static readonly brand: string;
    static wireName: string;
    readonly name = "BananaError";
    readonly code = "BANANA_ERROR";
}
/** A bound was reached; `limit` names the option of `limits` that sets it. */
export declare class LimitExceeded extends PerspectiveBrokerError {
    static readonly brand: string;
    static wireName: string;
    readonly name = "LimitExceeded";
    readonly code = "LIMIT_EXCEEDED";
    readonly limit: string;
    readonly executed: Executed;
    constructor(limit: string, message: string);
}
/** The peer sent an instance of a class that is not admitted here (spec §3.7). */
export declare class InsecureJelly extends PerspectiveBrokerError {
    static readonly brand: string;
    static wireName: string;
    readonly name = "InsecureJelly";
    readonly code = "INSECURE_JELLY";
}
/** A well-formed message carried a value that is none: an unknown form, a dangling reference, an impossible date. */
export declare class JellyError extends PerspectiveBrokerError {
    static readonly brand: string;
    static wireName: string;
    readonly name = "JellyError";
    readonly code = "MALFORMED_VALUE";
}
/** A value cannot be sent. `path` leads to it from the arguments or the result: `[0].owner.onClick`. */
export declare class UnsendableError extends PerspectiveBrokerError {
    static readonly brand: string;
    static wireName: string;
    readonly name = "UnsendableError";
    readonly code = "UNSENDABLE";
    readonly path: string;
    readonly executed: Executed;
    constructor(path: string, message: string);
}
/** The object has no method of that name with the prefix (spec §5.7). */
export declare class NoSuchMethod extends PerspectiveBrokerError {
    static readonly brand: string;
    static wireName: string;
    readonly name = "NoSuchMethod";
    readonly code = "NO_SUCH_METHOD";
}
/** A call to an object id or name that is not there. */
export declare class NoSuchObject extends PerspectiveBrokerError {
    static readonly brand: string;
    static wireName: string;
    readonly name = "NoSuchObject";
    readonly code = "NO_SUCH_OBJECT";
}
/** A class declares a remote method in a way that is refused: a getter, an own property, a wrong `parameters` table. */
export declare class DeclarationError extends PerspectiveBrokerError {
    static readonly brand: string;
    readonly name = "DeclarationError";
    readonly code = "BAD_DECLARATION";
}
/** `ref.with({ timeout })`: no answer came in time. The call may still run at the other side. */
export declare class CallTimeout extends PerspectiveBrokerError {
    static readonly brand: string;
    readonly name = "CallTimeout";
    readonly code = "CALL_TIMEOUT";
    readonly executed: Executed;
    constructor(message: string, executed: Executed);
}
/** `ref.with({ signal })`: the signal fired. `cause` is the signal's reason. */
export declare class CallAborted extends PerspectiveBrokerError {
    static readonly brand: string;
    readonly name = "CallAborted";
    readonly code = "CALL_ABORTED";
    readonly executed: Executed;
    constructor(reason: unknown, executed: Executed);
}
/** A call on a pending result that turned out to be no reference. */
export declare class NotAReference extends PerspectiveBrokerError {
    static readonly brand: string;
    readonly name = "NotAReference";
    readonly code = "NOT_A_REFERENCE";
    readonly executed: Executed;
}
/** `currentCall()` outside a remote call, or after the first `await` with `context: "sync"`. */
export declare class NoCurrentCall extends PerspectiveBrokerError {
    static readonly brand: string;
    readonly name = "NoCurrentCall";
    readonly code = "NO_CURRENT_CALL";
}
/** Every class of the library by its code. docs/errors.md is tested against it. */
export declare const errorClasses: Readonly<Record<ErrorCode, new (...args: any[]) => PerspectiveBrokerError>>;
export type ErrorCode = "REMOTE_ERROR" | "DEAD_REFERENCE" | "CONNECTION_LOST" | "CONNECT_FAILED" | "LISTEN_FAILED" | "BAD_ADDRESS" | "HANDSHAKE_TIMEOUT" | "NEGOTIATION_FAILED" | "PROTOCOL_ERROR" | "UNKNOWN_ID" | "BANANA_ERROR" | "LIMIT_EXCEEDED" | "INSECURE_JELLY" | "MALFORMED_VALUE" | "UNSENDABLE" | "NO_SUCH_METHOD" | "NO_SUCH_OBJECT" | "BAD_DECLARATION" | "CALL_TIMEOUT" | "CALL_ABORTED" | "NOT_A_REFERENCE" | "NO_CURRENT_CALL";
/** Why a connection ended: `connection.closed` resolves to it. */
export interface CloseReason {
    readonly code: CloseCode;
    readonly message: string;
    /** The error behind it, where there is one. */
    readonly error?: Error;
}
/** `CLOSED`: by this side; `PEER_CLOSED`: by the other, in order; `TRANSPORT_FAILED`: reset, unreachable; else what went wrong. */
export type CloseCode = "CLOSED" | "PEER_CLOSED" | "TRANSPORT_FAILED" | "HANDSHAKE_TIMEOUT" | "NEGOTIATION_FAILED" | "PROTOCOL_ERROR" | "UNKNOWN_ID" | "BANANA_ERROR" | "LIMIT_EXCEEDED" | "INTERNAL_ERROR";
/** A class of errors, with the name that it has on the wire if it has one of its own. */
export interface ErrorClass {
    new (...args: any[]): Error;
    readonly prototype: Error;
    readonly wireName?: string;
}
/** The dotted name of an error class on the wire (design: TypeError is builtins.TypeError, others their `wireName`). */
export declare function wireNameOf(kind: ErrorClass): string;
