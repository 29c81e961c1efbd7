// The last words of a connection, between two ends of ours and with a peer that says what a test tells it to.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type CloseReason,
  type Connection,
  type ListenOptions,
  type LogRecord,
  listen,
  pb7,
  Root,
} from "../../src/index.ts";
import { farewell, peerLeft } from "../../src/session/goodbye.ts";
import { ManualClock } from "../support/clock.ts";
import { ends, turnOver } from "../support/ends.ts";
import {
  ACK,
  BYE,
  CALL,
  type FramePeer,
  frame,
  frameClient,
  frameServer,
  text,
  texts,
  varint,
} from "../support/frame-peer.ts";
import { kinds } from "../support/transports.ts";

class Echo extends Root {
  remote_echo(value: unknown) {
    return value;
  }
  remote_never() {
    return new Promise(() => {});
  }
}

let names = 0;

async function serve(options: ListenOptions = {}) {
  const logged: LogRecord[] = [];
  const log = (record: LogRecord) => void logged.push(record);
  const server = await listen(new Echo(), `memory://goodbye-${++names}`, { dialects: [pb7], log, ...options });
  onTestFinished(() => server.close());
  const ended: CloseReason[] = [];
  server.on("disconnection", ({ reason }) => ended.push(reason));
  return { server, ended, logged };
}

/** A client of ours that is connected to a peer by hand. */
async function client(): Promise<{ peer: FramePeer; connection: Connection<Echo> }> {
  const { peer, connecting } = await frameServer<Echo>();
  peer.greets();
  const connection = await connecting;
  onTestFinished(() => void connection.close());
  return { peer, connection };
}

describe("a connection that is closed", () => {
  const both = { client: { dialects: [pb7] }, server: { dialects: [pb7] } };
  for (const kind of kinds.filter(({ name }) => name !== "mutual tls")) {
    it(`over ${kind.name} tells the other side that it was meant`, async () => {
      const { connection, accepted } = await ends<Echo>(new Echo(), {
        address: kind.address(),
        client: { dialects: [pb7], ...kind.dialOptions },
        server: { dialects: [pb7], ...kind.listenOptions },
      });
      expect(await connection.root.callRemote("echo", 1)).toBe(1);
      expect(await connection.close()).toEqual({ code: "CLOSED", message: "closed by this side" });
      expect(await accepted.closed).toEqual({
        code: "PEER_CLOSED",
        message: "the peer closed the connection",
        peerCode: "CLOSED",
      });
    });
  }

  it("by the server, too, with all that was written before", async () => {
    const { connection, accepted, server } = await ends<Echo>(new Echo(), both);
    const echoes = Promise.all([1, 2, 3].map((value) => connection.root.callRemote("echo", value)));
    await accepted.root.callRemote("nothing").catch(() => {});
    await server.close();
    expect(await echoes).toEqual([1, 2, 3]);
    expect(await connection.closed).toMatchObject({ code: "PEER_CLOSED", peerCode: "CLOSED" });
  });

  it("by both at once was closed by each", async () => {
    const { connection, accepted } = await ends<Echo>(new Echo(), both);
    expect(await Promise.all([connection.close(), accepted.close()])).toMatchObject([
      { code: "CLOSED" },
      { code: "CLOSED" },
    ]);
  });

  it("says BYE as its last frame", async () => {
    const { peer, connection } = await client();
    void connection.root.callRemote("echo", "x").catch(() => {});
    await connection.close();
    await peer.hangsUp();
    expect(peer.heard.at(-1)?.type).toBe(BYE);
    expect(peer.count(CALL)).toBe(1);
    expect(texts(await peer.hears(BYE))).toEqual(["CLOSED", ""]);
  });
});

