// The life of a connection: what its ends know of each other, how it ends, what is told to whom, and what is left.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type CloseReason,
  Connection,
  ConnectionLost,
  connect,
  DeadReferenceError,
  listen,
  Referenceable,
  type RemoteReference,
  Root,
  Server,
} from "../../src/index.ts";
import { turnOver, until } from "../support/ends.ts";
import { everywhere, meetInMemory } from "../support/everywhere.ts";
import { rawServer } from "../support/raw-peer.ts";
import { dial, kinds } from "../support/transports.ts";

class Two extends Referenceable {
  remote_three(n: number) {
    return n * 3;
  }
}

class One extends Root {
  notes: unknown[] = [];
  kept: RemoteReference<Two> | undefined;
  started = 0;
  #finish = () => {};
  remote_getTwo() {
    return new Two();
  }
  remote_note(value: unknown) {
    this.notes.push(value);
  }
  remote_keep(two: RemoteReference<Two>) {
    this.kept = two;
  }
  async remote_wait() {
    this.started++;
    await new Promise<void>((resolve) => {
      this.#finish = resolve;
    });
    throw new RangeError("too late to matter");
  }
  finish() {
    this.#finish();
  }
}

const caught = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );

everywhere((meet, { scheme, dialect, native }) => {
  describe("a connection", () => {
    it("knows its dialect and its peer, on both sides", async () => {
      const { connection, accepted, server } = await meet(new One());
      expect(connection.dialect).toBe(dialect);
      expect(accepted.dialect).toBe(dialect);
      expect(connection.peer.scheme).toBe(scheme);
      expect(accepted.peer.scheme).toBe(scheme);
      expect(server.address.startsWith(`${scheme}:`)).toBe(true);
    });

    it("shows its tables", async () => {
      const root = new One();
      const { connection, accepted, server, takeLogged } = await meet<One>(root);
      const two = await connection.root.callRemote("getTwo");
      await connection.root.callRemote("keep", new Two());
      const waiting = connection.root.callRemote("wait").catch((e: unknown) => e);
      await until(() => root.started === 1);
      expect(connection.inspect()).toMatchObject({
        dialect,
        peer: { scheme },
        exports: [{ id: 1, class: "Two", count: 1 }],
        imports: [{ id: 1, receipts: 1 }],
        names: [],
        awaited: 1,
        running: 0,
        waiting: 0,
      });
      expect(accepted.inspect()).toMatchObject({
        exports: [{ id: 1, class: "Two", count: 1 }],
        imports: [{ id: 1, receipts: 1 }],
        names: ["root"],
        awaited: 0,
        running: 1,
      });
      expect(server.inspect()).toMatchObject({ address: server.address, connections: [{ dialect }] });
      two.release();
      root.kept?.release();
      root.finish();
      await waiting;
      expect(await connection.root.callRemote("note", 1)).toBe(native ? undefined : null);
      expect(connection.inspect().unsentBytes).toBe(0);
      expect(takeLogged()).toHaveLength(1);
    });
  });

  describe("a connection that the client closes", () => {
    it("says who did it, on both sides, and tells the server", async () => {
      const { connection, accepted, server } = await meet(new One());
      const told: unknown[] = [];
      connection.on("close", ({ code }) => told.push(["client", code]));
      connection.on("close", () => told.push("never"))[Symbol.dispose]();
      accepted.on("close", ({ code }) => told.push(["accepted", code]));
      server.on("disconnection", ({ connection: gone, reason }) => told.push([gone === accepted, reason.code]));
      expect(await connection.close()).toMatchObject({ code: "CLOSED" });
      expect(await connection.closed).toMatchObject({ code: "CLOSED" });
      expect(await accepted.closed).toMatchObject({ code: "PEER_CLOSED" });
      expect(told).toHaveLength(3);
      expect(told).toContainEqual(["client", "CLOSED"]);
      expect(told).toContainEqual(["accepted", "PEER_CLOSED"]);
      expect(told).toContainEqual([true, "PEER_CLOSED"]);
      expect(server.connections.size).toBe(0);
    });

    it("sends first what was written", async () => {
      const root = new One();
      const { connection, accepted } = await meet<One>(root);
      for (let i = 0; i < 100; i++) connection.root.callRemoteOnly("note", i);
      await connection.close();
      await accepted.closed;
      expect(root.notes).toHaveLength(100);
    });

    it("may be closed again, at any time", async () => {
      const { connection } = await meet(new One());
      const [first, second] = await Promise.all([connection.close(), connection.close()]);
      expect(second).toBe(first);
      expect(await connection.close()).toBe(first);
      await connection[Symbol.asyncDispose]();
    });

    it("fails the calls that wait, and every later one, through the promise", async () => {
      const root = new One();
      const { connection, accepted, takeLogged } = await meet<One>(root, { untidy: true });
      const two = await connection.root.callRemote("getTwo");
      const waiting = caught(connection.root.callRemote("wait"));
      await until(() => root.started === 1);
      const closing = connection.close();
      expect(await waiting).toBeInstanceOf(ConnectionLost);
      expect(await waiting).toMatchObject({ code: "CONNECTION_LOST", executed: "unknown", reason: { code: "CLOSED" } });
      for (const reference of [two, connection.root, two.with({ timeout: 10 })] as RemoteReference[]) {
        const error = await caught(reference.callRemote("three", 1));
        expect(error).toBeInstanceOf(DeadReferenceError);
        expect(error).toMatchObject({ executed: "no" });
      }
      expect(takeLogged()).toEqual([]);
      two.callRemoteOnly("three", 1);
      expect(takeLogged()).toMatchObject([{ level: "warn" }]);
      two.release();
      two.releaseAll();
      await closing;
      expect(connection.inspect()).toMatchObject({ exports: [], imports: [], awaited: 0, names: [] });
      await accepted.closed;
      expect(accepted.inspect()).toMatchObject({ exports: [], imports: [], names: [] });
      root.finish();
      await until(() => takeLogged().length === 1, "what fails after the end is still logged");
    });

    it("ends with a block of `await using`", async () => {
      const { server } = await meet(new One());
      let inside: Connection | undefined;
      {
        await using connection = await connect(
          await dial(kinds.find(({ name }) => name === scheme) as (typeof kinds)[number], server.address),
        );
        inside = connection;
        expect(server.connections.size).toBe(2);
      }
      expect(await inside.closed).toMatchObject({ code: "CLOSED" });
    });
  });

  describe("a server that closes", () => {
    it("ends its connections in order and can be closed again", async () => {
      const { connection, accepted, server } = await meet(new One());
      const [one, two] = [server.close(), server.close()];
      await Promise.all([one, two, server.close()]);
      expect(await accepted.closed).toMatchObject({ code: "CLOSED" });
      expect(await connection.closed).toMatchObject({ code: "PEER_CLOSED" });
      await expect(connect(server.address, { tls: {} })).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    });
  });

  describe("a connection that breaks", () => {
    it("ends with a reason on the other side, which fails what waits", async () => {
      const { server } = await meet(new One());
      const kind = kinds.find(({ name }) => name === scheme) as (typeof kinds)[number];
      const transport = await dial(kind, server.address);
      const next = server.events("connection");
      const client = await connect(transport);
      const { value: accepted } = await next.next();
      const two = new Two();
      client.publish("two", two);
      class Never extends Referenceable {
        remote_wait() {
          return new Promise(() => {});
        }
      }
      client.publish("never", new Never());
      const waiting = caught((accepted as Connection).object("never").callRemote("wait"));
      await until(() => client.inspect().running === 1);
      transport.abort();
      expect(await waiting).toBeInstanceOf(ConnectionLost);
      expect(["TRANSPORT_FAILED", "PEER_CLOSED"]).toContain((await (accepted as Connection).closed).code);
      await client.closed;
    });
  });

  describe("the events", () => {
    it("of a server can be iterated, from the moment they are asked for until it closes", async () => {
      const { server, connection } = await meet(new One());
      const disconnections = server.events("disconnection");
      const connections = server.events("connection");
      await connection.close();
      await server.close();
      const seen: string[] = [];
      for await (const { reason } of disconnections) seen.push(reason.code);
      for await (const _ of connections) seen.push("connection");
      expect(seen).toEqual(["PEER_CLOSED"]);
      expect(await server.events("connection").next()).toEqual({ done: true, value: undefined });
    });

    it("of a connection can be iterated", async () => {
      const { connection } = await meet(new One());
      const events = connection.events("close");
      await connection.close();
      const seen: CloseReason[] = [];
      for await (const reason of events) seen.push(reason);
      expect(seen).toMatchObject([{ code: "CLOSED" }]);
    });
  });
});

