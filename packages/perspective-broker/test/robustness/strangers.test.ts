// Whoever connects and does not speak the language, or not yet: both roles, up to the choice of a dialect.
import { createConnection } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type CloseReason,
  connect,
  HandshakeTimeout,
  type ListenOptions,
  type LogRecord,
  listen,
  memoryPair,
  NegotiationError,
  none,
  pb,
  Root,
  type Server,
} from "../../src/index.ts";
import { ManualClock } from "../support/clock.ts";
import { turnOver, until } from "../support/ends.ts";
import { RawPeer, rawClient, strangerTo, type Term } from "../support/raw-peer.ts";

class Echo extends Root {
  remote_echo(value: unknown) {
    return value;
  }
}

let names = 0;

async function serve(options: ListenOptions = {}) {
  const logged: LogRecord[] = [];
  const clock = new ManualClock();
  const server = await listen(new Echo(), `memory://strangers-${++names}`, {
    log: (record) => void logged.push(record),
    clock,
    ...options,
  });
  onTestFinished(() => server.close());
  const ended: CloseReason[] = [];
  server.on("disconnection", ({ reason }) => ended.push(reason));
  return { server, clock, ended, logged };
}

/** A friend that is connected all the while, and must not notice. */
async function friendOf(server: Server) {
  const connection = await connect<Echo>(server.address);
  onTestFinished(() => void connection.close());
  return async () => expect(await connection.root.callRemote("echo", "well")).toBe("well");
}

describe("a stranger at a server", () => {
  it("that speaks HTTP, briefly, is closed by the handshake timeout of ten seconds", async () => {
    const { server, clock, ended } = await serve();
    const friend = await friendOf(server);
    const stranger = strangerTo(server);
    stranger.sends(Buffer.from("GET / HTTP/1.1\r\nHost: example\r\n\r\n"));
    await turnOver();
    clock.advance(9_999);
    await turnOver();
    expect(stranger.ended).toBe(false);
    expect(server.connections.size).toBe(2);
    clock.advance(1);
    await stranger.hangsUp();
    expect(ended).toMatchObject([{ code: "HANDSHAKE_TIMEOUT", error: expect.any(HandshakeTimeout) }]);
    expect(server.connections.size).toBe(1);
    await friend();
  });

  it("that speaks HTTP at length is closed at once", async () => {
    const { server, ended } = await serve();
    const stranger = strangerTo(server);
    stranger.sends(Buffer.from(`GET /${"a".repeat(100)} HTTP/1.1\r\nHost: example\r\n\r\n`));
    await stranger.hangsUp();
    expect(ended).toMatchObject([{ code: "NEGOTIATION_FAILED", error: expect.any(NegotiationError) }]);
  });

  it("that speaks HTTP over TCP is closed likewise, and never hears an error message", async () => {
    const clock = new ManualClock();
    const server = await listen(new Echo(), "tcp://127.0.0.1:0", { clock, dialects: [pb, none], log: () => {} });
    onTestFinished(() => server.close());
    const socket = createConnection(Number(server.address.split(":").at(-1)), "127.0.0.1");
    let heard = "";
    let over = false;
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1");
    });
    socket.on("end", () => {
      over = true;
    });
    socket.write("GET / HTTP/1.1\r\n\r\n");
    await until(() => heard.length > 0);
    clock.advance(10_000);
    await until(() => over);
    expect(heard).toBe("\x02\x80\x02\x82pb\x04\x82none");
  });

  it("that says nothing, or a byte now and then, gets no more time", async () => {
    const { server, clock, ended } = await serve({ handshakeTimeout: 300 });
    const silent = strangerTo(server);
    const slow = strangerTo(server);
    for (let i = 0; i < 3; i++) {
      slow.sends(Uint8Array.of(1));
      await turnOver();
      clock.advance(100);
    }
    await silent.hangsUp();
    await slow.hangsUp();
    expect(ended.map(({ code }) => code)).toEqual(["HANDSHAKE_TIMEOUT", "HANDSHAKE_TIMEOUT"]);
    expect(clock.waiting).toBe(0);
  });

  it("that goes before it said anything leaves nothing, and nothing is logged", async () => {
    const { server, clock, ended, logged } = await serve();
    for (const leave of ["closes", "vanishes"] as const) {
      const stranger = strangerTo(server);
      stranger[leave]();
    }
    await until(() => server.connections.size === 0);
    expect(ended.map(({ code }) => code).sort()).toEqual(["PEER_CLOSED", "TRANSPORT_FAILED"]);
    expect(clock.waiting).toBe(0);
    expect(logged).toEqual([]);
  });

  it.each<[string, Uint8Array]>([
    ["a TLS hello", Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0xfc)],
    ["zeros", new Uint8Array(100)],
    ["0xff", Uint8Array.of(0xff)],
    ["a word of the vocabulary", Uint8Array.of(0x10, 0x87)],
    ["a dialect that is not there", Buffer.from("\x03\x82xyz")],
    ["a number", Uint8Array.of(5, 0x81)],
    ["a list", Uint8Array.of(1, 0x80, 5, 0x81)],
    ["a float", Uint8Array.of(0x84, 0, 0, 0, 0, 0, 0, 0, 0)],
    ["a string of 300 bytes", Uint8Array.of(0x2c, 0x02, 0x82)],
    ["a list that promises much", Uint8Array.of(0x7f, 0x7f, 0x7f, 0x80)],
    ["lists in lists in lists", new Uint8Array(5000).map((_, i) => (i % 2 ? 0x80 : 1))],
  ])("that says %s is closed with a reason", async (_what, bytes) => {
    const { server, ended } = await serve();
    const friend = await friendOf(server);
    const stranger = strangerTo(server);
    stranger.sends(bytes.subarray(0, 3));
    stranger.sends(bytes.subarray(3));
    await stranger.hangsUp();
    expect(ended).toMatchObject([{ code: "NEGOTIATION_FAILED", message: expect.any(String) }]);
    await friend();
  });

  it("cannot fill the memory before the dialect is chosen", async () => {
    const { server, ended } = await serve();
    const stranger = strangerTo(server);
    stranger.sends(Uint8Array.of(100, 0x80));
    for (let i = 0; i < 100; i++) stranger.sends(Buffer.concat([Uint8Array.of(0x7f, 1, 0x82), Buffer.alloc(255)]));
    await stranger.hangsUp();
    expect(ended).toMatchObject([{ code: "NEGOTIATION_FAILED" }]);
  });

  it("that is none has its timer stopped", async () => {
    const { server, clock } = await serve();
    await rawClient(server);
    expect(clock.waiting).toBe(0);
    clock.advance(1_000_000);
    expect(server.connections.size).toBe(1);
  });

  it("that agrees on a dialect byte by byte is welcome, and may say the first call in the same breath", async () => {
    const { server } = await serve();
    const peer = strangerTo(server);
    await peer.hears();
    const words = Buffer.concat(
      [
        "\x04\x82none",
        "\x02\x80\x07\x82version\x06\x81",
        "\x07\x80\x07\x82message\x01\x81\x04\x82root\x04\x82echo\x01\x81\x02\x80\x05\x82tuple\x05\x81\x01\x80\x0a\x82dictionary",
      ].map((text) => Buffer.from(text, "latin1")),
    );
    for (const byte of words) peer.sends(Uint8Array.of(byte));
    expect(await peer.hears()).toEqual(["version", 6]);
    expect(await peer.hears()).toEqual(["answer", 1, 5]);
  });
});

