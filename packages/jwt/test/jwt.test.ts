// Bearer tokens: real ones, signed by jose, and the ways in which a token is not good.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { BearerToken, PlainPassword, UnauthorizedLogin } from "perspective-broker";
import { afterEach, describe, expect, it } from "vitest";
import { type JWTUsersOptions, jwtUsers } from "../src/index.ts";

const now = new Date("2030-01-01T12:00:00Z");
const seconds = now.getTime() / 1000;
const peer = { scheme: "tls", address: "192.0.2.1:5" };
const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
const other = await generateKeyPair("ES256");
const jwk = { ...(await exportJWK(publicKey)), kid: "1", alg: "ES256" };
const claims = { sub: "alice", iss: "https://login.example/", aud: "chat", exp: seconds + 60 };

function sign(payload: JWTPayload, key: Parameters<SignJWT["sign"]>[0] = privateKey, alg = "ES256") {
  return new SignJWT(payload).setProtectedHeader({ alg, kid: "1" }).sign(key);
}

function users(options: Partial<JWTUsersOptions> = {}) {
  const keys = options.jwks ? {} : { key: publicKey };
  return jwtUsers({
    ...keys,
    ...{ algorithms: ["ES256"], issuer: "https://login.example/", audience: "chat", now: () => now },
    ...options,
  });
}

const ask = async (token: string, options: Partial<JWTUsersOptions> = {}) =>
  users(options).requestAvatarId(new BearerToken(token), peer);

let server: Server | undefined;
afterEach(() => server?.close());

describe("a token", () => {
  it("is its subject's, or whose the application says", async () => {
    expect(await ask(await sign(claims))).toBe("alice");
    const principal = (payload: JWTPayload) => ({ name: payload.sub, role: payload.role });
    expect(await ask(await sign({ ...claims, role: "admin" }), { principal })).toEqual({
      name: "alice",
      role: "admin",
    });
  });

  it("is verified with a set of keys, given or fetched", async () => {
    const jwks = { keys: [jwk] };
    expect(await ask(await sign(claims), { jwks })).toBe("alice");
    server = createServer((_, response) => response.end(JSON.stringify(jwks))).listen(0, "127.0.0.1");
    await new Promise((resolve) => server?.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    expect(await ask(await sign(claims), { jwks: new URL(`http://127.0.0.1:${port}/keys`) })).toBe("alice");
  });

  it("may be off by the tolerance of clocks", async () => {
    expect(await ask(await sign({ ...claims, exp: seconds - 29 }))).toBe("alice");
    await expect(ask(await sign({ ...claims, exp: seconds - 31 }))).rejects.toThrow(UnauthorizedLogin);
    expect(await ask(await sign({ ...claims, exp: seconds - 99 }), { clockTolerance: 100 })).toBe("alice");
    const old = await sign({ ...claims, iat: seconds - 1000 });
    expect(await ask(old)).toBe("alice");
    await expect(ask(old, { maxTokenAge: 600 })).rejects.toThrow(UnauthorizedLogin);
  });

  const { exp: _exp, ...withoutEnd } = claims;
  const { sub: _sub, ...withoutSubject } = claims;
  it.each([
    ["of another key", () => sign(claims, other.privateKey)],
    ["of another issuer", () => sign({ ...claims, iss: "https://evil.example/" })],
    ["for another audience", () => sign({ ...claims, aud: "shop" })],
    ["that is not yet valid", () => sign({ ...claims, nbf: seconds + 60 })],
    ["without an end", () => sign(withoutEnd)],
    ["without a subject", () => sign(withoutSubject)],
    ["without a signature", async () => new UnsecuredJWT(claims).encode()],
    ["of another algorithm", () => sign(claims, new Uint8Array(32), "HS256")],
    ["that is none", async () => "geheim"],
    ["that was changed", async () => (await sign(claims)).replace(/^[^.]*/, (head) => head.toLowerCase())],
  ])("%s is refused, without details", async (_, make) => {
    for (const options of [{}, { jwks: { keys: [jwk] } }]) {
      const error = await ask(await make(), options).then(
        () => undefined,
        (thrown) => thrown,
      );
      expect(error).toBeInstanceOf(UnauthorizedLogin);
      expect(error.message).toBe("");
    }
  });

  it("of whom the application knows nothing is refused", async () => {
    await expect(ask(await sign(claims), { principal: () => undefined })).rejects.toThrow(UnauthorizedLogin);
  });
});

describe("the checker", () => {
  it("tells of keys that cannot be fetched: that is this side's fault", async () => {
    server = createServer((_, response) => response.writeHead(500).end()).listen(0, "127.0.0.1");
    await new Promise((resolve) => server?.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const asked = ask(await sign(claims), { jwks: new URL(`http://127.0.0.1:${port}/keys`) });
    await expect(asked).rejects.not.toThrow(UnauthorizedLogin);
  });

  it("serves bearer tokens only", async () => {
    expect(users().kinds).toEqual(["bearer"]);
    await expect(async () => users().requestAvatarId(new PlainPassword("alice", "x"), peer)).rejects.toThrow(
      UnauthorizedLogin,
    );
  });

  it("must be told what is true of a token", () => {
    expect(() => users({ algorithms: [] })).toThrow(TypeError);
    expect(() => users({ issuer: "" })).toThrow(TypeError);
    expect(() => users({ audience: [] })).toThrow(TypeError);
    expect(() => users({ key: publicKey, jwks: { keys: [jwk] } })).toThrow(TypeError);
    expect(() => users({ key: new Uint8Array(31), algorithms: ["HS256"] })).toThrow(RangeError);
  });
});
