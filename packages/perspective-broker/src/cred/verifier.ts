// What is stored of a password: `SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey`, in base64, the form that PostgreSQL uses,
// too. Who steals it cannot log in with it, but can try passwords against it, as fast as the iteration count allows.
import { IterationsOutOfBounds, UserStoreError } from "../errors.ts";
import { fromBase64, toBase64 } from "./base64.ts";
import { type LoginCrypto, loginCrypto, type Random } from "./crypto.ts";
import { clientKey, saltedPassword, serverKey } from "./scram-keys.ts";

export interface Verifier {
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** The iteration counts that are taken, by a server from its store and by a client from a server. */
export const iterationBounds: { readonly least: number; readonly most: number } = { least: 4096, most: 1_000_000 };
/** Of new verifiers: some tenths of a second for each password that a thief tries. */
export const defaultIterations = 600_000;
export const saltLength = 16;
export const keyLength = 32;

export interface VerifierOptions {
  readonly iterations?: number;
  readonly random?: Random;
  readonly crypto?: Partial<LoginCrypto>;
}

/** A new verifier with a salt of its own, as the text that a store keeps. */
export async function makeVerifier(password: string, options: VerifierOptions = {}): Promise<string> {
  const crypto = loginCrypto(options.crypto, options.random);
  return formatVerifier(
    await deriveVerifier(crypto, password, crypto.random(saltLength), options.iterations ?? defaultIterations),
  );
}

export async function deriveVerifier(
  crypto: LoginCrypto,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Verifier> {
  checkIterations(iterations);
  const salted = await saltedPassword(crypto, password, salt, iterations);
  const storedKey = await crypto.sha256(await clientKey(crypto, salted));
  return { iterations, salt, storedKey, serverKey: await serverKey(crypto, salted) };
}

/** Throws UserStoreError or IterationsOutOfBounds; what was read is not in the message. */
export function parseVerifier(text: string): Verifier {
  const match = /^SCRAM-SHA-256\$([1-9]\d{0,9}):([^$:]+)\$([^$:]+):([^$:]+)$/.exec(text);
  const [salt, storedKey, server] = [match?.[2], match?.[3], match?.[4]].map((part) => fromBase64(part ?? ""));
  if (!match || !salt?.length || storedKey?.length !== keyLength || server?.length !== keyLength) {
    throw new UserStoreError("a verifier is not of the form SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey");
  }
  const iterations = Number(match[1]);
  checkIterations(iterations);
  return { iterations, salt, storedKey, serverKey: server };
}

function formatVerifier({ iterations, salt, storedKey, serverKey }: Verifier): string {
  return `SCRAM-SHA-256$${iterations}:${toBase64(salt)}$${toBase64(storedKey)}:${toBase64(serverKey)}`;
}

/** Throws IterationsOutOfBounds. */
export function checkIterations(iterations: number): void {
  const { least, most } = iterationBounds;
  if (Number.isInteger(iterations) && iterations >= least && iterations <= most) return;
  throw new IterationsOutOfBounds(`SCRAM with ${iterations} iterations: between ${least} and ${most} are taken`);
}
