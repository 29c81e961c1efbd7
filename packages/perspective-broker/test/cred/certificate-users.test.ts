// Users by TLS certificate: what TLS verified, and whose it is.
import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  ClientCertificate,
  certificateUsers,
  InsecureLogin,
  type LoginPeer,
  Portal,
  UnauthorizedLogin,
} from "../../src/index.ts";
import { clientIdentity } from "../support/certificates.ts";
import { errorOf, Link, NotedRealm } from "./loopback.ts";

const { fingerprint256 } = new X509Certificate(clientIdentity.cert);
const shown = { subject: { O: "Shop, Ltd", CN: "alice" }, fingerprint256 };

function linked(users: Parameters<typeof certificateUsers>[0], peer: Partial<LoginPeer> = {}, secure = true) {
  const realm = new NotedRealm();
  const portal = new Portal(realm, { checkers: [certificateUsers(users)], rateLimit: false });
  const whole = { scheme: "tls", address: "192.0.2.1:5", certificate: shown, authorized: true, ...peer };
  return { realm, link: new Link(portal, { secure, peer: whole }) };
}

describe("login by TLS certificate", () => {
  it.each([
    ["fingerprint", { fingerprints: { [fingerprint256]: "alice" } }],
    [
      "fingerprint, written otherwise",
      { fingerprints: { [fingerprint256.replaceAll(":", "").toLowerCase()]: "alice" } },
    ],
    ["subject", { subjects: { "O=Shop\\, Ltd,CN=alice": "alice" } }],
    ["a function", { principal: ({ subject }: { subject: string }) => /CN=(\w+)$/.exec(subject)?.[1] }],
  ])("knows the user by %s", async (_, users) => {
    const { link, realm } = linked(users);
    await link.login(new ClientCertificate(), { mind: "mine" });
    expect(realm.asked).toEqual([{ principal: "alice", mind: "mine", logouts: 0 }]);
  });

  it.each([
    ["nobody's", {}, {}],
    ["another subject", { subjects: { "CN=alice": "alice" } }, {}],
    ["a property of every object", { subjects: {} }, { certificate: { subject: {}, fingerprint256: "constructor" } }],
    ["no certificate", { principal: () => "alice" }, { certificate: undefined }],
    ["a certificate that was not verified", { principal: () => "alice" }, { authorized: false }],
    ["a certificate of which that is not known", { principal: () => "alice" }, { authorized: undefined }],
    ["a certificate that is none", { principal: () => "alice" }, { certificate: {} }],
  ])("refuses %s", async (_, users, peer) => {
    const { link, realm } = linked(users, peer as Partial<LoginPeer>);
    expect(await errorOf(link.login(new ClientCertificate()))).toBeInstanceOf(UnauthorizedLogin);
    expect(realm.asked).toEqual([]);
  });

  it("is not for connections without TLS", async () => {
    const { link } = linked({ principal: () => "alice" }, {}, false);
    expect(await errorOf(link.login(new ClientCertificate()))).toBeInstanceOf(InsecureLogin);
  });
});
