// One class per failure kind, and the table of their codes. docs/errors.md has a paragraph for each; a test holds the two
// together. Nothing here knows how an error travels beyond its `wireName` (wire/jelly/failure.ts does).

/**
 * The base of every error that the library itself raises. `code` is stable and meant for programs; the message is meant
 * for people and may change.
 *
 * `instanceof` works by brand, so that two copies of the package recognise each other's errors.
 */
export abstract class PerspectiveBrokerError extends Error {
  static readonly brand: string = "PerspectiveBrokerError";
  abstract readonly code: ErrorCode;

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: each subclass inherits this and is `this` then
    return hasBrand(this, value);
  }

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    mark(this, new.target);
  }
}

/**
 * The application's expected error: throw it (or a subclass) from a method and it travels to the caller with its own
 * enumerable properties, without being logged. Give a subclass `static wireName = "shop.OutOfStock"` to name it on the
 * wire, and `registerError` it at the other end to have it come back as itself.
 */
export class PBError extends Error {
  static readonly brand: string = "PBError";
  /** The dotted name under which the class travels (spec §7.2, `type`). */
  static wireName = "twisted.spread.pb.Error";

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: each subclass inherits this and is `this` then
    return hasBrand(this, value);
  }

  constructor(message?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    Object.defineProperty(this, "name", { enumerable: false });
    mark(this, new.target);
  }
}

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

/** A class declares a remote method in a way that is refused: a getter, an own property, a wrong `parameters` table. */
export class DeclarationError extends PerspectiveBrokerError {
  static override readonly brand: string = "DeclarationError";
  override readonly name = "DeclarationError";
  readonly code = "BAD_DECLARATION";
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
  override readonly name = "NotAReference";
  readonly code = "NOT_A_REFERENCE";
  readonly executed: Executed = "no";
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

/** A login that did not succeed, of whatever kind (spec §8). It is expected: it travels and is not logged as a fault. */
export class LoginFailed extends PerspectiveBrokerError {
  static override readonly brand: string = "LoginFailed";
  static wireName = "twisted.cred.error.LoginFailed";
  override readonly name: string = "LoginFailed";
  readonly code: ErrorCode = "LOGIN_FAILED";
}

/** Unknown user, wrong password, a token that is not accepted: which of them is not told to the peer. */
export class UnauthorizedLogin extends LoginFailed {
  static override readonly brand: string = "UnauthorizedLogin";
  static override wireName = "twisted.cred.error.UnauthorizedLogin";
  static wireParents: readonly string[] = ["twisted.cred.error.LoginFailed", "twisted.cred.error.Unauthorized"];
  override readonly name = "UnauthorizedLogin";
  override readonly code = "UNAUTHORIZED_LOGIN";

  constructor(message = "", options?: ErrorOptions) {
    super(message, options);
  }
}

/** The Portal has no checker for credentials of that kind. */
export class UnhandledCredentials extends LoginFailed {
  static override readonly brand: string = "UnhandledCredentials";
  static override wireName = "twisted.cred.error.UnhandledCredentials";
  override readonly name = "UnhandledCredentials";
  override readonly code = "UNHANDLED_CREDENTIALS";
}

/** Too many logins from that address failed; the next attempt is heard in `retryAfter` milliseconds. */
export class TooManyLogins extends LoginFailed {
  static override readonly brand: string = "TooManyLogins";
  static override wireName = "perspective_broker.TooManyLogins";
  override readonly name = "TooManyLogins";
  override readonly code = "TOO_MANY_LOGINS";
  readonly retryAfter: number;

