// What a Portal can be told, and what it does if it is not. Checked once, when the Portal is made.
import { consoleLog, type Log, safeLog } from "../broker/log.ts";
import { type Clock, systemClock } from "../platform/clock.ts";
import { utf8 } from "./bytes.ts";
import type { Awaitable, Checker } from "./checker.ts";
import type { CredentialKind } from "./credentials.ts";
import { type LoginCrypto, loginCrypto, type Random } from "./crypto.ts";
import { LoginLimiter, type RateLimit } from "./rate-limit.ts";
import { checkIterations, defaultIterations } from "./verifier.ts";

/** What a principal becomes: the application's side of a Portal. */
export interface Realm {
  /**
   * The avatar of a principal for one login. `mind` is what the client gave with it: null, or for instance a reference that
   * can be called back. `logout` runs once: when the client gave back its last reference, or when its connection ended. What
   * this throws is the error of the login.
   */
  // biome-ignore lint/suspicious/noExplicitAny: principals are the checkers' and minds the clients'; the realm knows them
  requestAvatar(principal: any, mind: any): Awaitable<AvatarLogin>;
}

export interface AvatarLogin {
  readonly avatar: object;
  readonly logout?: () => unknown;
}

export interface PortalOptions {
  /** Each serves the kinds that it names; a later one takes the kinds of an earlier one over (spec §8.3). */
  readonly checkers?: readonly Checker[];
  /** Admits Twisted's login by MD5. Default false: it needs stores with the MD5 digests of passwords, which are as good as them. */
  readonly md5?: boolean;
  /** Refuses SCRAM logins that are not bound to their TLS connection. Default false: browsers cannot bind. */
  readonly requireChannelBinding?: boolean;
  /** At least 16 bytes that make up the salts of unknown users. Default: random, so that these change with each start. */
  readonly serverSecret?: Uint8Array | string;
  /** The iteration count of unknown users: that of the known ones. Default: what the store says, else 600 000. */
  readonly iterations?: number;
  /** Failed logins by address; false for no limit. */
  readonly rateLimit?: Partial<RateLimit> | false;
  /** Told of each attempt that was decided, for an audit. Names are what peers sent: sometimes a password in the wrong field. */
  readonly onLogin?: (event: LoginEvent) => void;
  /** Told of faults of this side: users that cannot be read, a logout that throws. Default: the console. */
  readonly log?: Log;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly crypto?: Partial<LoginCrypto>;
}

export interface LoginEvent {
  /** `refused`: the credentials were wrong; `limited`: too many were wrong before; `failed`: a fault, or the realm refused. */
  readonly outcome: "accepted" | "refused" | "limited" | "failed";
  readonly kind: CredentialKind;
  readonly username: string | undefined;
  readonly address: string;
}

/** The same, complete. */
export interface PortalSettings {
  readonly realm: Realm;
  /** In the order in which the kinds were first registered. */
  readonly checkers: Map<CredentialKind, Checker>;
  readonly requireChannelBinding: boolean;
  readonly secret: Uint8Array;
  readonly iterations: (ofStore: number | undefined) => number;
  readonly limiter: LoginLimiter | undefined;
  readonly tell: (event: LoginEvent) => void;
  /** Something of this side went wrong, and the peer must not hear of it. */
  readonly fault: (message: string, error: unknown) => void;
  readonly unreadable: (error: unknown) => void;
  readonly clock: Clock;
  readonly crypto: LoginCrypto;
}

/** Throws RangeError, TypeError or IterationsOutOfBounds for what makes no sense. */
export function portalSettings(realm: Realm, options: PortalOptions): PortalSettings {
  if (typeof realm?.requestAvatar !== "function") throw new TypeError("a Portal needs a realm with requestAvatar");
  const crypto = loginCrypto(options.crypto, options.random);
  const clock = options.clock ?? systemClock;
  const log = safeLog(options.log ?? consoleLog);
  const fault = (message: string, error: unknown) => log({ level: "error", message, error });
  const secret = typeof options.serverSecret === "string" ? utf8(options.serverSecret) : options.serverSecret;
  if (secret !== undefined && secret.length < 16) throw new RangeError("serverSecret: at least 16 bytes are needed");
  if (options.iterations !== undefined) checkIterations(options.iterations);
  return {
    ...{ realm, crypto, clock },
    checkers: new Map(),
    requireChannelBinding: options.requireChannelBinding ?? false,
    secret: secret ?? crypto.random(32),
    iterations: (ofStore) => options.iterations ?? ofStore ?? defaultIterations,
    limiter: options.rateLimit === false ? undefined : new LoginLimiter(options.rateLimit ?? {}, clock),
    tell: (event) => {
      try {
        options.onLogin?.(event);
      } catch (error) {
        fault("onLogin failed", error);
      }
    },
    fault,
    unreadable: (error) => fault("a stored user cannot be read", error),
  };
}