describe("a peer that breaks a rule", () => {
  it("is told which, by code and text", async () => {
    const { server, ended } = await serve();
    const peer = await frameClient(server);
    peer.greets();
    peer.says(0x3f);
    await peer.hangsUp();
    const [code, message] = texts(await peer.hears(BYE));
    expect(ended).toMatchObject([{ code: "PROTOCOL_ERROR", message: "there is no frame of type 63" }]);
    expect([code, message]).toEqual(["PROTOCOL_ERROR", "there is no frame of type 63"]);
  });

  it("with more than is read here, likewise", async () => {
    const { server, ended } = await serve({ limits: { message: 1024 } });
    const peer = await frameClient(server);
    peer.greets();
    peer.sends(Uint8Array.of(CALL, 0, 0, 1));
    await peer.hangsUp();
    expect(texts(await peer.hears(BYE))[0]).toBe("LIMIT_EXCEEDED");
    expect(ended).toMatchObject([{ code: "LIMIT_EXCEEDED", error: { limit: "message" } }]);
  });

  it("by acknowledging what was never sent, likewise", async () => {
    const { server, ended } = await serve();
    const peer = await frameClient(server);
    peer.greets();
    peer.says(ACK, 0);
    peer.says(ACK, ...varint(4));
    await turnOver();
    expect(ended).toEqual([]);
    peer.says(ACK, ...varint(10_000));
    await peer.hangsUp();
    expect(ended).toMatchObject([{ code: "PROTOCOL_ERROR" }]);
  });
});

describe("a peer that says BYE", () => {
  it("fails the calls that wait, whether or not it ends the transport", async () => {
    const { peer, connection } = await client();
    const call = connection.root.callRemote("echo", 1).catch((error: unknown) => error);
    await peer.hears(CALL);
    peer.says(BYE, ...text("CLOSED"), ...text(""));
    expect(await call).toMatchObject({
      code: "CONNECTION_LOST",
      executed: "unknown",
      reason: { code: "PEER_CLOSED", peerCode: "CLOSED" },
    });
    await peer.hangsUp();
    expect(peer.count(BYE)).toBe(0);
  });

  it("for a reason is quoted", async () => {
    const { peer, connection } = await client();
    peer.says(BYE, ...text("LIMIT_EXCEEDED"), ...text("more than limits.outputBytes wait"));
    expect(await connection.closed).toEqual({
      code: "PEER_CLOSED",
      message: "the peer closed the connection, LIMIT_EXCEEDED: more than limits.outputBytes wait",
      peerCode: "LIMIT_EXCEEDED",
    });
  });

  it("is not heard any more after it", async () => {
    const heard: unknown[] = [];
    class Notes extends Root {
      remote_note(value: unknown) {
        heard.push(value);
      }
    }
    const { server, ended } = await serve();
    const peer = await frameClient(server);
    server.publish("root", new Notes());
    const call = (id: number) => frame(CALL, 0x20, id, 0, ...text("root"), 0, ...text("note"), 1, 0x80 + id);
    const bye = frame(BYE, ...text("CLOSED"), ...text(""));
    peer.greets();
    peer.sends(Buffer.concat([call(1), bye, call(2), frame(0x3f)]));
    await peer.hangsUp();
    expect(ended).toMatchObject([{ code: "PEER_CLOSED", peerCode: "CLOSED" }]);
    expect(heard).toEqual([1]);
  });

  it("with texts that are none, or too long, ends the connection all the same", async () => {
    const { peer, connection } = await client();
    peer.says(BYE, ...text("not a code\n"), ...text("x".repeat(5000)));
    expect(await connection.closed).toEqual({ code: "PEER_CLOSED", message: "the peer closed the connection" });
  });

  it("is what a peer that ends without it has not said", async () => {
    const { peer, connection } = await client();
    peer.leaves();
    const reason = await connection.closed;
    expect(reason).toEqual({ code: "PEER_CLOSED", message: expect.stringContaining("without a goodbye") });
  });

  it("during the handshake fails the attempt to connect, and says why", async () => {
    const { peer, connecting } = await frameServer();
    peer.says(BYE, ...text("LIMIT_EXCEEDED"), ...text("enough connections"));
    await expect(connecting).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      message: expect.stringContaining("LIMIT_EXCEEDED: enough connections"),
    });
  });
});

