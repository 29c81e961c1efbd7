// Large byte strings and texts in pieces: others go on meanwhile, order holds, and what does not belong ends the connection.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  CallAborted,
  type CloseReason,
  LimitExceeded,
  type ListenOptions,
  listen,
  Referenceable,
  type RemoteReference,
  Root,
} from "../../src/index.ts";
import { until } from "../support/ends.ts";
import { everywhereInPb7, meetInMemory } from "../support/everywhere.ts";
import { CALL, frame, frameClient, frameServer, HELLO, text, varint } from "../support/frame-peer.ts";
import { carried, settled } from "./support/courier.ts";

const ANSWER = 0x14;
const FAILURE = 0x15;
const CANCEL = 0x1b;
const PIECE = 0x1f;
const TAKEN = 0x20;
const VOID = 0x21;

const KIB = 1024;

class Echo extends Referenceable {
  readonly seen: string[] = [];
  remote_echo(value: unknown) {
    return value;
  }
  remote_size(name: string, value: Uint8Array | string) {
    this.seen.push(name);
    return value.length;
  }
  remote_note(name: string) {
    this.seen.push(name);
  }
}

class House extends Root {
  readonly echo = new Echo();
  readonly seen: string[] = [];
  go: () => void = () => {};
  remote_getEcho() {
    return this.echo;
  }
  remote_echo(value: unknown) {
    return value;
  }
  remote_size(name: string, value: Uint8Array | string) {
    this.seen.push(name);
    return value.length;
  }
  remote_note(name: string) {
    this.seen.push(name);
  }
  remote_make(size: number) {
    return counting(size);
  }
  async remote_work() {
    await new Promise<void>((resolve) => {
      this.go = resolve;
    });
  }
  remote_ask(from: RemoteReference<Echo>, size: number) {
    using held = from;
    return held.callRemote("echo", counting(size)).then((bytes) => (bytes as Uint8Array).length);
  }
}

/** Bytes that are not all the same. */
function counting(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i += 1021) bytes[i] = i / 1021;
  return bytes;
}

const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

const failureOf = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );

everywhereInPb7((meet, { scheme }) => {
  describe("what is large", () => {
    it("arrives as it was sent, there and back, while calls of another object go on", { timeout: 60_000 }, async () => {
      const { connection } = await meet<House>(new House());
      const echo = await connection.root.callRemote("getEcho");
      const bytes = counting(scheme === "memory" ? 100_000_000 : 20_000_000);
      const string = "Ä pair: \u{1f34c}. ".repeat(400_000);
      let over = false;
      const large = Promise.all([
        connection.root.callRemote("echo", bytes),
        connection.root.callRemote("echo", string),
      ]).finally(() => {
        over = true;
      });
      let echoes = 0;
      for (; !over; echoes++) expect(await echo.callRemote("echo", echoes)).toBe(echoes);
      const [backBytes, backString] = await large;
      expect(same(backBytes as Uint8Array, bytes)).toBe(true);
      expect(backString === string).toBe(true);
      expect(echoes).toBeGreaterThan(50);
      echo.release();
    });
  });
});

