// Signs of life on whole connections: against a peer by hand, and between two ends of ours on one clock.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type CloseReason,
  type ConnectOptions,
  connect,
  defaultLimits,
  type ListenOptions,
  listen,
  pb,
  pb7,
  Root,
} from "../../src/index.ts";
import { ManualClock } from "../support/clock.ts";
import { ends, turnOver, until } from "../support/ends.ts";
import { CALL, frame, frameClient, frameServer, HELLO, PING, PONG, text, varint } from "../support/frame-peer.ts";

const BEAT = 1000;

class Echo extends Root {
  handled = 0;
  remote_echo(value: unknown) {
    this.handled++;
    return value;
  }
  remote_large(bytes: number) {
    this.handled++;
    return new Uint8Array(bytes);
  }
}

let names = 0;

/** Lets time pass in steps, and what it brings about be carried to and fro. */
async function pass(clock: ManualClock, milliseconds: number, step = BEAT / 10): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += step) {
    clock.advance(step);
    for (let turn = 0; turn < 3; turn++) await turnOver();
  }
}

/** A server, and a client by hand that has said hello. */
async function served(options: ListenOptions = {}, heartbeat = 0) {
  const clock = new ManualClock();
  const root = new Echo();
  const server = await listen(root, `memory://heartbeat-${++names}`, {
    ...{ clock, dialects: [pb7], heartbeat: BEAT, log: () => {} },
    ...options,
  });
  onTestFinished(() => server.close());
  const ended: CloseReason[] = [];
  server.on("disconnection", ({ reason }) => ended.push(reason));
  const ready = server.events("connection").next();
  const peer = await frameClient(server);
  peer.greets(heartbeat);
  await ready;
  const calls = (id: number, method: string, ...args: number[]): Uint8Array =>
    frame(CALL, 0x21, ...varint(id), 0, ...text("root"), 0, ...text(method), args.length > 0 ? 1 : 0, ...args);
  return { clock, root, server, ended, peer, calls };
}

/** A client of ours, and a server by hand that has said hello. */
async function connected(options: ConnectOptions = {}) {
  const clock = new ManualClock();
  const { peer, connecting } = await frameServer<any>({ clock, heartbeat: BEAT, ...options });
  peer.greets();
  const connection = await connecting;
  onTestFinished(() => void connection.close());
  return { clock, peer, connection };
}

/** Two ends of ours on one clock. */
async function both(client: ConnectOptions = {}, server: ListenOptions = {}) {
  const clock = new ManualClock();
  const options = { clock, dialects: [pb7], heartbeat: BEAT };
  const met = await ends<Echo>(new Echo(), { client: { ...options, ...client }, server: { ...options, ...server } });
  return { clock, ...met };
}

describe("a peer that has died", () => {
  it("is asked, given up after three heartbeats, and the calls that waited fail", async () => {
    const { clock, peer, connection } = await connected();
    const call = connection.root.callRemote("echo", 1).catch((error: unknown) => error);
    await peer.hears(CALL);
    await pass(clock, BEAT * 1.5);
    expect(peer.count(PING)).toBe(1);
    await pass(clock, BEAT * 1.4);
    expect(peer.ended).toBe(false);
    await pass(clock, BEAT * 0.5);
    expect(await connection.closed).toMatchObject({
      code: "PEER_SILENT",
      message: expect.stringMatching(/no sign of life/),
    });
    expect(await call).toMatchObject({ code: "CONNECTION_LOST", executed: "unknown", reason: { code: "PEER_SILENT" } });
    await peer.hangsUp();
    expect(connection.inspect().awaited).toBe(0);
  });

  it("is noticed by a server, too, which forgets it", async () => {
    const { clock, server, peer, ended } = await served();
    await pass(clock, BEAT * 3.3);
    expect(ended).toMatchObject([{ code: "PEER_SILENT" }]);
    expect(server.connections.size).toBe(0);
    await peer.hangsUp();
  });

  it("without having read what was sent is noticed as well, though nothing more goes out", async () => {
    const { clock, peer, connection } = await connected();
    peer.stopsReading();
    for (let i = 0; i < 20; i++) connection.root.callRemoteOnly("take", new Uint8Array(60_000));
    const call = connection.root.callRemote("last").catch((error: unknown) => error);
    await pass(clock, BEAT * 3.3);
    expect(await connection.closed).toMatchObject({ code: "PEER_SILENT" });
    expect(await call).toMatchObject({ code: "CONNECTION_LOST", executed: "no" });
  });

  it("is given three of its own heartbeats where they are longer", async () => {
    const { clock, ended } = await served({}, 3 * BEAT);
    await pass(clock, BEAT * 8.9);
    expect(ended).toEqual([]);
    await pass(clock, BEAT * 0.5);
    expect(ended).toMatchObject([{ code: "PEER_SILENT" }]);
  });

  it("is noticed after 30 s where nobody said anything else", async () => {
    const { clock, ended, peer } = await served({ heartbeat: undefined as never }, 10_000);
    expect([...(await peer.hears(HELLO))].join()).toContain([5, ...varint(10_000)].join());
    await pass(clock, 29_000, 500);
    expect(ended).toEqual([]);
    await pass(clock, 3600, 300);
    expect(ended).toMatchObject([{ code: "PEER_SILENT" }]);
  });
});