describe("what is told of a reason", () => {
  it("is nothing of this program's inside", () => {
    const error = new Error("password=hunter2");
    expect(farewell({ code: "INTERNAL_ERROR", message: String(error), error })).toEqual({
      code: "INTERNAL_ERROR",
      message: "an error inside of the library",
    });
    const unknown = farewell({ code: "MALFORMED_VALUE" as never, message: "password=hunter2" });
    expect(unknown).toEqual({ code: "INTERNAL_ERROR", message: "an error inside of the library" });
  });

  it("is one line of 200 characters at most, none of them cut in two", () => {
    const long = farewell({ code: "PROTOCOL_ERROR", message: `${"x".repeat(199)}😀 and more` });
    expect(long?.message).toBe("x".repeat(199));
    expect(farewell({ code: "PROTOCOL_ERROR", message: "a\nb\u0007" })?.message).toBe("a b ");
    const heard = peerLeft("PROTOCOL_ERROR", `${"y".repeat(300)}\n`);
    expect(heard.message).toHaveLength("the peer closed the connection, PROTOCOL_ERROR: ".length + 200);
  });

  it("is nothing where nobody can be told", () => {
    for (const code of ["PEER_CLOSED", "TRANSPORT_FAILED", "NEGOTIATION_FAILED"] as const) {
      expect(farewell({ code, message: "x" })).toBeUndefined();
    }
  });
});

describe("the hello", () => {
  it("is what connect waits for", async () => {
    const { peer, connecting } = await frameServer();
    let resolved = false;
    void connecting.then(() => {
      resolved = true;
    });
    for (let turn = 0; turn < 20; turn++) await turnOver();
    expect(resolved).toBe(false);
    peer.greets();
    const connection = await connecting;
    expect(connection.dialect).toBe("pb7");
    await connection.close();
  });

  it("that never comes is a handshake that was not finished, for a client", async () => {
    const clock = new ManualClock();
    const { peer, connecting } = await frameServer({ clock, handshakeTimeout: 500 });
    clock.advance(499);
    await turnOver();
    expect(peer.ended).toBe(false);
    clock.advance(1);
    await expect(connecting).rejects.toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
    await peer.hangsUp();
    expect(texts(await peer.hears(BYE))[0]).toBe("HANDSHAKE_TIMEOUT");
  });

  it("that never comes is a handshake that was not finished, for a server, whatever else is said", async () => {
    const clock = new ManualClock();
    const { server, ended } = await serve({ clock });
    const peer = await frameClient(server);
    let told = 0;
    server.on("connection", () => told++);
    for (let second = 0; second < 10; second++) {
      peer.says(0x01);
      await turnOver();
      expect(ended).toEqual([]);
      clock.advance(1000);
    }
    await peer.hangsUp();
    expect(ended).toMatchObject([{ code: "HANDSHAKE_TIMEOUT" }]);
    expect(told).toBe(0);
    expect(clock.waiting).toBe(0);
  });

  it("lets the calls go that were made before it, in order", async () => {
    const { server } = await serve();
    const peer = await frameClient(server);
    for (let turn = 0; turn < 5; turn++) await turnOver();
    const [accepted] = server.connections as ReadonlySet<Connection<any>>;
    const methods = ["one", "two", "three"];
    for (const method of methods) accepted?.root.callRemote(method).catch(() => {});
    for (let turn = 0; turn < 5; turn++) await turnOver();
    expect(peer.count(CALL)).toBe(0);
    expect(accepted?.inspect().awaited).toBe(3);
    peer.greets();
    for (const id of [1, 2, 3]) expect((await peer.hears(CALL))[1]).toBe(id);
  });

  it("that comes is the moment when a server tells of the connection", async () => {
    const { server } = await serve();
    const told = server.events("connection").next();
    const peer = await frameClient(server);
    peer.greets();
    const { value } = await told;
    expect((value as Connection).dialect).toBe("pb7");
  });
});
