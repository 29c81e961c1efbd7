// What the transports over sockets do when the other side is no transport of ours: half-closes, resets, silence.
import { createServer, type Server, Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { establish } from "../src/transport/establish.ts";
import { StreamSocket } from "../src/transport/stream-socket.ts";
import { tcp } from "../src/transport/tcp.ts";
import { bytes, codeOf, kinds, listening, record, settled } from "./support/transports.ts";

const MiB = 1024 * 1024;
const overTcp = kinds.find((kind) => kind.name === "tcp")!;

/** A transport of ours with a linger of 50 ms, and the plain socket at the other end. */
async function withPlainPeer(allowHalfOpen = false): Promise<{ near: StreamSocket; plain: Socket }> {
  const server = createServer({ allowHalfOpen });
  const port = await open(server);
  const socket = new Socket().connect(port, "127.0.0.1");
  const [plain] = await Promise.all([
    new Promise<Socket>((resolve) => server.once("connection", resolve)),
    new Promise((resolve) => socket.once("connect", resolve)),
  ]);
  onTestFinished(() => void [socket, plain].map((one) => one.destroy()));
  return { near: new StreamSocket(socket, { scheme: "tcp", address: "" }, 50), plain };
}

async function open(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

describe("a transport over a socket", () => {
  it("ends in order when the peer ends its half, and sends what it has before", async () => {
    const { near, plain } = await withPlainPeer(true);
    const atNear = record(near);
    const got: Buffer[] = [];
    plain.on("data", (chunk) => got.push(chunk));
    const ended = new Promise((resolve) => plain.on("end", resolve));
    near.write(new Uint8Array(16 * MiB));
    plain.end("bye");
    expect(await atNear.end()).toBeUndefined();
    await ended;
    expect(atNear.text).toBe("bye");
    expect(Buffer.concat(got).length).toBe(16 * MiB);
  });

  it("ends with an error when the peer resets the connection", async () => {
    const { near, plain } = await withPlainPeer();
    const atNear = record(near);
    plain.resetAndDestroy();
    expect(codeOf(await atNear.end())).toBe("ECONNRESET");
    await settled();
    expect(atNear.ends.length).toBe(1);
  });

  it("tells a reset that came before start", async () => {
    const { near, plain } = await withPlainPeer();
    const reset = new Promise((resolve) => plain.on("close", resolve));
    plain.resetAndDestroy();
    await reset;
    await settled();
    const atNear = record(near);
    expect(codeOf(await atNear.end())).toBe("ECONNRESET");
  });

  it("survives writing to a peer that is gone", async () => {
    const { near, plain } = await withPlainPeer();
    const atNear = record(near);
    plain.resetAndDestroy();
    while (atNear.ends.length === 0) {
      near.write(bytes("anybody there?"));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(["ECONNRESET", "EPIPE"]).toContain(codeOf(atNear.ends[0]));
  });

  it("after close waits for a peer that does not end, but not for ever", async () => {
    const { near, plain } = await withPlainPeer(true);
    const atNear = record(near);
    plain.resume();
    near.write(bytes("bye"));
    near.close();
    expect(await atNear.end()).toBeUndefined();
  });

  it("after close gives up on a peer that takes nothing, with an error", async () => {
    const { near, plain } = await withPlainPeer();
    const atNear = record(near);
    plain.pause();
    for (let i = 0; i < 32; i += 1) near.write(new Uint8Array(MiB));
    near.close();
    expect(codeOf(await atNear.end())).toBe("ETIMEDOUT");
  });

  it("after close sends all to a peer that is slow, however long that takes", async () => {
    const { near, plain } = await withPlainPeer(true);
    const atNear = record(near);
    const ended = new Promise((resolve) => plain.on("end", resolve));
    let got = 0;
    plain.on("data", (chunk) => {
      got += chunk.length;
      plain.pause();
      setTimeout(() => plain.resume(), 2); // the pace of the peer; 16 MiB take longer than the linger
    });
    near.write(new Uint8Array(16 * MiB));
    near.close();
    await ended;
    plain.end();
    expect(got).toBe(16 * MiB);
    expect(await atNear.end()).toBeUndefined();
  });

  it("knows exactly which writes were given to the platform", async () => {
    const { near, plain } = await withPlainPeer();
    const atNear = record(near);
    plain.pause();
    near.write(new Uint8Array(32 * MiB)); // more than the system's buffers hold: it stays under way
    expect(near.unsent).toBe(0);
    near.write(new Uint8Array(MiB));
    near.writev([new Uint8Array(MiB), bytes("x")]);
    expect(near.unsent).toBe(2 * MiB + 1);
    await settled();
    expect(near.unsent).toBe(2 * MiB + 1);
    plain.resetAndDestroy();
    await atNear.end();
    expect(near.unsent).toBe(2 * MiB + 1);
  });

  it("counts what waited as given once the write before it is through", async () => {
    const { near, plain } = await withPlainPeer();
    const atNear = record(near);
    near.write(new Uint8Array(32 * MiB));
    near.write(new Uint8Array(32 * MiB));
    expect(near.unsent).toBe(32 * MiB);
    let got = 0;
    await new Promise<void>((resolve) => {
      plain.on("data", (chunk) => {
        got += chunk.length;
        if (got <= 40 * MiB) return;
        plain.pause();
        resolve();
      });
    });
    await settled();
    near.write(bytes("x"));
    expect(near.unsent).toBe(1);
    plain.resetAndDestroy();
    await atNear.end();
    expect(near.unsent).toBe(1);
  });
});

describe("establishing a connection", () => {
  const never = (): never => {
    throw new Error("there is no connection");
  };

  it("gives up after connectTimeout", async () => {
    const socket = new Socket();
    const attempt = establish(socket, "connect", "tcp://far.away:1", { connectTimeout: 10 }, never);
    await expect(attempt).rejects.toMatchObject({ code: "ETIMEDOUT", message: expect.stringContaining("10 ms") });
    expect(socket.destroyed).toBe(true);
  });

  it("gives up when the signal says so, with its reason", async () => {
    const socket = new Socket();
    const controller = new AbortController();
    const attempt = establish(socket, "connect", "tcp://far.away:1", { signal: controller.signal }, never);
    controller.abort("enough");
    await expect(attempt).rejects.toBe("enough");
    expect(socket.destroyed).toBe(true);
  });

  it("takes a timeout longer than timers can be as none", async () => {
    const { listener } = await listening(overTcp);
    for (const connectTimeout of [2 ** 40, Number.POSITIVE_INFINITY]) {
      (await tcp.dial(listener.address, { connectTimeout })).abort();
    }
  });

  it("tells what failed when a name has several addresses", async () => {
    const { listener } = await listening(overTcp);
    await listener.close();
    const attempt = tcp.dial(listener.address.replace("127.0.0.1", "localhost"), {});
    await expect(attempt).rejects.toMatchObject({
      code: "ECONNREFUSED",
      message: expect.stringMatching(/ECONNREFUSED.*:\d+/),
    });
  });
});

describe("a tcp address", () => {
  it("may be IPv6", async ({ skip }) => {
    const { listener, accepted } = await listening(overTcp, {}, "tcp://[::1]:0").catch(() => skip("no IPv6 here"));
    expect(listener.address).toMatch(/^tcp:\/\/\[::1\]:[1-9]/);
    const near = await tcp.dial(listener.address, {});
    expect(`tcp://${near.peer.address}`).toBe(listener.address);
    expect((await accepted()).peer.address).toMatch(/^\[::1\]:/);
    near.abort();
  });

  it("of both families shows IPv4 peers as such", async ({ skip }) => {
    const { listener, accepted } = await listening(overTcp, {}, "tcp://[::]:0").catch(() => skip("no IPv6 here"));
    const near = await tcp.dial(listener.address.replace("[::]", "127.0.0.1"), {});
    expect((await accepted()).peer.address).toMatch(/^127\.0\.0\.1:/);
    near.abort();
  });

  it("may be a name, which the listener keeps", async () => {
    const { listener, accepted } = await listening(overTcp, {}, "tcp://localhost:0");
    expect(listener.address).toMatch(/^tcp:\/\/localhost:[1-9]/);
    const near = await tcp.dial(listener.address, {});
    await accepted();
    near.abort();
  });
});
