// Our own MD5, and Twisted's login answer made of it.
import { createHash, getFips } from "node:crypto";
import { describe, expect, it } from "vitest";
import { loginCrypto } from "../../src/cred/crypto.ts";
import { md5 } from "../../src/cred/md5.ts";
import { md5Response } from "../../src/cred/md5-login.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const hex = (data: Uint8Array) => Buffer.from(data).toString("hex");

describe("MD5", () => {
  it.each([
    ["", "d41d8cd98f00b204e9800998ecf8427e"],
    ["a", "0cc175b9c0f1b6a831c399e269772661"],
    ["abc", "900150983cd24fb0d6963f7d28e17f72"],
    ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
    ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
    ["ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"],
    ["1234567890".repeat(8), "57edf4a22be3c955ac49da2e2107b67a"],
  ])("gives RFC 1321's digest of %j", (text, digest) => {
    expect(hex(md5(bytes(text)))).toBe(digest);
  });

  it.skipIf(getFips() === 1)("agrees with OpenSSL at every length around its blocks", () => {
    for (let length = 0; length <= 200; length++) {
      const data = Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 256);
      expect(hex(md5(data)), `${length} bytes`).toBe(createHash("md5").update(data).digest("hex"));
    }
  });
});

describe("the answer to Twisted's challenge (spec §8.1)", () => {
  it("is MD5(MD5(password) + challenge)", () => {
    const answer = md5Response(loginCrypto(undefined), "secret", bytes("0123456789abcdef"));
    expect(hex(answer)).toBe("fb654aad50303a26b539858afb969f27");
  });
});