describe("transfers", () => {
  it("take turns, 64 KiB each, and no more than 256 KiB of them are on their way", async () => {
    const { peer, connecting } = await frameServer();
    peer.says(HELLO, 1, 1, 100, 3, ...varint(2 ** 20), 4, ...varint(2 ** 24));
    const connection = await connecting;
    await settled();
    const sizes = [600, 610, 620].map((kib) => kib * KIB);
    for (const size of sizes) connection.root.callRemote("size", "", new Uint8Array(size)).catch(() => {});
    const order = () => peer.heard.filter(({ type }) => type === PIECE).map(({ body }) => body[0]);
    await settled();
    expect(order()).toEqual([1, 1, 1, 1]);
    for (let trips = 0; trips < 6; trips++) {
      peer.says(TAKEN, ...varint(256 * KIB));
      await settled();
    }
    expect(order().slice(4, 16)).toEqual([2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1]);
    const pieces = peer.heard.filter(({ type }) => type === PIECE);
    const bytesOf = (n: number) =>
      pieces.filter(({ body }) => body[0] === n).reduce((sum, { body }) => sum + body.length - 1, 0);
    expect([bytesOf(1), bytesOf(2), bytesOf(3)]).toEqual(sizes);
    expect(Math.max(...pieces.map(({ body }) => body.length - 1))).toBe(64 * KIB);
    await connection.close();
  });

  it("to a peer that takes nothing keep no more than that in this process's output", async () => {
    const { peer, connecting } = await frameServer();
    peer.says(HELLO, 1, 1, 100, 3, ...varint(2 ** 20), 4, ...varint(2 ** 28));
    const connection = await connecting;
    await settled();
    peer.stopsReading();
    const answer = failureOf(connection.root.callRemote("size", "a", new Uint8Array(50_000_000)));
    await settled();
    expect(connection.inspect().unsentBytes).toBeLessThan(300 * KIB);
    peer.readsOn();
    await connection.close();
    await answer;
  });

  it("that wait at the gate may go behind ones that were begun later", async () => {
    const root = new House();
    const { connection } = await meetInMemory<House>(root, { server: { limits: { calls: 2 } } });
    const work = connection.root.callRemote("work");
    const asking = connection.root.callRemote("ask", new Echo(), 200_000);
    const held = connection.root.callRemote("size", "held", new Uint8Array(100_000));
    // It is answered in pieces, too, while the other one waits.
    expect(await asking).toBe(200_000);
    root.go();
    await work;
    expect(await held).toBe(100_000);
  });
});

describe("the calls of an object", () => {
  it("wait for one with a leaf in pieces, and those of another object overtake it", async () => {
    const root = new House();
    const { courier, connection } = await carried<House>(root);
    const got = connection.root.callRemote("getEcho");
    await courier.until(got);
    const echo = await got;
    const large = connection.root.callRemote("size", "large", new Uint8Array(1_000_000));
    const behind = connection.root.callRemote("note", "behind");
    const aside = echo.callRemote("note", "aside");
    expect(await courier.until(aside)).toBe(1);
    expect(root.seen).toEqual([]);
    expect(root.echo.seen).toEqual(["aside"]);
    await courier.until(Promise.all([large, behind]));
    expect(root.seen).toEqual(["large", "behind"]);
    echo.release();
    await courier.trip();
  });

  it("begin in their order, whichever of their pieces come first", async () => {
    const root = new House();
    const { connection } = await meetInMemory<House>(root);
    const sizes = [900_000, 70_000, 10, 300_000, 66_000, 0];
    const answers = sizes.map((size, n) => connection.root.callRemote("size", `${n}`, new Uint8Array(size)));
    expect(await Promise.all(answers)).toEqual(sizes);
    expect(root.seen).toEqual(["0", "1", "2", "3", "4", "5"]);
  });
});

describe("a result", () => {
  it("comes in pieces likewise, and later answers overtake it", async () => {
    const { courier, connection } = await carried<House>(new House());
    const large = connection.root.callRemote("make", 2_000_000);
    const small = connection.root.callRemote("echo", 1);
    expect(await courier.until(small)).toBe(1);
    expect(connection.inspect().awaited).toBe(1);
    await courier.until(large);
    expect(same(await large, counting(2_000_000))).toBe(true);
    expect(connection.inspect().awaited).toBe(0);
  });

  it("that nobody waits for any more is thrown away when it is there", async () => {
    const { courier, connection } = await carried<House>(new House());
    const abort = new AbortController();
    const large = connection.root.with({ signal: abort.signal }).callRemote("make", 2_000_000);
    const failed = failureOf(large);
    await courier.trip();
    abort.abort();
    expect(await failed).toBeInstanceOf(CallAborted);
    const small = connection.root.callRemote("echo", 1);
    await courier.until(small);
    for (let trip = 0; trip < 20 && connection.inspect().awaited > 0; trip++) await courier.trip();
    expect(connection.inspect().awaited).toBe(0);
  });
});

