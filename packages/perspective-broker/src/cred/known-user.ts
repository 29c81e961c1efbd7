// A user as a login compares with it. There always is one: for an unknown name it is made of the Portal's secret, the same each
// time and with nobody's password, and all that follows is computed as for the others.
import { UserStoreError } from "../errors.ts";
import { toBase64 } from "./base64.ts";
import { utf8 } from "./bytes.ts";
import type { UserRecord, UserStore } from "./checker.ts";
import type { LoginCrypto } from "./crypto.ts";
import { parseVerifier, saltLength, type Verifier } from "./verifier.ts";

export interface KnownUser {
  /** Undefined for an unknown one; else the principal. */
  readonly principal: { readonly value: unknown } | undefined;
  readonly verifier: Verifier;
}

export interface KnownMD5User {
  readonly principal: { readonly value: unknown } | undefined;
  /** The MD5 digest of the password. */
  readonly digest: Uint8Array;
}

export interface LookUp {
  readonly crypto: LoginCrypto;
  readonly secret: Uint8Array;
  /** The iteration count that unknown users seem to have, with what the store says of its own. */
  readonly iterations: (ofStore: number | undefined) => number;
  /** Told of a user that is stored in a form that cannot be read; the login goes on as if there were none. */
  readonly unreadable: (error: unknown) => void;
}

/** `name` undefined stands for one that nobody can have. */
export async function findUser(store: UserStore, name: string | undefined, look: LookUp): Promise<KnownUser> {
  const salt = (await derived(look, "salt", name)).subarray(0, saltLength);
  const keys = toBase64(await derived(look, "keys", name));
  const record = name === undefined ? undefined : await store.findUser(name);
  const unknown = `SCRAM-SHA-256$${look.iterations(store.iterations)}:${toBase64(salt)}$${keys}:${keys}`;
  return read(look, record, name, record?.verifier, unknown, (text, principal) => {
    return { principal, verifier: parseVerifier(text) };
  });
}

export async function findMD5User(store: UserStore, name: string | undefined, look: LookUp): Promise<KnownMD5User> {
  const unknown = (await derived(look, "md5", name)).subarray(0, 16);
  const record = name === undefined ? undefined : await store.findUser(name);
  return read(look, record, name, record?.md5, unknown, (digest, principal) => ({
    principal,
    digest: md5Bytes(digest),
  }));
}

function read<S, U>(
  look: LookUp,
  record: UserRecord | undefined,
  name: string | undefined,
  stored: S | null | undefined,
  unknown: S,
  parse: (stored: S, principal: KnownUser["principal"]) => U,
): U {
  if (record === undefined || stored === undefined || stored === null) return parse(unknown, undefined);
  try {
    return parse(stored, { value: record.principal ?? name });
  } catch (error) {
    look.unreadable(error);
    return parse(unknown, undefined);
  }
}

function derived({ crypto, secret }: LookUp, what: string, name: string | undefined): Promise<Uint8Array> {
  return crypto.hmacSha256(secret, utf8(`${what}\0${name ?? ""}`));
}

function md5Bytes(stored: Uint8Array | string): Uint8Array {
  if (stored instanceof Uint8Array && stored.length === 16) return stored;
  if (typeof stored === "string" && /^[0-9a-fA-F]{32}$/.test(stored)) {
    return Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(stored.slice(i * 2, i * 2 + 2), 16));
  }
  throw new UserStoreError("an MD5 digest is not 16 bytes, or 32 hexadecimal digits");
}
