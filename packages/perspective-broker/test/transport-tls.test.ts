// Who is let in over tls://, who is not, and that a failed handshake disturbs nobody.
import { connect, createServer, type Socket } from "node:net";
import type { PeerCertificate } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseHostPort } from "../src/transport/host-port.ts";
import { authority, clientIdentity, serverIdentity, stranger } from "./support/certificates.ts";
import { bytes, codeOf, dial, kinds, listening, record } from "./support/transports.ts";

const oneSided = kinds.find((kind) => kind.name === "tls")!;
const mutual = kinds.find((kind) => kind.name === "mutual tls")!;

const nameOf = (certificate: unknown): unknown => (certificate as PeerCertificate).subject.CN;

function firstError(): { onError: (error: Error) => void; error: Promise<Error> } {
  let onError = (_: Error): void => {};
  const error = new Promise<Error>((resolve) => {
    onError = resolve;
  });
  return { onError, error };
}

/** A client that connects and sends `text` instead of a handshake. */
function plainClient(address: string, text: string): { socket: Socket; closed: Promise<void> } {
  const socket = connect(parseHostPort(address));
  socket.on("error", () => {}).resume();
  const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
  onTestFinished(() => void socket.destroy());
  if (text !== "") socket.write(text);
  return { socket, closed };
}

/** What `accepted` and the dialler can do with each other after all that. */
async function expectService(
  kind: typeof oneSided,
  address: string,
  accepted: () => Promise<{ write: (chunk: Uint8Array) => boolean }>,
) {
  const atNear = record(await dial(kind, address));
  (await accepted()).write(bytes("hello"));
  await atNear.received(5);
}

