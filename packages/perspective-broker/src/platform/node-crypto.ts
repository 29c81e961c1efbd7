// Node: node:crypto, with PBKDF2 in its thread pool. Loaded by the first login, as it costs a program's start some milliseconds.
import type { PlatformCrypto } from "./crypto.ts";

const crypto = () => process.getBuiltinModule("node:crypto");

export const platformCrypto: PlatformCrypto = {
  random: (length) => plain(crypto().randomBytes(length)),
  sha256: async (data) => plain(crypto().createHash("sha256").update(data).digest()),
  hmacSha256: async (key, data) => plain(crypto().createHmac("sha256", key).update(data).digest()),
  pbkdf2Sha256: (password, salt, iterations) =>
    new Promise((resolve, reject) => {
      crypto().pbkdf2(password, salt, iterations, 32, "sha256", (error, key) => {
        if (error) reject(error);
        else resolve(plain(key));
      });
    }),
};

/** A copy that shares its memory with no other: a Buffer may be a view of Node's pool. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer);
}