describe("a call that is aborted while its pieces travel", () => {
  it("stops them, is never run, and frees what it took", async () => {
    const root = new House();
    const { courier, connection, accepted } = await carried<House>(root, {}, { limits: { bytes: 3_000_000 } });
    const abort = new AbortController();
    const large = failureOf(
      connection.root.with({ signal: abort.signal }).callRemote("size", "never", new Uint8Array(3_000_000)),
    );
    const behind = connection.root.callRemote("note", "behind");
    await courier.go();
    expect(accepted.inspect().waiting).toBe(2);
    await courier.comeBack();
    abort.abort();
    expect(await large).toMatchObject({ code: "CALL_ABORTED", executed: "no" });
    expect(await courier.until(behind)).toBe(1);
    expect(root.seen).toEqual(["behind"]);
    expect(accepted.inspect().waiting).toBe(0);
    const again = connection.root.callRemote("size", "again", new Uint8Array(3_000_000));
    await courier.until(again);
    expect(await again).toBe(3_000_000);
    expect(connection.inspect()).toMatchObject({ awaited: 0, held: 0 });
  });

  it("is cancelled first, so that it does not run even if its last piece is on the way", async () => {
    const { peer, connecting } = await frameServer();
    peer.says(HELLO, 1, 1, 100, 3, ...varint(2 ** 20), 4, ...varint(2 ** 24));
    const connection = await connecting;
    await settled();
    const abort = new AbortController();
    const [whole, part] = [100_000, 1_000_000].map((size) =>
      failureOf(connection.root.with({ signal: abort.signal }).callRemote("size", "", new Uint8Array(size))),
    );
    await settled();
    abort.abort();
    expect(await whole).toMatchObject({ executed: "unknown" });
    expect(await part).toMatchObject({ executed: "no" });
    await settled();
    expect(peer.heard.filter(({ type }) => type === CANCEL).map(({ body }) => [...body])).toEqual([[1], [2]]);
    expect(peer.heard.filter(({ type }) => type === VOID).map(({ body }) => [...body])).toEqual([[2]]);
    await connection.close();
  });
});

