// Browsers and workers: Web Crypto. Pages that did not come from https:// or localhost have random bytes only.
import { InsecureLogin } from "../errors.ts";
import type { PlatformCrypto } from "./crypto.ts";

export const platformCrypto: PlatformCrypto = {
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  sha256: async (data) => new Uint8Array(await subtle().digest("SHA-256", new Uint8Array(data))),
  async hmacSha256(key, data) {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const imported = await subtle().importKey("raw", new Uint8Array(key), algorithm, false, ["sign"]);
    return new Uint8Array(await subtle().sign("HMAC", imported, new Uint8Array(data)));
  },
  async pbkdf2Sha256(password, salt, iterations) {
    const imported = await subtle().importKey("raw", new Uint8Array(password), "PBKDF2", false, ["deriveBits"]);
    const algorithm = { name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(salt), iterations };
    return new Uint8Array(await subtle().deriveBits(algorithm, imported, 256));
  },
};

function subtle(): typeof crypto.subtle {
  const { subtle } = crypto;
  if (subtle !== undefined) return subtle;
  throw new InsecureLogin("this page has no crypto.subtle: browsers give it to pages from https:// and localhost only");
}
