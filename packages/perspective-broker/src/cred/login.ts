// The client's side of a login: takes credentials to a Portal's root and comes back with a reference to the avatar. What may not
// be sent over this connection is refused here, before anything is.
import {
  DowngradeDetected,
  InsecureLogin,
  LoginExchangeError,
  RemoteError,
  TooManyLogins,
  UnauthorizedLogin,
  UnhandledCredentials,
} from "../errors.ts";
import { RemoteReference } from "../references/remote-reference.ts";
import { utf8 } from "./bytes.ts";
import { BearerToken, type Credentials, CustomCredentials, PlainPassword, UsernamePassword } from "./credentials.ts";
import { type LoginCrypto, loginCrypto, type Random } from "./crypto.ts";
import { md5Response } from "./md5-login.ts";
import type { LoginHost } from "./portal-host.ts";
import { loginByScram } from "./scram-client.ts";

export interface LoginOptions {
  /** Handed to the realm: something that can be sent, often a Referenceable to be called back. */
  readonly mind?: unknown;
  /**
   * Logs in by MD5 at servers that have nothing better, which are Twisted's; `"only"` does not try SCRAM first. Default false:
   * who reads along can then try passwords quickly, a false server can choose what is answered, and nothing proves the server.
   * Where the password is worth something, use TLS.
   */
  readonly allowMD5?: boolean | "only";
  /** False where something before the server ends TLS. Default true: SCRAM is bound to TLS where the transport can. */
  readonly channelBinding?: boolean;
  readonly random?: Random;
  readonly crypto?: Partial<LoginCrypto>;
}

/**
 * Logs in at a Portal's root. Rejects with UnauthorizedLogin, UnhandledCredentials, TooManyLogins, InsecureLogin,
 * LoginExchangeError, DowngradeDetected or IterationsOutOfBounds; with what the realm threw; or as every call does.
 */
export async function login(
  root: RemoteReference,
  credentials: Credentials,
  options: LoginOptions & { readonly host: LoginHost },
): Promise<RemoteReference> {
  try {
    const avatar = await loginWith(root, credentials, options);
    if (avatar instanceof RemoteReference) return avatar;
  } catch (error) {
    throw asLoginError(error);
  }
  throw new LoginExchangeError("the server's answer is no reference to an avatar");
}

function loginWith(
  root: RemoteReference,
  credentials: Credentials,
  options: LoginOptions & { readonly host: LoginHost },
): PromiseLike<unknown> {
  const { host, mind = null } = options;
  const kind = kindsOf(credentials)[0];
  if (credentials instanceof UsernamePassword) return byPassword(root, credentials, options);
  if (kind === "anonymous") return root.callRemote("loginAnonymous", mind);
  if (kind === undefined) throw new TypeError("the credentials name no kind");
  if (!host.secure) throw new InsecureLogin(`credentials of kind ${kind} are sent over TLS only`);
  return root.callRemote("loginWith", kind, payload(credentials), mind);
}

async function byPassword(
  root: RemoteReference,
  credentials: UsernamePassword,
  options: LoginOptions & { readonly host: LoginHost },
): Promise<unknown> {
  const { host, mind = null, allowMD5 = false } = options;
  const crypto = loginCrypto(options.crypto, options.random);
  if (allowMD5 !== "only") {
    try {
      return await loginByScram(root, credentials, { crypto, host, mind, bind: options.channelBinding ?? true });
    } catch (error) {
      if (!isWithoutScram(error)) throw error;
      if (!allowMD5) {
        throw new InsecureLogin(
          "the server has no SCRAM login: it serves no Portal, or one without such users, or it is Twisted's (allowMD5: true logs in there, by the weaker MD5)",
          {
            cause: error,
          },
        );
      }
    }
  }
  const answer: unknown = await root.callRemote("login", utf8(credentials.username));
  const [challenge, challenger] = Array.isArray(answer) ? answer : [];
  if (!(challenger instanceof RemoteReference)) throw new LoginExchangeError("the server's answer is malformed");
  try {
    // 16 bytes, so that a server cannot have anything else digested.
    if (!(challenge instanceof Uint8Array) || challenge.length !== 16) {
      throw new LoginExchangeError("the server's challenge is not 16 bytes");
    }
    return await challenger.callRemote("respond", md5Response(crypto, credentials.password, challenge), mind);
  } finally {
    challenger.release();
  }
}

function kindsOf(credentials: Credentials): Credentials["kinds"] {
  if (Array.isArray((credentials as Partial<Credentials> | null | undefined)?.kinds)) return credentials.kinds;
  throw new TypeError("login takes credentials: new UsernamePassword(name, password), new Anonymous(), …");
}

function payload(credentials: Credentials): unknown {
  if (credentials instanceof PlainPassword) return [utf8(credentials.username), credentials.password];
  if (credentials instanceof BearerToken) return credentials.token;
  if (credentials instanceof CustomCredentials) return credentials.payload;
  return null;
}

/** The server is none of ours, or has no store for SCRAM. */
function isWithoutScram(error: unknown): boolean {
  if (!(error instanceof RemoteError)) return false;
  if (error.check("twisted.spread.flavors.NoSuchMethod")) return true;
  return error.check(UnhandledCredentials);
}

/** A login's errors come back as their own classes, whoever threw them. */
function asLoginError(error: unknown): unknown {
  if (!(error instanceof RemoteError)) return error;
  const options = { cause: error };
  if (error.check(UnauthorizedLogin)) return new UnauthorizedLogin(error.message || "the login was refused", options);
  if (error.check(TooManyLogins)) return new TooManyLogins(Number(error.data.retryAfter ?? 0), options);
  const kind = [UnhandledCredentials, InsecureLogin, LoginExchangeError, DowngradeDetected].find((k) => error.check(k));
  return kind === undefined ? error : new kind(error.message, options);
}