describe("a peer that lives", () => {
  it("and answers, stays, however long nobody has anything to say", async () => {
    const { clock, peer, connection } = await connected();
    peer.answers = true;
    await pass(clock, BEAT * 100);
    expect(peer.ended).toBe(false);
    expect(peer.count(PING)).toBeGreaterThan(70);
    expect(peer.count(PING)).toBeLessThanOrEqual(100);
    await connection.close();
  });

  it("is another end of ours: neither gives the other up, and both are of use afterwards", async () => {
    const { clock, connection, accepted } = await both();
    await pass(clock, BEAT * 50);
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
    expect(accepted.inspect().unsentBytes).toBe(0);
  });

  it("is not asked while it says something", async () => {
    const { clock, peer } = await served();
    for (let i = 0; i < 30; i++) {
      await pass(clock, BEAT * 0.7);
      peer.says(PONG);
      await turnOver();
    }
    expect(peer.count(PING)).toBe(0);
  });

  it("and was asleep together with this machine, is asked again first", async () => {
    const { clock, connection } = await both();
    await pass(clock, BEAT * 1.6);
    clock.jump(3_600_000);
    await pass(clock, BEAT * 5);
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
  });

  it("and takes 30 MB slowly, saying nothing, stays while it takes", async () => {
    const { clock, peer, connection } = await connected();
    peer.stopsReading();
    for (let i = 0; i < 500; i++) connection.root.callRemoteOnly("take", new Uint8Array(60_000));
    for (let i = 0; i < 60; i++) {
      peer.readsOn(1);
      await pass(clock, BEAT * 0.9);
    }
    expect(peer.ended).toBe(false);
    expect(peer.count(PING)).toBe(0); // they are behind what it has not taken yet
    peer.answers = true;
    peer.readsOn();
    await pass(clock, BEAT * 5);
    expect(peer.bytes).toBeGreaterThan(30_000_000);
    expect(peer.ended).toBe(false);
    peer.answers = false;
    peer.stopsReading();
    await pass(clock, BEAT * 4.5);
    expect(await connection.closed).toMatchObject({ code: "PEER_SILENT" });
  });

  it("and is sent 100 MB in pieces, stays on both sides", async () => {
    class Sink extends Root {
      remote_take(bytes: Uint8Array) {
        return bytes.length;
      }
    }
    const clock = new ManualClock();
    const options = { clock, dialects: [pb7], heartbeat: BEAT };
    const { connection } = await ends<Sink>(new Sink(), { client: options, server: options });
    let taken = 0;
    void connection.root.callRemote("take", new Uint8Array(100_000_000)).then((length) => {
      taken = length;
    });
    for (let i = 0; taken === 0 && i < 3000; i++) await pass(clock, BEAT / 10);
    expect(taken).toBe(100_000_000);
  });
});

