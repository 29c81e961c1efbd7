// Node: node:crypto, with PBKDF2 in its thread pool.
import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import type { PlatformCrypto } from "./crypto.ts";

export const platformCrypto: PlatformCrypto = {
  random: (length) => plain(randomBytes(length)),
  sha256: async (data) => plain(createHash("sha256").update(data).digest()),
  hmacSha256: async (key, data) => plain(createHmac("sha256", key).update(data).digest()),
  pbkdf2Sha256: (password, salt, iterations) =>
    new Promise((resolve, reject) => {
      pbkdf2(password, salt, iterations, 32, "sha256", (error, key) => {
        if (error) reject(error);
        else resolve(plain(key));
      });
    }),
};

/** A copy that shares its memory with no other: a Buffer may be a view of Node's pool. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer);
}