  constructor(retryAfter: number, options?: ErrorOptions) {
    super(`too many logins from this address failed; try again in ${Math.ceil(retryAfter / 1000)} s`, options);
    this.retryAfter = retryAfter;
  }
}

/** Credentials that must not be sent or taken this way: a password or token without TLS, MD5 that nobody allowed. */
export class InsecureLogin extends LoginFailed {
  static override readonly brand: string = "InsecureLogin";
  static override wireName = "perspective_broker.InsecureLogin";
  override readonly name = "InsecureLogin";
  override readonly code = "INSECURE_LOGIN";
}

/** The other side broke the rules of the login exchange, or could not prove that it knows the user's verifier. */
export class LoginExchangeError extends LoginFailed {
  static override readonly brand: string = "LoginExchangeError";
  static override wireName = "perspective_broker.LoginExchangeError";
  override readonly name = "LoginExchangeError";
  override readonly code = "LOGIN_EXCHANGE";
}

/** Somebody between the two sides changed the greeting, or ends TLS: what they saw of the connection differs. */
export class DowngradeDetected extends LoginFailed {
  static override readonly brand: string = "DowngradeDetected";
  static override wireName = "perspective_broker.DowngradeDetected";
  override readonly name = "DowngradeDetected";
  override readonly code = "DOWNGRADE_DETECTED";
}

/** An iteration count of SCRAM that is too small to protect the password, or so large that it only costs time. */
export class IterationsOutOfBounds extends LoginFailed {
  static override readonly brand: string = "IterationsOutOfBounds";
  static override wireName = "perspective_broker.IterationsOutOfBounds";
  override readonly name = "IterationsOutOfBounds";
  override readonly code = "ITERATIONS_OUT_OF_BOUNDS";
}

/** A stored user cannot be read: a verifier that is none, or a line of a password file. The message has no secrets. */
export class UserStoreError extends PerspectiveBrokerError {
  static override readonly brand: string = "UserStoreError";
  override readonly name = "UserStoreError";
  readonly code = "BAD_USER_STORE";
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
  CALL_TIMEOUT: CallTimeout,
  CALL_ABORTED: CallAborted,
  NOT_A_REFERENCE: NotAReference,
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

export type ErrorCode =
  | "REMOTE_ERROR"
  | "DEAD_REFERENCE"
  | "CONNECTION_LOST"
  | "CONNECT_FAILED"
  | "LISTEN_FAILED"
  | "BAD_ADDRESS"
  | "HANDSHAKE_TIMEOUT"
  | "NEGOTIATION_FAILED"
  | "PROTOCOL_ERROR"
  | "UNKNOWN_ID"
  | "BANANA_ERROR"
  | "LIMIT_EXCEEDED"
  | "INSECURE_JELLY"
  | "MALFORMED_VALUE"
  | "UNSENDABLE"
  | "NO_SUCH_METHOD"
  | "NO_SUCH_OBJECT"
  | "BAD_DECLARATION"
  | "CALL_TIMEOUT"
  | "CALL_ABORTED"
  | "NOT_A_REFERENCE"
  | "PAGING_STOPPED"
  | "NO_CURRENT_CALL"
  | "LOGIN_FAILED"
  | "UNAUTHORIZED_LOGIN"
  | "UNHANDLED_CREDENTIALS"
  | "TOO_MANY_LOGINS"
  | "INSECURE_LOGIN"
  | "LOGIN_EXCHANGE"
  | "DOWNGRADE_DETECTED"
  | "ITERATIONS_OUT_OF_BOUNDS"
  | "BAD_USER_STORE";

/** Why a connection ended: `connection.closed` resolves to it. */
export interface CloseReason {
  readonly code: CloseCode;
  readonly message: string;
  /** The error behind it, where there is one. */
  readonly error?: Error;
}

/** `CLOSED`: by this side; `PEER_CLOSED`: by the other, in order; `TRANSPORT_FAILED`: reset, unreachable; else what went wrong. */
export type CloseCode =
  | "CLOSED"
  | "PEER_CLOSED"
  | "TRANSPORT_FAILED"
  | "HANDSHAKE_TIMEOUT"
  | "NEGOTIATION_FAILED"
  | "PROTOCOL_ERROR"
  | "UNKNOWN_ID"
  | "BANANA_ERROR"
  | "LIMIT_EXCEEDED"
  | "INTERNAL_ERROR";

/** A class of errors, with the name that it has on the wire if it has one of its own. */
export interface ErrorClass {
  // biome-ignore lint/suspicious/noExplicitAny: a constructor of any arguments can be expressed in no other way
  new (...args: any[]): Error;
  readonly prototype: Error;
  readonly wireName?: string;
  /** What Python's class of that name inherits from beside the wire names of its bases here, most special first. */
  readonly wireParents?: readonly string[];
}

/** The dotted name of an error class on the wire (design: TypeError is builtins.TypeError, others their `wireName`). */
export function wireNameOf(kind: ErrorClass): string {
  for (let c: ErrorClass | null = kind; typeof c === "function"; c = Object.getPrototypeOf(c)) {
    if (c === TypeError) return "builtins.TypeError";
    if (c === RangeError) return "builtins.ValueError";
    if (Object.hasOwn(c, "wireName") && typeof c.wireName === "string") return c.wireName;
  }
  return "builtins.Exception";
}

const BRANDS = Symbol.for("perspective-broker.brands");

/** Puts the brands of a class and its bases on an error; one shared list per class. */
function mark(error: Error, kind: object): void {
  let brands = brandsOf.get(kind);
  if (brands === undefined) {
    brands = [];
    for (let c: unknown = kind; typeof c === "function"; c = Object.getPrototypeOf(c)) {
      if (Object.hasOwn(c, "brand")) brands.push((c as { brand?: unknown }).brand);
    }
    brandsOf.set(kind, brands);
  }
  Object.defineProperty(error, BRANDS, { value: brands });
}

const brandsOf = new WeakMap<object, unknown[]>();

/** A class with a brand of its own is also matched by brand; an application's subclass only as JavaScript always does. */
function hasBrand(kind: { brand?: string }, value: unknown): boolean {
  if (Function.prototype[Symbol.hasInstance].call(kind, value)) return true;
  if (!Object.hasOwn(kind, "brand") || typeof value !== "object" || value === null) return false;
  return (value as { [BRANDS]?: string[] })[BRANDS]?.includes(kind.brand as string) ?? false;
}
