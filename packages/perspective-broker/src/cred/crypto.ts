// The functions that every login is made of, as one value that can be replaced: by a test that counts them, by a certified
// module. No other file of this room asks the platform for cryptography.

import { platformCrypto } from "#crypto";
import type { PlatformCrypto } from "../platform/crypto.ts";
import { md5 } from "./md5.ts";

export interface LoginCrypto extends PlatformCrypto {
  md5(data: Uint8Array): Uint8Array;
  /** Takes the same time wherever the first difference is. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}

/** Makes that many unpredictable bytes. */
export type Random = (length: number) => Uint8Array;

/** The platform's, with other parts where some are given. */
export function loginCrypto(given: Partial<LoginCrypto> | undefined, random?: Random): LoginCrypto {
  const { sha256, hmacSha256, pbkdf2Sha256 } = platformCrypto;
  const own = { random: platformCrypto.random, sha256, hmacSha256, pbkdf2Sha256, md5, equal };
  return { ...own, ...given, ...(random && { random }) };
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
