// What can go wrong with a login (spec §8), and with what is stored of users.
import { type ErrorCode, PerspectiveBrokerError } from "./base.ts";

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