describe("a client over tls", () => {
  it("is given the server's certificate, and the server none", async () => {
    const { listener, accepted } = await listening(oneSided);
    const near = await dial(oneSided, listener.address);
    expect(nameOf(near.peer.certificate)).toBe("localhost");
    expect((near.peer.certificate as { issuerCertificate: unknown }).issuerCertificate).toBeDefined();
    expect((await accepted()).peer.certificate).toBeUndefined();
  });

  it("refuses a server whose authority it does not know", async () => {
    const { listener, accepted, waiting } = await listening(oneSided);
    await expect(dial(oneSided, listener.address, { tls: {} })).rejects.toMatchObject({
      code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    });
    await expect(dial(oneSided, listener.address, { tls: { ca: stranger.cert } })).rejects.toHaveProperty("code");
    for (const one of waiting.splice(0)) one.abort(); // to a server such a client may look like one that left
    await expectService(oneSided, listener.address, accepted);
  });

  it("refuses a server that has another name, unless it says which it means", async () => {
    const { listener, accepted } = await listening(oneSided);
    const tls = { ca: authority, servername: "elsewhere.example" };
    await expect(dial(oneSided, listener.address, { tls })).rejects.toMatchObject({
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    const near = await dial(oneSided, listener.address.replace("localhost", "127.0.0.1"), {
      tls: { ca: authority, servername: "localhost" },
    });
    expect(nameOf(near.peer.certificate)).toBe("localhost");
    await accepted();
  });

  it("lets anybody be the server if it says so", async () => {
    const { listener } = await listening(oneSided, { tls: stranger });
    await expect(dial(oneSided, listener.address)).rejects.toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    const near = await dial(oneSided, listener.address, { tls: { rejectUnauthorized: false } });
    expect(nameOf(near.peer.certificate)).toBe("stranger");
  });

  it("gives up on a server that never answers the handshake", async () => {
    const silent = createServer((socket) => void onTestFinished(() => void socket.destroy()));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void silent.close());
    const address = `tls://127.0.0.1:${(silent.address() as { port: number }).port}`;
    await expect(dial(oneSided, address, { connectTimeout: 50 })).rejects.toMatchObject({ code: "ETIMEDOUT" });
    const controller = new AbortController();
    silent.once("connection", () => controller.abort("enough"));
    await expect(dial(oneSided, address, { signal: controller.signal })).rejects.toBe("enough");
  });

  it("is told when the server speaks something else", async () => {
    const chatty = createServer((socket) => void socket.on("error", () => {}).end("220 hello\r\n"));
    await new Promise<void>((resolve) => chatty.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void chatty.close());
    const address = `tls://127.0.0.1:${(chatty.address() as { port: number }).port}`;
    await expect(dial(oneSided, address)).rejects.toHaveProperty("code");
  });
});

describe("a server over mutual tls", () => {
  it("is given the client's certificate", async () => {
    const { listener, accepted } = await listening(mutual);
    await dial(mutual, listener.address);
    const far = await accepted();
    expect(nameOf(far.peer.certificate)).toBe("alice");
  });

  it.each([
    ["no certificate", {}, /certificate/],
    ["a certificate of a stranger", stranger, "DEPTH_ZERO_SELF_SIGNED_CERT"],
  ] as const)("refuses a client with %s, and says why", async (_, identity, why) => {
    const { onError, error } = firstError();
    const { listener, accepted, waiting } = await listening(mutual, { onError });
    // With TLS 1.3 a client learns of it after its own part of the handshake is done, and Node may not tell it why.
    const near = await dial(mutual, listener.address, { tls: { ca: authority, ...identity } });
    const outcome = await record(near).end();
    if (outcome !== undefined) expect(codeOf(outcome)).toBe("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED");
    expect((await error).message).toMatch(why);
    expect(waiting).toEqual([]);
    await expectService(mutual, listener.address, accepted);
  });

  it("can let in who it does not trust, if it says so", async () => {
    const tls = { ...serverIdentity, ca: authority, requestCert: true, rejectUnauthorized: false };
    const { listener, accepted } = await listening(mutual, { tls });
    await dial(mutual, listener.address, { tls: { ca: authority, ...stranger } });
    expect(nameOf((await accepted()).peer.certificate)).toBe("stranger");
    await dial(mutual, listener.address, { tls: { ca: authority } });
    expect((await accepted()).peer.certificate).toBeUndefined();
    await dial(mutual, listener.address, { tls: { ca: authority, ...clientIdentity } });
    expect(nameOf((await accepted()).peer.certificate)).toBe("alice");
  });
});

describe("a server over tls", () => {
  it("survives who speaks something else, and tells", async () => {
    const { onError, error } = firstError();
    const { listener, accepted } = await listening(oneSided, { onError });
    await plainClient(listener.address, "GET / HTTP/1.1\r\nhost: example\r\n\r\n").closed;
    expect(codeOf(await error)).toMatch(/^ERR_SSL/);
    await expectService(oneSided, listener.address, accepted);
  });

  it("survives without anybody to tell", async () => {
    const { listener, accepted } = await listening(oneSided);
    await plainClient(listener.address, "GET / HTTP/1.1\r\nhost: example\r\n\r\n").closed;
    await expectService(oneSided, listener.address, accepted);
  });

  it("drops who stalls in the handshake", async () => {
    const { onError, error } = firstError();
    const { listener } = await listening(oneSided, { onError, tls: { ...serverIdentity, handshakeTimeout: 50 } });
    await plainClient(listener.address, "").closed;
    expect(codeOf(await error)).toBe("ERR_TLS_HANDSHAKE_TIMEOUT");
  });

  it("drops who is in the handshake when it closes, and no one else", async () => {
    const { listener, accepted } = await listening(oneSided);
    const atNear = record(await dial(oneSided, listener.address));
    const far = await accepted();
    const { socket, closed } = plainClient(listener.address, "");
    await new Promise((resolve) => socket.once("connect", resolve));
    await dial(oneSided, listener.address); // the one before it has been taken by now
    await accepted();
    await listener.close();
    await closed;
    far.write(bytes("still here"));
    await atNear.received(10);
  });

  it("needs a certificate", async () => {
    await expect(listening(oneSided, { tls: {} })).rejects.toMatchObject({ code: "EINVAL" });
    await expect(listening(oneSided, { tls: { cert: "nonsense", key: "nonsense" } })).rejects.toHaveProperty("code");
  });
});
