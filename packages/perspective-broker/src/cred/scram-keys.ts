// The arithmetic of SCRAM-SHA-256 (RFC 5802 §3, RFC 7677): from a password to keys, from keys to proofs. No message is read or
// written here, and nothing is decided.
import { utf8 } from "./bytes.ts";
import type { LoginCrypto } from "./crypto.ts";
import { preparedPassword } from "./prepared-password.ts";

/** SaltedPassword: the expensive part, and as good as the password itself. */
export function saltedPassword(
  crypto: LoginCrypto,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Uint8Array> {
  return crypto.pbkdf2Sha256(preparedPassword(password), salt, iterations);
}

export function clientKey(crypto: LoginCrypto, salted: Uint8Array): Promise<Uint8Array> {
  return crypto.hmacSha256(salted, utf8("Client Key"));
}

export function serverKey(crypto: LoginCrypto, salted: Uint8Array): Promise<Uint8Array> {
  return crypto.hmacSha256(salted, utf8("Server Key"));
}

/** ClientProof: what the client sends. Only who knows ClientKey can make it, and StoredKey is enough to check it. */
export async function clientProof(crypto: LoginCrypto, key: Uint8Array, authMessage: string): Promise<Uint8Array> {
  const storedKey = await crypto.sha256(key);
  return xor(key, await crypto.hmacSha256(storedKey, utf8(authMessage)));
}

/** Whether a proof was made with the ClientKey that belongs to `storedKey`. */
export async function proofFits(
  crypto: LoginCrypto,
  storedKey: Uint8Array,
  authMessage: string,
  proof: Uint8Array,
): Promise<boolean> {
  const key = xor(proof, await crypto.hmacSha256(storedKey, utf8(authMessage)));
  return crypto.equal(await crypto.sha256(key), storedKey);
}

/** ServerSignature: what the server sends back to show that it has the verifier. */
export function serverSignature(crypto: LoginCrypto, key: Uint8Array, authMessage: string): Promise<Uint8Array> {
  return crypto.hmacSha256(key, utf8(authMessage));
}

/** As long as `a`; a shorter `b` counts as followed by zeros. */
function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] ?? 0));
}