describe("an iterator of events that is left", () => {
  it("listens no more", async () => {
    const { server } = await meetInMemory(new One());
    const events = server.events("connection");
    void connect(server.address).then((connection) => onTestFinished(() => void connection.close()));
    for await (const connection of events) {
      expect(connection).toBeInstanceOf(Connection);
      break;
    }
    expect(await events.next()).toEqual({ done: true, value: undefined });
  });
});

describe("a call that the transport never took", () => {
  it("is known not to have been executed when the connection breaks", async () => {
    const { peer, connection } = await rawServer({ log: () => {} });
    const taken = caught(connection.root.callRemote("taken"));
    await peer.hears();
    peer.stopsReading();
    const large = caught(connection.root.callRemote("large", new Uint8Array(600_000)));
    const after = caught(connection.root.callRemote("after"));
    peer.vanishes();
    expect(await taken).toMatchObject({ executed: "unknown", reason: { code: "TRANSPORT_FAILED" } });
    expect(await large).toMatchObject({ code: "CONNECTION_LOST" });
    expect(await after).toMatchObject({ executed: "no" });
    expect(await connection.closed).toMatchObject({ code: "TRANSPORT_FAILED", error: expect.any(Error) });
  });
});

describe("what ends inside of a call", () => {
  it("may be its own connection, which drops the answer", async () => {
    class Bye extends Root {
      async remote_bye() {
        await accepted.close();
        return "unheard";
      }
      remote_byeNow() {
        void accepted.close();
        return "unheard";
      }
    }
    for (const method of ["bye", "byeNow"] as const) {
      const met = await meetInMemory<Bye>(new Bye());
      accepted = met.accepted;
      expect(await caught(met.connection.root.callRemote(method))).toMatchObject({ reason: { code: "PEER_CLOSED" } });
    }
  });
  let accepted: Connection;

  it("may be the whole server", async () => {
    class Stop extends Root {
      async remote_stop() {
        await server.close();
      }
    }
    const met = await meetInMemory<Stop>(new Stop());
    const { server } = met;
    expect(await caught(met.connection.root.callRemote("stop"))).toBeInstanceOf(ConnectionLost);
    await server.close();
  });
});

describe("a server", () => {
  it("ends with a block of `await using`", async () => {
    let address = "";
    {
      await using server = await listen(new One(), "memory://using");
      expect(server).toBeInstanceOf(Server);
      address = server.address;
      const connection = await connect(address);
      onTestFinished(() => void connection.close());
    }
    await expect(connect(address)).rejects.toMatchObject({ code: "CONNECT_FAILED" });
  });

  it("turns away transports after its end", async () => {
    const { strangerTo } = await import("../support/raw-peer.ts");
    const server = await listen(new One(), "memory://ended");
    await server.close();
    const stranger = strangerTo(server);
    await stranger.hangsUp();
    expect(stranger.heard).toEqual([]);
  });

  it("is served twice from one root without mixing the two", async () => {
    const root = new One();
    const a = await meetInMemory<One>(root);
    const b = await meetInMemory<One>(root);
    using two = await a.connection.root.callRemote("getTwo");
    await b.connection.close();
    expect(await two.callRemote("three", 2)).toBe(6);
    await turnOver();
  });
});