describe("a side that does not read for a while", () => {
  /** A peer that has made a server wait for it: it asks for much and reads nothing. */
  async function stalled() {
    const made = await served({ limits: { outputBytes: 1024 * 1024 } });
    const { peer, root, calls } = made;
    await peer.hears(HELLO);
    peer.stopsReading();
    const sixty = [0x04, ...varint(60_000 * 2)];
    for (let id = 1; id <= 5; id++) peer.sends(calls(id, "large", ...sixty));
    await until(() => root.handled === 5);
    for (let turn = 0; turn < 20; turn++) await turnOver();
    for (let id = 6; id <= 8; id++) peer.sends(calls(id, "large", ...sixty));
    for (let turn = 0; turn < 20; turn++) await turnOver();
    return { ...made, sixty };
  }

  it("because its peer does not, still hears that the peer lives", async () => {
    const { clock, peer, root, ended } = await stalled();
    const handled = root.handled;
    expect(handled).toBeLessThan(8);
    for (let beat = 0; beat < 20; beat++) {
      await pass(clock, BEAT);
      peer.says(PING);
      expect(ended).toEqual([]);
    }
    peer.readsOn();
    await until(() => root.handled === 8);
  });

  it("because its peer does not, notices that the peer has died", async () => {
    const { clock, ended, server } = await stalled();
    await pass(clock, BEAT * 6);
    expect(ended).toMatchObject([{ code: "PEER_SILENT" }]);
    expect(server.connections.size).toBe(0);
  });

  it("because both wait for each other to read, goes on bit by bit", async () => {
    const limits = { ...defaultLimits, outputBytes: 1024 * 1024 };
    const { clock, connection, accepted } = await both({ limits }, { limits });
    let [there, back] = [0, 0];
    class Counts extends Root {
      readonly #count: () => void;
      constructor(count: () => void) {
        super();
        this.#count = count;
      }
      remote_take(_bytes: Uint8Array) {
        this.#count();
      }
    }
    accepted.publish("counts", new Counts(() => there++));
    connection.publish("counts", new Counts(() => back++));
    for (let i = 0; i < 15; i++) {
      connection.object("counts").callRemoteOnly("take", new Uint8Array(60_000));
      accepted.object("counts").callRemoteOnly("take", new Uint8Array(60_000));
    }
    await pass(clock, BEAT * 20);
    expect([there, back]).toEqual([15, 15]);
  });

  it("because it has much to do, does not give up a peer that answers", async () => {
    const { clock, peer, root, ended, calls } = await served({ limits: { turnCalls: 1, calls: 10_000 } });
    peer.answers = true;
    peer.sends(Buffer.concat(Array.from({ length: 500 }, (_, i) => calls(i + 1, "echo", 0x85))));
    for (let turn = 0; root.handled < 500 && turn < 5000; turn++) {
      await turnOver();
      clock.advance(BEAT / 10);
    }
    expect(root.handled).toBe(500);
    expect(ended).toEqual([]);
  });
});

describe("a peer that asks", () => {
  it("is answered, once for each time", async () => {
    const { peer } = await served();
    for (let i = 0; i < 3; i++) {
      peer.says(PING);
      await peer.hears(PONG);
    }
    expect(peer.count(PONG)).toBe(0);
  });

  it("is answered also by a side that has no heartbeat of its own, and is never given up there", async () => {
    for (const heartbeat of [0, false] as const) {
      const { clock, peer, ended } = await served({ heartbeat }, 100);
      expect([...(await peer.hears(HELLO))].join()).toContain("5,0");
      await pass(clock, 1_000_000, 50_000);
      expect(ended).toEqual([]);
      expect(peer.count(PING)).toBe(0);
      peer.says(PING);
      await peer.hears(PONG);
    }
  });

  it("very often and does not read, costs one answer", async () => {
    const { peer, server } = await served({ heartbeat: 0 });
    await peer.hears(HELLO);
    peer.stopsReading();
    for (let i = 0; i < 100; i++) {
      peer.sends(Buffer.concat(Array.from({ length: 100 }, () => frame(PING))));
      await turnOver();
    }
    const [accepted] = server.connections;
    expect(accepted?.inspect().unsentBytes).toBeLessThanOrEqual(8);
    peer.readsOn();
    await peer.hears(PONG);
  });
});

describe("the option", () => {
  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, true, "often", 2 ** 31])("is refused: %s", async (heartbeat) => {
    await expect(connect("memory://nobody", { heartbeat: heartbeat as never })).rejects.toBeInstanceOf(RangeError);
  });

  it("does nothing in dialects that have no heartbeat", async () => {
    const { clock, connection } = await both({ dialects: [pb] }, { dialects: [pb, pb7] });
    expect(connection.dialect).toBe("pb");
    await pass(clock, BEAT * 100, BEAT);
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
  });

  it("costs no timer for each connection", async () => {
    const clock = new ManualClock();
    const server = await listen(new Echo(), `memory://heartbeat-${++names}`, { clock, dialects: [pb7] });
    const connections = await Promise.all(
      Array.from({ length: 50 }, () => connect(server.address, { clock, dialects: [pb7] })),
    );
    await until(() => server.connections.size === 50);
    expect(clock.waiting).toBe(1);
    await Promise.all(connections.map((connection) => connection.close()));
    await server.close();
    clock.advance(100_000);
    expect(clock.waiting).toBe(0);
  });
});
