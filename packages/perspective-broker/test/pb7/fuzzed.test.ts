// What the fuzzer has found (test/fuzz), each as a small conversation with a peer that says what a test tells it to.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type Connection,
  connect,
  listen,
  memoryPair,
  pb7,
  Referenceable,
  Root,
  type Transport,
} from "../../src/index.ts";
import { collectUntil } from "../support/collect.ts";
import { turnOver, until } from "../support/ends.ts";
import { CALL, type FramePeer, frameClient, frameServer, text, varint } from "../support/frame-peer.ts";

const ANSWER = 0x14;
const RELEASE = 0x16;
const ECHO = 0x1d;

class Own extends Referenceable {
  remote_ok() {
    return "ok";
  }
}

async function client(): Promise<{ peer: FramePeer; connection: Connection }> {
  const { peer, connecting } = await frameServer();
  peer.greets();
  const connection = await connecting;
  onTestFinished(() => void connection.close());
  return { peer, connection };
}

describe("an object that is lent for a call", () => {
  it("has no receipts that could be given back 2^53 times", async () => {
    const { peer, connection } = await client();
    const call = connection.root.callRemote("take", new Own());
    await peer.hears(CALL);
    const start = performance.now();
    peer.says(RELEASE, 1, ...varint(2 ** 53 - 1));
    // It is there as long as the call is not answered.
    peer.says(CALL, 1, 1, 1, 0, ...text("ok"), 0);
    expect([...(await peer.hears(ANSWER))]).toEqual([0, 1, ...text("ok")]);
    peer.says(ANSWER, 0, 1, 1);
    expect(await call).toBe(undefined);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(connection.inspect().exports).toEqual([]);
  });
});

describe("a result that waits for its ECHOED", () => {
  it("settles when the connection ends without one", async () => {
    const { peer, connection } = await client();
    const own = new Own();
    const result = connection.root.callRemote("give", own);
    result.callRemote("ok").catch(() => {});
    const settled = result.then(
      () => "settled",
      () => "settled",
    );
    await peer.hears(CALL);
    peer.says(ANSWER, 0, 1, 0x1e, 1);
    await peer.hears(ECHO);
    await connection.close();
    // Whether it is the object or ConnectionLost is not this test's affair.
    expect(await settled).toBe("settled");
  });
});

describe("what has come in pieces", () => {
  it("is bounded while its messages wait for more", async () => {
    class Taking extends Root {
      remote_take() {}
    }
    const limits = { bytes: 2 ** 16 };
    const server = await listen(new Taking(), "memory://fuzzed-waiting", { dialects: [pb7], limits, log: () => {} });
    onTestFinished(() => server.close());
    const peer = await frameClient(server);
    peer.greets();
    const [PIECE, FAILURE] = [0x1f, 0x15];
    // Two leaves each: one that comes, and one that does not yet.
    for (let call = 1; call <= 5; call++) {
      const leaf = (transfer: number, length: number) => [0x0d, transfer, ...varint(length)];
      peer.says(
        CALL,
        0xa1,
        call,
        0,
        ...text("root"),
        0,
        ...text("take"),
        2,
        ...leaf(call, 20_000),
        ...leaf(call + 10, 1),
      );
      peer.says(PIECE, call, ...new Array<number>(20_000).fill(1));
    }
    for (let call = 1; call <= 5; call++) peer.says(PIECE, call + 10, 1);
    const refused: number[] = [];
    for (let call = 4; call <= 5; call++) refused.push((await peer.hears(FAILURE))[1] as number);
    expect(refused).toEqual([4, 5]);
    // There is room again.
    peer.says(CALL, 0xa1, 6, 0, ...text("root"), 0, ...text("take"), 1, 0x0d, 20, ...varint(20_000));
    peer.says(PIECE, 20, ...new Array<number>(20_000).fill(1));
    expect([...(await peer.hears(ANSWER))]).toEqual([0, 6, 1]);
  });
});

describe("a stream that an object of its own connection keeps", () => {
  class Keeping extends Root {
    kept: unknown;
    remote_keep(stream: unknown) {
      this.kept = stream;
    }
  }

  async function once(): Promise<WeakRef<Connection>> {
    const server = await listen(() => new Keeping(), "memory://fuzzed-streams", { dialects: [pb7] });
    const connection = await connect("memory://fuzzed-streams", { dialects: [pb7] });
    const [accepted] = server.connections;
    async function* numbers() {
      yield 1;
    }
    await connection.root.callRemote("keep", numbers());
    await server.close();
    await connection.closed;
    return new WeakRef(accepted as Connection);
  }

  it("does not keep the connection when that has ended", async () => {
    const accepted = await once();
    await collectUntil(() => accepted.deref() === undefined, "the end of the connection");
  });
});

describe("a connection that ends while pieces wait for a peer that does not read", () => {
  class Large extends Root {
    remote_bytes() {
      return new Uint8Array(200_000);
    }
  }

  it("has nothing more to do", async () => {
    const [near, far] = memoryPair();
    const { transport, looks } = full(near);
    const server = await listen(new Large(), "memory://fuzzed-pieces", { dialects: [pb7] });
    onTestFinished(() => server.close());
    server.accept(transport);
    const connection = await connect(far, { dialects: [pb7] });
    connection.root.callRemote("bytes").catch(() => {});
    await until(() => looks() > 2, "the answer");
    await turnOver();
    await connection.close();
    for (let turn = 0; turn < 20; turn++) await turnOver();
    const before = looks();
    for (let turn = 0; turn < 50; turn++) await turnOver();
    expect(looks()).toBe(before);
  });
});

/** A transport that asks for time at each write and never has room again; `looks` counts how often anything is asked of it. */
function full(inner: Transport): { transport: Transport; looks: () => number } {
  let looks = 0;
  const transport: Transport = {
    peer: inner.peer,
    start: (handler) => inner.start({ ...bound(handler), drain: () => {} }),
    write(chunk) {
      looks++;
      inner.write(chunk);
      return false;
    },
    writev(chunks) {
      looks++;
      inner.writev(chunks);
      return false;
    },
    get unsent() {
      looks++;
      return inner.unsent;
    },
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    close: () => inner.close(),
    abort: () => inner.abort(),
  };
  return { transport, looks: () => looks };
}

function bound(handler: Parameters<Transport["start"]>[0]): Parameters<Transport["start"]>[0] {
  return {
    data: (chunk) => handler.data(chunk),
    drain: () => handler.drain(),
    closed: (error) => handler.closed(error),
  };
}
