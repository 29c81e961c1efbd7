// Logs users in by JSON Web Tokens. jose verifies them; here it is only said what must be true of one, and whose it is.
import { createLocalJWKSet, createRemoteJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import { type Awaitable, BearerToken, type CredentialsChecker, UnauthorizedLogin } from "perspective-broker";

export interface JWTUsersOptions {
  /** The one key that tokens are signed with: a public key, or a secret of at least 32 bytes. This or `jwks`. */
  readonly key?: Parameters<typeof jwtVerify>[1] & object;
  /** The keys of the issuer: where they are found (fetched when needed, and kept a while), or themselves. */
  readonly jwks?: URL | JSONWebKeySet;
  /** The algorithms that are taken, `RS256` for instance. There is no default: a token must not choose. */
  readonly algorithms: readonly string[];
  /** Who must have issued the token (`iss`). */
  readonly issuer: string | readonly string[];
  /** Whom the token must be for (`aud`). */
  readonly audience: string | readonly string[];
  /** Seconds by which clocks may differ. Default 30. */
  readonly clockTolerance?: number;
  /** Seconds after its issue (`iat`) that a token is taken, whatever its `exp` says. Default: no such limit. */
  readonly maxTokenAge?: number;
  /** Who the realm is asked for; undefined: nobody. Default: the claim `sub`. */
  readonly principal?: (claims: JWTPayload) => Awaitable<unknown>;
  /** The time, for tests. */
  readonly now?: () => Date;
}

/** A checker of bearer tokens. Throws TypeError if it is not said what must be true of a token. */
export function jwtUsers(options: JWTUsersOptions): CredentialsChecker {
  const { algorithms, issuer, audience, clockTolerance = 30, maxTokenAge, now } = options;
  if (algorithms.length === 0) throw new TypeError("algorithms: at least one is needed");
  if (issuer.length === 0) throw new TypeError("issuer: whose tokens are taken must be said");
  if (audience.length === 0) throw new TypeError("audience: whom the tokens are for must be said");
  const key = keyFrom(options);
  const principalOf = options.principal ?? ((claims: JWTPayload) => claims.sub);
  return {
    kinds: ["bearer"],
    async requestAvatarId(credentials) {
      if (!(credentials instanceof BearerToken)) throw new UnauthorizedLogin();
      const { payload } = await jwtVerify(credentials.token, key, {
        ...{ algorithms: [...algorithms], issuer: listOrText(issuer), audience: listOrText(audience), clockTolerance },
        ...(maxTokenAge !== undefined && { maxTokenAge }),
        ...(now && { currentDate: now() }),
        requiredClaims: ["exp", "sub"],
      }).catch(refuse);
      const principal = await principalOf(payload);
      if (principal === undefined || principal === null) throw new UnauthorizedLogin();
      return principal;
    },
  };
}

type Key = Parameters<typeof jwtVerify>[1];

function keyFrom({ key, jwks }: JWTUsersOptions): Key {
  if ((key === undefined) === (jwks === undefined)) throw new TypeError("give either key or jwks");
  if (key instanceof Uint8Array && key.length < 32) throw new RangeError("key: a secret has at least 32 bytes");
  if (jwks === undefined) return key as Key;
  return jwks instanceof URL ? createRemoteJWKSet(jwks) : createLocalJWKSet(jwks);
}

/** What is wrong with the token is a refusal; what is wrong with this side's keys is a fault, which is logged here. */
function refuse(error: unknown): never {
  if (error instanceof errors.JOSEError && !faults.has(error.code)) throw new UnauthorizedLogin();
  throw error;
}

const faults = new Set(["ERR_JOSE_GENERIC", "ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID", "ERR_JWK_INVALID"]);

function listOrText(given: string | readonly string[]): string | string[] {
  return typeof given === "string" ? given : [...given];
}
