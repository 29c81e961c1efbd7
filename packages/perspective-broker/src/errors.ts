// One class per failure kind, and the table of their codes; those of logins are in errors/login.ts. docs/errors.md has a
// paragraph for each; a test holds the two together. Nothing here knows how an error travels beyond its `wireName`
// (wire/jelly/failure.ts does).
import { type ErrorClass, type ErrorCode, PerspectiveBrokerError, wireNameOf } from "./errors/base.ts";
import {
  DowngradeDetected,
  InsecureLogin,
  IterationsOutOfBounds,
  LoginExchangeError,
  LoginFailed,
  TooManyLogins,
  UnauthorizedLogin,
  UnhandledCredentials,
  UserStoreError,
} from "./errors/login.ts";

export * from "./errors/base.ts";
export * from "./errors/login.ts";

/** What is known about a failed call: `"no"`, it certainly did not run at the other side; `"unknown"`, it may have. */
export type Executed = "no" | "unknown";

/** Whatever a remote method threw, unless its class is registered here. Can be thrown on to a third program unchanged. */
export class RemoteError extends PerspectiveBrokerError {
  static override readonly brand: string = "RemoteError";
  override readonly name = "RemoteError";
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
  }) {
    super(remote.message);
    this.type = remote.type;
    this.parents = remote.parents ?? [];
    this.remoteTraceback = remote.traceback ?? "Traceback unavailable\n";
    this.data = remote.data ?? {};
  }

  /**
   * Whether the error is of that kind: a dotted name, or a class with a `wireName` (TypeError, RangeError and Error stand
   * for `builtins.TypeError`, `builtins.ValueError` and `builtins.Exception`).
   */
  check(kind: string | ErrorClass): boolean {
    const name = typeof kind === "string" ? kind : wireNameOf(kind);
    return this.type === name || this.parents.includes(name);
  }
}

/** The reference cannot be called: its connection has gone, or it was released. Always through the promise. */
export class DeadReferenceError extends PerspectiveBrokerError {
  static override readonly brand: string = "DeadReferenceError";
  override readonly name = "DeadReferenceError";
  readonly code = "DEAD_REFERENCE";
  readonly executed: Executed = "no";
}

/** The connection ended while the call was unanswered. `executed` says whether it may have run. */
export class ConnectionLost extends PerspectiveBrokerError {
  static override readonly brand: string = "ConnectionLost";
  override readonly name = "ConnectionLost";
  readonly code = "CONNECTION_LOST";
  readonly executed: Executed;
  readonly reason: CloseReason;

  constructor(reason: CloseReason, executed: Executed) {
    super(
      `the connection was lost: ${reason.message}`,
      reason.error === undefined ? undefined : { cause: reason.error },
    );
    this.reason = reason;
    this.executed = executed;
  }
}

/** `connect` could not reach the other side or agree with it. `cause` has the platform's error, if there is one. */
export class ConnectError extends PerspectiveBrokerError {
  static override readonly brand: string = "ConnectError";
  override readonly name = "ConnectError";
  readonly code = "CONNECT_FAILED";
}

/** `listen` could not take the address (`cause.code` says why: EADDRINUSE, EACCES …). */
export class ListenError extends PerspectiveBrokerError {
  static override readonly brand: string = "ListenError";
  override readonly name = "ListenError";
  readonly code = "LISTEN_FAILED";
}

/** An address that is none: unknown scheme, no port, no name. */
export class AddressError extends PerspectiveBrokerError {
  static override readonly brand: string = "AddressError";
  override readonly name = "AddressError";
  readonly code = "BAD_ADDRESS";
}

/** The greeting was not finished within `handshakeTimeout`: the other side speaks another protocol, or nothing at all. */
export class HandshakeTimeout extends PerspectiveBrokerError {
  static override readonly brand: string = "HandshakeTimeout";
  override readonly name = "HandshakeTimeout";
  readonly code = "HANDSHAKE_TIMEOUT";
}

/** The two sides have no dialect in common, or the greeting was no greeting (spec §2.9). */
export class NegotiationError extends PerspectiveBrokerError {
  static override readonly brand: string = "NegotiationError";
  override readonly name = "NegotiationError";
  readonly code = "NEGOTIATION_FAILED";
}

/** The peer broke the rules of the protocol; the connection is closed (spec §4.2). */
export class ProtocolError extends PerspectiveBrokerError {
  static override readonly brand: string = "ProtocolError";
  override readonly name: string = "ProtocolError";
  readonly code: ErrorCode = "PROTOCOL_ERROR";
}

/** The peer used an id that it was never given; the connection is closed. */
export class UnknownId extends ProtocolError {
  static override readonly brand: string = "UnknownId";
  override readonly name = "UnknownId";
  override readonly code = "UNKNOWN_ID";
}

/** Bytes that are not Banana (the connection is closed), or a value that Banana cannot write (the call fails). */
export class BananaError extends PerspectiveBrokerError {
  static override readonly brand: string = "BananaError";
  static wireName = "twisted.spread.banana.BananaError";
  override readonly name = "BananaError";
  readonly code = "BANANA_ERROR";
}