describe("limits.bytes", () => {
  it("bounds what is on its way together: what is beyond it travels whole, and is refused if it is too large for that", async () => {
    const root = new House();
    const { courier, connection } = await carried<House>(root, {}, { limits: { bytes: 300_000, message: 150_000 } });
    const size = (name: string, bytes: number) => connection.root.callRemote("size", name, new Uint8Array(bytes));
    const first = size("first", 200_000);
    const second = failureOf(size("second", 200_000));
    const third = size("third", 140_000);
    const fourth = size("fourth", 90_000);
    expect(await second).toBeInstanceOf(LimitExceeded);
    expect(await second).toMatchObject({ limit: "bytes", executed: "no" });
    await courier.until(Promise.all([first, third, fourth]));
    expect(root.seen).toEqual(["first", "third", "fourth"]);
    const later = size("later", 300_000);
    await courier.until(later);
    expect(await later).toBe(300_000);
    expect(await failureOf(size("too much", 300_001))).toMatchObject({ limit: "bytes" });
  });

  it("counts all leaves of one message, and what waits at the gate", async () => {
    const root = new House();
    const limits = { bytes: 300_000, message: 150_000, calls: 1 };
    const { connection, accepted } = await meetInMemory<House>(root, { server: { limits } });
    const work = connection.root.callRemote("work");
    await until(() => accepted.inspect().running === 1);
    const two = [new Uint8Array(160_000), new Uint8Array(160_000)];
    expect(await failureOf(connection.root.callRemote("echo", two))).toMatchObject({ limit: "bytes" });
    const held = [1, 2, 3].map((n) => connection.root.callRemote("size", `${n}`, new Uint8Array(160_000)));
    const outcomes = Promise.allSettled(held);
    expect(connection.inspect().held).toBe(1);
    root.go();
    await work;
    expect((await outcomes).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(root.seen).toEqual(["1"]);
  });

  it("does not help where a value is large without a large leaf: that is refused with limits.message", async () => {
    const { connection } = await meetInMemory<House>(new House(), { client: { limits: { message: 1_000_000 } } });
    const graph = Array.from({ length: 5000 }, (_, n) => ({ n, text: "x".repeat(250) }));
    const failure = await failureOf(connection.root.callRemote("echo", graph));
    expect(failure).toBeInstanceOf(LimitExceeded);
    expect(failure).toMatchObject({ limit: "message", executed: "no" });
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
  });
});

describe("a peer of bad will", () => {
  let names = 0;
  async function attacked(options: ListenOptions = {}) {
    const root = new House();
    const server = await listen(root, `memory://pieces-${++names}`, { log: () => {}, ...options });
    onTestFinished(() => server.close());
    const ended: CloseReason[] = [];
    server.on("disconnection", ({ reason }) => ended.push(reason));
    const peer = await frameClient(server);
    peer.greets();
    await settled();
    return { server, root, peer, ended };
  }
  /** A call of `size` with a byte string in pieces. */
  const late = (id: number, transfer: number, length: number): Uint8Array =>
    frame(
      ...[CALL, 0xa1, id, 0, ...text("root"), 0, ...text("size"), 2, ...text("x")],
      ...[0x0d, ...varint(transfer), ...varint(length)],
    );
  const piece = (transfer: number, length: number): Uint8Array => {
    const body = [...varint(transfer), ...new Uint8Array(length)];
    return frame(PIECE, ...body);
  };

  it("is served as long as it keeps to the rules", async () => {
    const { peer, root } = await attacked();
    peer.sends(late(1, 1, 30));
    peer.sends(piece(1, 10));
    peer.sends(piece(1, 0));
    peer.sends(piece(1, 20));
    expect([...(await peer.hears(ANSWER))]).toEqual([0, 1, 0x80 + 30]);
    expect(root.seen).toEqual(["x"]);
    peer.sends(late(2, 7, 0));
    expect([...(await peer.hears(ANSWER))]).toEqual([0, 2, 0x80]);
  });

  it("that gives a transfer up is answered that the call was not run", async () => {
    const { peer, root } = await attacked();
    peer.sends(late(1, 1, 30));
    peer.sends(piece(1, 10));
    peer.says(VOID, 1);
    expect([...(await peer.hears(FAILURE))].slice(0, 2)).toEqual([1, 1]);
    expect(root.seen).toEqual([]);
  });

  it.each<[string, readonly Uint8Array[]]>([
    ["a piece of nothing", [piece(1, 10)]],
    ["a piece of another transfer", [late(1, 1, 30), piece(2, 10)]],
    ["too many bytes at once", [late(1, 1, 30), piece(1, 31)]],
    ["too many bytes in the end", [late(1, 1, 30), piece(1, 20), piece(1, 11)]],
    ["a piece behind the last one", [late(1, 1, 30), piece(1, 30), piece(1, 0)]],
    ["a second beginning", [late(1, 1, 30), late(2, 1, 30)]],
    ["the end of what was never begun", [frame(VOID, 1)]],
    ["an end twice", [late(1, 1, 30), frame(VOID, 1), frame(VOID, 1)]],
    ["pieces taken that were never sent", [frame(TAKEN, 1)]],
  ])("that sends %s is hung up on", async (_what, frames) => {
    const { peer, ended } = await attacked();
    for (const one of frames) peer.sends(one);
    await peer.hangsUp();
    expect(ended).toMatchObject([{ code: "PROTOCOL_ERROR" }]);
  });

  it.each<[string, readonly Uint8Array[]]>([
    ["a transfer", [late(1, 1, 100_001)]],
    ["many together", [late(1, 1, 60_000), late(2, 2, 60_000)]],
    ["a vast one", [late(1, 1, 2 ** 50)]],
    ["very many small ones", Array.from({ length: 30 }, (_, n) => late(n + 1, n + 1, 1))],
  ])("that announces more than limits.bytes in %s is hung up on", async (_what, frames) => {
    const { peer, ended } = await attacked({ limits: { bytes: 100_000 } });
    for (const one of frames) peer.sends(one);
    await peer.hangsUp();
    expect(ended).toMatchObject([{ code: "LIMIT_EXCEEDED", error: { limit: "bytes" } }]);
  });
});
