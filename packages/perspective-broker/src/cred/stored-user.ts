// From a password to what a store keeps of it.
import { utf8 } from "./bytes.ts";
import { type LoginCrypto, loginCrypto, type Random } from "./crypto.ts";
import { makeVerifier } from "./verifier.ts";

export interface StoredUserOptions {
  /** Adds the MD5 digest, for a Portal with `md5: true`: as good as the password for whoever reads it. */
  readonly md5?: boolean;
  /** Of SCRAM, 4096 to 1 000 000. Default 600 000. */
  readonly iterations?: number;
  readonly random?: Random;
  readonly crypto?: Partial<LoginCrypto>;
}

export interface StoredUser {
  readonly verifier: string;
  /** 32 hexadecimal digits. */
  readonly md5?: string;
}

/** What a store keeps of a password: a new verifier, and the MD5 digest if it is asked for. */
export async function storedUser(password: string, options: StoredUserOptions = {}): Promise<StoredUser> {
  const verifier = await makeVerifier(password, options);
  if (!options.md5) return { verifier };
  const digest = loginCrypto(options.crypto).md5(utf8(password));
  return { verifier, md5: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") };
}