/** A bound was reached; `limit` names the option of `limits` that sets it. */
export class LimitExceeded extends PerspectiveBrokerError {
  static override readonly brand: string = "LimitExceeded";
  static wireName = "twisted.spread.pb.Error";
  override readonly name = "LimitExceeded";
  readonly code = "LIMIT_EXCEEDED";
  readonly limit: string;
  readonly executed: Executed = "no";

  constructor(limit: string, message: string) {
    super(message);
    this.limit = limit;
  }
}

/** The peer sent an instance of a class that is not admitted here (spec §3.7). */
export class InsecureJelly extends PerspectiveBrokerError {
  static override readonly brand: string = "InsecureJelly";
  static wireName = "twisted.spread.jelly.InsecureJelly";
  override readonly name = "InsecureJelly";
  readonly code = "INSECURE_JELLY";
}

/** A well-formed message carried a value that is none: an unknown form, a dangling reference, an impossible date. */
export class JellyError extends PerspectiveBrokerError {
  static override readonly brand: string = "JellyError";
  static wireName = "builtins.ValueError";
  override readonly name = "JellyError";
  readonly code = "MALFORMED_VALUE";
}

/** A value cannot be sent. `path` leads to it from the arguments or the result: `[0].owner.onClick`. */
export class UnsendableError extends PerspectiveBrokerError {
  static override readonly brand: string = "UnsendableError";
  static wireName = "builtins.TypeError";
  override readonly name = "UnsendableError";
  readonly code = "UNSENDABLE";
  readonly path: string;
  readonly executed: Executed = "no";

  constructor(path: string, message: string) {
    super(path === "" ? message : `${path}: ${message}`);
    this.path = path;
  }
}

/** The object has no method of that name with the prefix (spec §5.7). On the wire an avatar, view or cache says AttributeError. */
export class NoSuchMethod extends PerspectiveBrokerError {
  static override readonly brand: string = "NoSuchMethod";
  static wireName = "twisted.spread.flavors.NoSuchMethod";
  static wireParents: readonly string[] = ["builtins.AttributeError"];
  override readonly name = "NoSuchMethod";
  readonly code = "NO_SUCH_METHOD";
  /** Its type on the wire, where that is another one. */
  readonly wireType: string | undefined;

  constructor(message: string, wireType?: string) {
    super(message);
    this.wireType = wireType;
  }

  /** As Python words it for an attribute that is missing. */
  static attribute(object: object, attribute: string): NoSuchMethod {
    const text = `'${object.constructor.name}' object has no attribute '${attribute}'`;
    return new NoSuchMethod(text, "builtins.AttributeError");
  }
}

/** A call to an object id or name that is not there. */
export class NoSuchObject extends PerspectiveBrokerError {
  static override readonly brand: string = "NoSuchObject";
  static wireName = "twisted.spread.pb.Error";
  override readonly name = "NoSuchObject";
  readonly code = "NO_SUCH_OBJECT";
}

/** A class declares a remote method in a way that is refused: a getter, an own property, a wrong table of `parameters` or `schemas`. */
export class DeclarationError extends PerspectiveBrokerError {
  static override readonly brand: string = "DeclarationError";
  override readonly name = "DeclarationError";
  readonly code = "BAD_DECLARATION";
}

/** The method's `static schemas` refused the arguments of a call. It is expected: it travels with its issues. */
export class InvalidArguments extends PerspectiveBrokerError {
  static override readonly brand: string = "InvalidArguments";
  static wireName = "perspective_broker.InvalidArguments";
  static wireParents: readonly string[] = ["builtins.TypeError"];
  override readonly name = "InvalidArguments";
  readonly code = "INVALID_ARGUMENTS";
  readonly issues: readonly ArgumentIssue[];

  constructor(message: string, issues: readonly ArgumentIssue[]) {
    super(message);
    this.issues = issues;
  }
}

/** One thing that is wrong with the arguments of a call. */
export interface ArgumentIssue {
  /** The number of the argument, from 0, or its name if it was a keyword; then the way to what is wrong inside of it. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** `ref.with({ timeout })`: no answer came in time. The call may still run at the other side. */
export class CallTimeout extends PerspectiveBrokerError {
  static override readonly brand: string = "CallTimeout";
  override readonly name = "CallTimeout";
  readonly code = "CALL_TIMEOUT";
  readonly executed: Executed;

  constructor(message: string, executed: Executed) {
    super(message);
    this.executed = executed;
  }
}

/** `ref.with({ signal })`: the signal fired. `cause` is the signal's reason. */
export class CallAborted extends PerspectiveBrokerError {
  static override readonly brand: string = "CallAborted";
  override readonly name = "CallAborted";
  readonly code = "CALL_ABORTED";
  readonly executed: Executed;

