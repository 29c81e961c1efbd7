// The pieces of SCRAM-SHA-256: arithmetic against the RFC's example, messages, verifiers, passwords.
import { describe, expect, it } from "vitest";
import { fromBase64, toBase64 } from "../../src/cred/base64.ts";
import { loginCrypto } from "../../src/cred/crypto.ts";
import { preparedPassword } from "../../src/cred/prepared-password.ts";
import * as keys from "../../src/cred/scram-keys.ts";
import {
  readClientFinal,
  readClientFirst,
  readServerFinal,
  readServerFirst,
  writeClientFinalWithoutProof,
  writeClientFirst,
  writeServerFinal,
  writeServerFirst,
} from "../../src/cred/scram-messages.ts";
import { deriveVerifier, makeVerifier, parseVerifier } from "../../src/cred/verifier.ts";
import { IterationsOutOfBounds, LoginExchangeError, UserStoreError } from "../../src/index.ts";
import { platformCrypto as webCrypto } from "../../src/platform/web-crypto.ts";

// RFC 7677 §3: user "user", password "pencil".
const clientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const serverFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const clientFinal =
  "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const serverFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

describe.each([
  ["Node", loginCrypto(undefined)],
  ["the web platform", loginCrypto(webCrypto)],
])("SCRAM-SHA-256 with the cryptography of %s", (_, crypto) => {
  it("computes the example of RFC 7677", async () => {
    const first = readClientFirst(clientFirst);
    const server = readServerFirst(serverFirst);
    const final = readClientFinal(clientFinal);
    const authMessage = `${first.bare},${serverFirst},${final.withoutProof}`;
    const salted = await keys.saltedPassword(crypto, "pencil", server.salt, server.iterations);
    const proof = await keys.clientProof(crypto, await keys.clientKey(crypto, salted), authMessage);
    expect(`${final.withoutProof},p=${toBase64(proof)}`).toBe(clientFinal);
    const verifier = await deriveVerifier(crypto, "pencil", server.salt, server.iterations);
    expect(await keys.proofFits(crypto, verifier.storedKey, authMessage, final.proof)).toBe(true);
    expect(await keys.proofFits(crypto, verifier.storedKey, `${authMessage} `, final.proof)).toBe(false);
    expect(writeServerFinal(await keys.serverSignature(crypto, verifier.serverKey, authMessage))).toBe(serverFinal);
  });
});

describe("the messages of SCRAM", () => {
  it("are written as they are read", () => {
    const first = writeClientFirst({ kind: "tls-exporter" }, "a=b,c", "abc", "pb7 pb none");
    expect(first.header + first.bare).toBe("p=tls-exporter,,n=a=3Db=2Cc,r=abc,d=pb7 pb none");
    expect(readClientFirst(first.header + first.bare)).toEqual(first);
    const server = { nonce: "abcdef", salt: Uint8Array.of(1, 2), iterations: 4096 };
    expect(readServerFirst(writeServerFirst(server))).toEqual(server);
    const withoutProof = writeClientFinalWithoutProof(Uint8Array.of(110, 44, 44), "abcdef");
    expect(withoutProof).toBe("c=biws,r=abcdef");
    expect(readClientFinal(`${withoutProof},p=AQI=`)).toEqual({
      ...{ bindingInput: Uint8Array.of(110, 44, 44), nonce: "abcdef", proof: Uint8Array.of(1, 2), withoutProof },
    });
    expect(readServerFinal("v=AQI=")).toEqual(Uint8Array.of(1, 2));
  });

  it.each([
    ["a number", 7],
    ["no header", "n=user,r=abc"],
    ["another user's name to act as", "n,a=admin,n=user,r=abc"],
    ["an unknown flag", "x,,n=user,r=abc"],
    ["an extension that must be understood", "n,,m=1,n=user,r=abc"],
    ["an extension that must be understood, later", "n,,n=user,r=abc,m=1"],
    ["no nonce", "n,,n=user"],
    ["an empty nonce", "n,,n=user,r="],
    ["a nonce with a space", "n,,n=user,r=a b"],
    ["a name with a bare =", "n,,n=us=er,r=abc"],
    ["a zero byte", "n,,n=us\0er,r=abc"],
    ["8 KB", `n,,n=${"x".repeat(8192)},r=abc`],
  ])("are refused when malformed: %s", (_, message) => {
    expect(() => readClientFirst(message)).toThrow(LoginExchangeError);
  });

  it.each([
    "",
    "r=abc",
    "r=abc,s=AQI=",
    "r=abc,s=AQI=,i=0",
    "r=abc,s=AQI=,i=-1",
    "r=abc,s=,i=4096",
    "r=abc,s=AQJ=,i=4096",
  ])("are refused when malformed, the server's: %j", (message) => {
    expect(() => readServerFirst(message)).toThrow(LoginExchangeError);
  });
});

describe("a verifier", () => {
  const text =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

  it("has the form that PostgreSQL has", async () => {
    const salt = fromBase64("W22ZaJ0SNY7soEsUEjb6gQ==")!;
    expect(await makeVerifier("pencil", { iterations: 4096, random: () => salt })).toBe(text);
    expect(parseVerifier(text)).toMatchObject({ iterations: 4096, salt });
  });

  it("has a salt of its own each time", async () => {
    const options = { iterations: 4096 };
    expect(await makeVerifier("pencil", options)).not.toBe(await makeVerifier("pencil", options));
  });

  it.each([0, 4095, 1_000_001, 4096.5, Number.NaN])("refuses %s iterations", async (iterations) => {
    await expect(makeVerifier("pencil", { iterations })).rejects.toThrow(IterationsOutOfBounds);
  });

  it("is refused with a count out of bounds, and when it is none", () => {
    expect(() => parseVerifier(text.replace("4096", "4095"))).toThrow(IterationsOutOfBounds);
    expect(() => parseVerifier(text.replace("4096", "1000001"))).toThrow(IterationsOutOfBounds);
    for (const wrong of ["", "pencil", text.slice(0, -1), `${text}:x`, text.replace("WG5d", "WG5")]) {
      expect(() => parseVerifier(wrong)).toThrow(UserStoreError);
      if (wrong !== "") expect(() => parseVerifier(wrong)).not.toThrow(wrong);
    }
  });
});

describe("a password before it becomes a key (RFC 4013)", () => {
  const text = (password: string) => new TextDecoder().decode(preparedPassword(password));

  it.each([
    ["user", "user"],
    ["I\u00adX", "IX"],
    ["\u00aa", "a"],
    ["\u2168", "IX"],
    ["a\u00a0b", "a b"],
    ["Gru\u0308n", "Gr\u00fcn"],
  ])("%j becomes %j", (password, prepared) => {
    expect(text(password)).toBe(prepared);
  });

  it("stays as it is when it has what is forbidden", () => {
    expect(text("\u0007\u00aa")).toBe("\u0007\u00aa");
    expect(text("\u00ad")).toBe("\u00ad");
  });
});

describe("base64", () => {
  it("has one text for each value", () => {
    expect(fromBase64("AQI=")).toEqual(Uint8Array.of(1, 2));
    for (const wrong of ["AQJ=", "AQI", "AQ==I", "AQ I=", "A===", "=AQI"]) expect(fromBase64(wrong)).toBeUndefined();
  });
});