describe("a client that meets a stranger", () => {
  const meets = (says: (peer: RawPeer) => void, options = {}) => {
    const [near, far] = memoryPair();
    const peer = new RawPeer(far);
    const clock = new ManualClock();
    const connecting = connect(near, { clock, ...options });
    connecting.catch(() => {});
    says(peer);
    return { connecting, clock, peer };
  };

  it("that is silent rejects with HandshakeTimeout", async () => {
    const { connecting, clock } = meets(() => {});
    await turnOver();
    clock.advance(10_000);
    await expect(connecting).rejects.toBeInstanceOf(HandshakeTimeout);
    expect(clock.waiting).toBe(0);
  });

  it.each<[string, Term]>([
    ["offers nothing that it knows", ["x", "y"]],
    ["offers nothing at all", []],
    ["greets with a text", "pb"],
    ["greets with a number", 5],
    ["offers numbers and lists", [1, ["pb"]]],
  ])("that %s rejects with NegotiationError", async (_what, greeting) => {
    const { connecting } = meets((peer) => peer.says(greeting));
    await expect(connecting).rejects.toBeInstanceOf(NegotiationError);
  });

  it("that speaks HTTP rejects with NegotiationError", async () => {
    const answer = `HTTP/1.1 400 Bad Request\r\nServer: ${"x".repeat(60)}\r\n\r\n`;
    const { connecting } = meets((peer) => peer.sends(Buffer.from(answer)));
    await expect(connecting).rejects.toMatchObject({ code: "NEGOTIATION_FAILED", message: /Perspective Broker/ });
  });

  it.each(["closes", "vanishes"] as const)("that %s rejects with ConnectError", async (leave) => {
    const { connecting } = meets((peer) => peer[leave]());
    await expect(connecting).rejects.toMatchObject({ code: "CONNECT_FAILED" });
  });

  it("takes the first of the server's dialects that it knows, and skips the others", async () => {
    const { connecting, peer } = meets((peer) => peer.says(["pb9", 7, ["x"], "none", "pb"]));
    const connection = await connecting;
    expect(connection.dialect).toBe("none");
    expect(await peer.hears()).toBe("none");
    expect(await peer.hears()).toEqual(["version", 6]);
    await connection.close();
  });

  it("gives up with the reason of its signal, which means nothing afterwards", async () => {
    const controller = new AbortController();
    const { connecting, peer } = meets(() => {}, { signal: controller.signal });
    await turnOver();
    const reason = new Error("changed my mind");
    controller.abort(reason);
    await expect(connecting).rejects.toBe(reason);
    await peer.hangsUp();

    const later = new AbortController();
    const { connecting: good } = meets((p) => p.says(["none"]), { signal: later.signal });
    const connection = await good;
    later.abort();
    await turnOver();
    expect(connection.inspect().dialect).toBe("none");
    await connection.close();
    await expect(connect("memory://nobody", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