  constructor(reason: unknown, executed: Executed) {
    super("the call was aborted by its caller", { cause: reason });
    this.executed = executed;
  }
}

/** A call on a pending result that turned out to be no reference. */
export class NotAReference extends PerspectiveBrokerError {
  static override readonly brand: string = "NotAReference";
  static wireName = "perspective_broker.NotAReference";
  override readonly name = "NotAReference";
  readonly code = "NOT_A_REFERENCE";
  readonly executed: Executed = "no";
}

/**
 * Calls of objects that take one call at a time waited for each other, and this one had to go: it was not run. `cycle` says who
 * held what and waited for what. It is expected: it travels, and is not logged as a fault.
 */
export class DeadlockError extends PerspectiveBrokerError {
  static override readonly brand: string = "DeadlockError";
  static wireName = "perspective_broker.DeadlockError";
  static wireParents: readonly string[] = ["twisted.spread.pb.Error"];
  override readonly name = "DeadlockError";
  readonly code = "DEADLOCK";
  readonly cycle: readonly string[];
  readonly executed: Executed = "no";

  constructor(cycle: readonly string[]) {
    super(`calls wait for each other: ${cycle.join("; ")}`);
    this.cycle = cycle;
  }
}

/** The sender of pages gave their collector back before it had said that all were sent. What had come is no whole. */
export class PagingStopped extends PerspectiveBrokerError {
  static override readonly brand: string = "PagingStopped";
  override readonly name = "PagingStopped";
  readonly code = "PAGING_STOPPED";
}

/** `currentCall()` outside a remote call, or after the first `await` with `context: "sync"`. */
export class NoCurrentCall extends PerspectiveBrokerError {
  static override readonly brand: string = "NoCurrentCall";
  override readonly name = "NoCurrentCall";
  readonly code = "NO_CURRENT_CALL";
}

/** Every class of the library by its code. docs/errors.md is tested against it. */
// biome-ignore lint/suspicious/noExplicitAny: constructors of different arguments
export const errorClasses: Readonly<Record<ErrorCode, new (...args: any[]) => PerspectiveBrokerError>> = {
  REMOTE_ERROR: RemoteError,
  DEAD_REFERENCE: DeadReferenceError,
  CONNECTION_LOST: ConnectionLost,
  CONNECT_FAILED: ConnectError,
  LISTEN_FAILED: ListenError,
  BAD_ADDRESS: AddressError,
  HANDSHAKE_TIMEOUT: HandshakeTimeout,
  NEGOTIATION_FAILED: NegotiationError,
  PROTOCOL_ERROR: ProtocolError,
  UNKNOWN_ID: UnknownId,
  BANANA_ERROR: BananaError,
  LIMIT_EXCEEDED: LimitExceeded,
  INSECURE_JELLY: InsecureJelly,
  MALFORMED_VALUE: JellyError,
  UNSENDABLE: UnsendableError,
  NO_SUCH_METHOD: NoSuchMethod,
  NO_SUCH_OBJECT: NoSuchObject,
  BAD_DECLARATION: DeclarationError,
  INVALID_ARGUMENTS: InvalidArguments,
  CALL_TIMEOUT: CallTimeout,
  CALL_ABORTED: CallAborted,
  NOT_A_REFERENCE: NotAReference,
  DEADLOCK: DeadlockError,
  PAGING_STOPPED: PagingStopped,
  NO_CURRENT_CALL: NoCurrentCall,
  LOGIN_FAILED: LoginFailed,
  UNAUTHORIZED_LOGIN: UnauthorizedLogin,
  UNHANDLED_CREDENTIALS: UnhandledCredentials,
  TOO_MANY_LOGINS: TooManyLogins,
  INSECURE_LOGIN: InsecureLogin,
  LOGIN_EXCHANGE: LoginExchangeError,
  DOWNGRADE_DETECTED: DowngradeDetected,
  ITERATIONS_OUT_OF_BOUNDS: IterationsOutOfBounds,
  BAD_USER_STORE: UserStoreError,
};

/** Why a connection ended: `connection.closed` resolves to it. */
export interface CloseReason {
  readonly code: CloseCode;
  readonly message: string;
  /** The error behind it, where there is one. */
  readonly error?: Error;
  /** With `PEER_CLOSED`, if the peer said why: its own code, one of `CloseCode` or of a later version's. */
  readonly peerCode?: string;
}

/**
 * `CLOSED`: by this side; `PEER_CLOSED`: by the other, in order; `PEER_SILENT`: no sign of life for three heartbeats;
 * `TRANSPORT_FAILED`: reset, unreachable; else what went wrong.
 */
export type CloseCode =
  | "CLOSED"
  | "PEER_CLOSED"
  | "PEER_SILENT"
  | "TRANSPORT_FAILED"
  | "HANDSHAKE_TIMEOUT"
  | "NEGOTIATION_FAILED"
  | "PROTOCOL_ERROR"
  | "UNKNOWN_ID"
  | "BANANA_ERROR"
  | "LIMIT_EXCEEDED"
  | "INTERNAL_ERROR";
