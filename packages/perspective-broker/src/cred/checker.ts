// What decides whether credentials are good: stores of users, which the Portal asks for what it compares with, and checkers
// that decide by themselves. What they have in common is the list of kinds that they serve.
import type { CredentialKind, Credentials } from "./credentials.ts";
import type { LoginPeer } from "./portal-host.ts";

export type Awaitable<T> = T | PromiseLike<T>;

export type Checker = UserStore | CredentialsChecker;

/**
 * A store of users with passwords, or rather with what checks them. The Portal does the comparing, so that an unknown user and
 * a wrong password differ neither in what is answered nor in what is computed.
 */
export interface UserStore {
  readonly kinds: readonly ("scram" | "plain" | "md5")[];
  /** The user of that name, exactly; undefined if there is none. What it throws is a fault of this side and is logged. */
  findUser(name: string): Awaitable<UserRecord | undefined>;
  /** The iteration count that its users have, so that unknown users seem to have the same. */
  readonly iterations?: number | undefined;
}

/** What a store knows of a user. What is missing or null is not there: that way of logging in fails. */
export interface UserRecord {
  /** `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey` (see `makeVerifier`). */
  readonly verifier?: string | null | undefined;
  /** The MD5 digest of the password, 16 bytes or 32 hexadecimal digits: as good as the password. For kind `md5`. */
  readonly md5?: Uint8Array | string | null | undefined;
  /** Who the realm is asked for. Default: the user's name. */
  readonly principal?: unknown;
}

/** A checker that decides by itself: tokens, certificates, credentials of one's own. */
export interface CredentialsChecker {
  readonly kinds: readonly CredentialKind[];
  /** The principal to ask the realm for. Throws UnauthorizedLogin, with no details: they would go to the peer. */
  requestAvatarId(credentials: Credentials, peer: LoginPeer): Awaitable<unknown>;
}

export function isUserStore(checker: Checker): checker is UserStore {
  return typeof (checker as Partial<UserStore>).findUser === "function";
}
