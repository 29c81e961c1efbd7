// Who is calling: currentCall() in both kinds of context.
import { describe, expect, it } from "vitest";
import {
  type Call,
  type Connection,
  ConnectionLost,
  currentCall,
  NoCurrentCall,
  Referenceable,
  type RemoteReference,
  Root,
} from "../../src/index.ts";
import { turnOver, until } from "../support/ends.ts";
import { everywhere, meetInMemory } from "../support/everywhere.ts";

class Asker extends Root {
  calls: Call[] = [];
  remote_who() {
    const { method, peer, connection, storage } = currentCall();
    return [method, peer.scheme, connection.peer === peer, storage.size];
  }
  async remote_whoLater() {
    await turnOver();
    const { method, peer } = currentCall();
    return [method, peer.scheme];
  }
  async remote_whoEndsUp() {
    try {
      await turnOver();
      return currentCall().method;
    } catch (error) {
      return error instanceof NoCurrentCall ? error.code : String(error);
    }
  }
  remote_remember(value: string) {
    const call = currentCall();
    const seen = call.storage.get("value") ?? null;
    call.storage.set("value", value);
    const counted = ((call.connection.storage.get("count") as number | undefined) ?? 0) + 1;
    call.connection.storage.set("count", counted);
    return [seen, call.storage.get("value"), counted];
  }
  remote_stay() {
    this.calls.push(currentCall());
    return new Promise<void>(() => {});
  }
  async remote_throughCallback(back: RemoteReference<Back>) {
    using held = back;
    const before = currentCall();
    const inner = await held.callRemote("who");
    return [inner, currentCall() === before];
  }
}

class Back extends Referenceable {
  remote_who() {
    return currentCall().method;
  }
}

everywhere((meet, { scheme }) => {
  describe('currentCall() with context "async"', () => {
    it("knows the method, the connection and the peer", async () => {
      const { connection } = await meet<Asker>(new Asker());
      expect(await connection.root.callRemote("who")).toEqual(["who", scheme, true, 0]);
    });

    it("follows await, also past a call back to the caller", async () => {
      const { connection } = await meet<Asker>(new Asker());
      expect(await connection.root.callRemote("whoLater")).toEqual(["whoLater", scheme]);
      expect(await connection.root.callRemote("throughCallback", new Back())).toEqual(["who", true]);
    });

    it("keeps concurrent calls apart", async () => {
      const { connection } = await meet<Asker>(new Asker());
      const answers = await Promise.all([
        connection.root.callRemote("whoLater"),
        connection.root.callRemote("whoEndsUp"),
        connection.root.callRemote("whoLater"),
      ]);
      expect(answers).toEqual([["whoLater", scheme], "whoEndsUp", ["whoLater", scheme]]);
    });

    it("has storage for the call and for the connection", async () => {
      const { connection } = await meet<Asker>(new Asker());
      expect(await connection.root.callRemote("remember", "a")).toEqual([null, "a", 1]);
      expect(await connection.root.callRemote("remember", "b")).toEqual([null, "b", 2]);
    });
  });

  describe('currentCall() with context "sync"', () => {
    const server = { context: "sync" } as const;

    it("knows the call until the first await, and throws after it", async () => {
      const { connection, takeLogged } = await meet<Asker>(new Asker(), { server });
      expect(await connection.root.callRemote("who")).toEqual(["who", scheme, true, 0]);
      expect(await connection.root.callRemote("whoEndsUp")).toBe("NO_CURRENT_CALL");
      const error = await connection.root.callRemote("whoLater").catch((e: unknown) => e);
      expect(error).toMatchObject({ type: "builtins.Exception" });
      takeLogged();
    });
  });

  describe("the signal of a call", () => {
    it.each(["async", "sync"] as const)("fires when the connection is lost (%s)", async (context) => {
      const root = new Asker();
      const { connection, accepted } = await meet<Asker>(root, { server: { context }, untidy: true });
      connection.root.callRemote("stay").catch(() => {});
      await until(() => root.calls.length === 1);
      const { signal } = root.calls[0] as Call;
      expect(signal.aborted).toBe(false);
      let fired = 0;
      signal.addEventListener("abort", () => fired++);
      await connection.close();
      await accepted.closed;
      expect(fired).toBe(1);
      expect(signal.reason).toBeInstanceOf(ConnectionLost);
      expect(signal.reason).toMatchObject({ reason: { code: "PEER_CLOSED" } });
    });

    it("has fired when it is asked for only afterwards", async () => {
      const root = new Asker();
      const { connection, accepted } = await meet<Asker>(root, { untidy: true });
      connection.root.callRemote("stay").catch(() => {});
      await until(() => root.calls.length === 1);
      await connection.close();
      await accepted.closed;
      expect(root.calls[0]?.signal.aborted).toBe(true);
    });
  });
});

describe("currentCall() outside of a call", () => {
  it("throws NoCurrentCall", () => {
    expect(() => currentCall()).toThrow(NoCurrentCall);
  });

  it("is not inherited by a connection that was made inside of a call", async () => {
    // Its handlers run in what the platform remembers of that call; with "sync" that must not be taken for their own.
    const inner = new Asker();
    class Outer extends Root {
      met: { connection: Connection<Asker> } | undefined;
      async remote_open() {
        this.met = await meetInMemory<Asker>(inner, { server: { context: "sync" } });
        return await this.met.connection.root.callRemote("whoEndsUp");
      }
    }
    const { connection } = await meetInMemory<Outer>(new Outer());
    expect(await connection.root.callRemote("open")).toBe("NO_CURRENT_CALL");
  });

  it("does not leak from a call to what its caller does next, with both ends in one program", async () => {
    const { connection } = await meetInMemory<Asker>(new Asker(), { server: { context: "sync" } });
    await connection.root.callRemote("who");
    expect(() => currentCall()).toThrow(NoCurrentCall);
  });
});

describe("many calls that listen to the signal", () => {
  it("cause no warning of a leak", async () => {
    const warnings: Error[] = [];
    const listener = (warning: Error) => warnings.push(warning);
    process.on("warning", listener);
    const root = new Asker();
    const { connection } = await meetInMemory<Asker>(root, { untidy: true });
    for (let i = 0; i < 50; i++) connection.root.callRemote("stay").catch(() => {});
    await until(() => root.calls.length === 50);
    for (const { signal } of root.calls) signal.addEventListener("abort", () => {});
    await turnOver();
    await turnOver();
    process.off("warning", listener);
    expect(warnings).toEqual([]);
    await connection.close();
  });
});
