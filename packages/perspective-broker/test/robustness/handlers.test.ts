// Programs that misbehave: handlers, roots, hooks and listeners that throw, hang or declare what is refused. Whoever calls gets
// an error, or waits until its own patience ends; nobody else is disturbed.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  connect,
  DeclarationError,
  type Keywords,
  type ListenOptions,
  type LogRecord,
  listen,
  Referenceable,
  RemoteError,
  Root,
  type RootFor,
} from "../../src/index.ts";
import { ManualClock } from "../support/clock.ts";
import { turnOver, until } from "../support/ends.ts";
import { everywhere, meetInMemory } from "../support/everywhere.ts";

class Bad extends Root {
  remote_echo(value: unknown) {
    return value;
  }
  remote_never() {
    return new Promise(() => {});
  }
  remote_throws(): never {
    throw new Error("thrown");
  }
  async remote_rejects() {
    throw new Error("rejected");
  }
  remote_rejectsWithNothing() {
    return Promise.reject();
  }
  remote_unsendable() {
    return () => {};
  }
}

const caught = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );

let names = 0;

/** A server with what it logged, closed with the test. */
async function serve(root: RootFor, options: ListenOptions = {}) {
  const logged: LogRecord[] = [];
  const log = (record: LogRecord) => void logged.push(record);
  const server = await listen(root, `memory://handlers-${++names}`, { log, ...options });
  onTestFinished(() => server.close());
  return { server, logged, errors: () => logged.filter(({ level }) => level === "error") };
}

everywhere((meet) => {
  describe("handlers that hang, throw, reject and return what cannot be sent", () => {
    it("disturb nobody else, on the same connection or on another", async () => {
      const clock = new ManualClock();
      const root = new Bad();
      const one = await meet<Bad>(root, { client: { clock }, untidy: true });
      const two = await meet<Bad>(root);
      const patient = caught(one.connection.root.callRemote("never"));
      const hasty = caught(one.connection.root.with({ timeout: 100 }).callRemote("never"));
      for (const method of ["throws", "rejects", "rejectsWithNothing", "unsendable"] as const) {
        expect(await caught(one.connection.root.callRemote(method))).toBeInstanceOf(RemoteError);
        expect(await one.connection.root.callRemote("echo", method)).toBe(method);
        expect(await two.connection.root.callRemote("echo", method)).toBe(method);
      }
      clock.advance(120);
      expect(await hasty).toMatchObject({ code: "CALL_TIMEOUT", executed: "unknown" });
      expect(one.accepted.inspect().running).toBe(2);
      await one.connection.close();
      expect(await patient).toMatchObject({ code: "CONNECTION_LOST" });
      one.takeLogged();
      two.takeLogged();
    });
  });
});

describe("a hook that takes every message", () => {
  it("gets what nobody declared, with keywords, and what it throws is the caller's", async () => {
    class Any extends Referenceable {
      override remoteMessageReceived(message: string, args: unknown[], keywords: Keywords | undefined) {
        if (message === "bad") throw new RangeError("not this one");
        return [message, args, keywords?.toObject() ?? null];
      }
    }
    const { connection, takeLogged } = await meetInMemory(new Any());
    const { kw } = await import("../../src/index.ts");
    expect(await connection.root.callRemote("whatever", 1, kw({ x: 2 }))).toEqual(["whatever", [1], { x: 2 }]);
    expect(await connection.root.callRemote("constructor")).toEqual(["constructor", [], null]);
    expect(await caught(connection.root.callRemote("bad"))).toMatchObject({ type: "builtins.ValueError" });
    expect(takeLogged()).toHaveLength(1);
  });
});

describe("a connection that is closed before it was of use", () => {
  it("by the function that makes its root", async () => {
    const { server, errors } = await serve((connection) => {
      void connection.close();
      return new Bad();
    });
    expect(await caught(connect(server.address))).toMatchObject({ code: "CONNECT_FAILED" });
    await until(() => server.connections.size === 0);
    expect(errors()).toEqual([]);
  });

  it("by who is told of it", async () => {
    const { server, errors } = await serve(new Bad());
    server.on("connection", (connection) => void connection.close());
    const connection = await connect(server.address);
    expect(await connection.closed).toMatchObject({ code: "PEER_CLOSED" });
    expect(errors()).toEqual([]);
  });
});

describe("a class that declares its methods wrongly", () => {
  class Getter extends Referenceable {
    runs = 0;
    get remote_value() {
      this.runs++;
      return () => 1;
    }
  }
  class Field extends Referenceable {
    remote_value = () => 1;
  }
  class Misnamed extends Referenceable {
    static parameters = { missing: ["a"] };
  }
  class Twice extends Referenceable {
    static parameters = { add: ["a", "a"] };
    remote_add(a: number, b: number) {
      return a + b;
    }
  }
  class Late extends Referenceable {
    static parameters = { add: ["a?", "b"] };
    remote_add(a: number, b: number) {
      return a + b;
    }
  }
  const wrong: [string, () => Referenceable, string][] = [
    ["a getter", () => new Getter(), "remote_value"],
    ["an own property", () => new Field(), "remote_value"],
    ["parameters of a method that is not there", () => new Misnamed(), "missing"],
    ["a parameter twice", () => new Twice(), "add"],
    ["an optional parameter before others", () => new Late(), "add"],
  ];

  it.each(wrong)("is refused by name when an object of it is first sent: %s", async (_what, make, name) => {
    class Giver extends Root {
      remote_give() {
        return make();
      }
      remote_take(_value: unknown) {}
    }
    const { connection, takeLogged } = await meetInMemory<Giver>(new Giver());
    const error = await caught(connection.root.callRemote("take", make()));
    expect(error).toBeInstanceOf(DeclarationError);
    expect(error.message).toContain(name);
    expect(await caught(connection.root.callRemote("give"))).toBeInstanceOf(RemoteError);
    expect(takeLogged()).toMatchObject([{ level: "error", error: { code: "BAD_DECLARATION" } }]);
    expect(connection.inspect().exports).toEqual([]);
  });

  it.each(wrong)("is refused when it is published, by the call that does it: %s", async (_what, make, name) => {
    const { connection, server } = await meetInMemory(new Bad());
    expect(() => connection.publish("x", make())).toThrow(name);
    expect(() => server.publish("x", make())).toThrow(name);
    await expect(listen(make(), "memory://wrong-root")).rejects.toBeInstanceOf(DeclarationError);
    await expect(listen(new Bad(), "memory://wrong", { objects: { x: make() } })).rejects.toBeInstanceOf(
      DeclarationError,
    );
    await expect(connect(server.address, { objects: { x: make() } })).rejects.toBeInstanceOf(DeclarationError);
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
    const again = await connect(server.address);
    await again.close();
  });

  it("has no getter run by being looked at", async () => {
    const object = new Getter();
    const { connection } = await meetInMemory<Bad>(new Bad());
    await caught(connection.root.callRemote("echo", object));
    expect(object.runs).toBe(0);
  });
});

describe("a root for each connection", () => {
  it.each<[string, () => any]>([
    [
      "throws",
      () => {
        throw new Error("no root today");
      },
    ],
    ["gives nothing", () => undefined],
    ["gives a plain object", () => ({ remote_echo: () => 1 })],
    ["gives a promise", () => Promise.resolve(new Bad())],
    [
      "is declared wrongly",
      () => {
        class Wrong extends Root {
          get remote_x() {
            return 1;
          }
        }
        return new Wrong();
      },
    ],
  ])("that %s costs that connection only, and is logged", async (_what, bad) => {
    let broken = true;
    const { server, errors } = await serve(() => (broken ? bad() : new Bad()));
    const ended: string[] = [];
    server.on("disconnection", ({ reason }) => ended.push(reason.code));
    expect(await caught(connect(server.address))).toMatchObject({ code: "CONNECT_FAILED" });
    await until(() => ended.length === 1);
    expect(errors()).toHaveLength(1);
    expect(server.connections.size).toBe(0);
    broken = false;
    const connection = await connect<Bad>(server.address);
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
    await connection.close();
  });

  it("that is a Root whose rootObject throws costs that connection only", async () => {
    class Wrong extends Root {
      override rootObject(): Referenceable {
        throw new Error("not for you");
      }
    }
    const { server, errors } = await serve(new Wrong());
    expect(await caught(connect(server.address))).toMatchObject({ code: "CONNECT_FAILED" });
    expect(errors()).toMatchObject([{ error: { message: "not for you" } }]);
  });
});

describe("listeners that throw", () => {
  it("are logged, and the others are told", async () => {
    const logged: LogRecord[] = [];
    const log = (record: LogRecord) => void logged.push(record);
    const { server, errors } = await serve(new Bad());
    const told: string[] = [];
    const bad = (name: string) => () => {
      told.push(name);
      throw new Error(name);
    };
    server.on("connection", bad("connection"));
    server.on("connection", () => told.push("connection, too"));
    server.on("disconnection", bad("disconnection"));
    server.on("disconnection", () => told.push("disconnection, too"));
    const connection = await connect<Bad>(server.address, { log });
    connection.on("close", bad("close"));
    connection.on("close", () => told.push("close, too"));
    connection.root.onDisconnect(bad("disconnect"));
    connection.root.onDisconnect(() => told.push("disconnect, too"));
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
    await connection.close();
    await until(() => server.connections.size === 0);
    await turnOver();
    expect(told.sort()).toEqual([
      "close",
      "close, too",
      "connection",
      "connection, too",
      "disconnect",
      "disconnect, too",
      "disconnection",
      "disconnection, too",
    ]);
    expect(errors().map(({ error }) => (error as Error).message)).toEqual(["connection", "disconnection"]);
    expect(logged.map(({ error }) => (error as Error).message).sort()).toEqual(["close", "disconnect"]);
  });

  it("may close, release and call in the middle of the end", async () => {
    const { connection } = await meetInMemory<Bad>(new Bad());
    const { root } = connection;
    const late: Promise<any>[] = [];
    root.onDisconnect(() => {
      void connection.close();
      root.releaseAll();
      late.push(caught(root.callRemote("echo", 1)));
      root.onDisconnect(() => late.push(Promise.reject(new Error("told twice"))));
    });
    connection.on("close", () => {
      void connection.close();
      late.push(caught(root.callRemote("echo", 2)));
    });
    await connection.close();
    for (const error of await Promise.all(late)) expect(error).toMatchObject({ code: "DEAD_REFERENCE" });
    expect(late).toHaveLength(2);
  });
});

describe("a connection whose limits are as small as they may be", () => {
  it.each([
    { message: 512 },
    { string: 256 },
    { list: 16 },
    { prefix: 10 },
    { depth: 1 },
    { outputBytes: 1 },
    { queuedBytes: 1 },
    { calls: 1 },
    { turnCalls: 1 },
    { references: 1 },
    { imports: 1 },
    { message: 512, string: 256, list: 16, prefix: 10, depth: 1, calls: 1, turnCalls: 1, references: 1, imports: 1 },
  ])("answers, or ends with a reason: %o", async (limits) => {
    const { server } = await serve(new Bad(), { limits });
    const connection = await connect<Bad>(server.address, { limits, log: () => {} });
    for (const method of ["throws", "rejects", "unsendable"] as const) {
      const error = await caught(connection.root.callRemote(method));
      expect(error).toMatchObject({
        code: expect.stringMatching(/REMOTE_ERROR|CONNECTION_LOST|DEAD_REFERENCE|MALFORMED|LIMIT/),
      });
    }
    const { code } = await connection.close();
    expect(code).toMatch(/CLOSED|LIMIT_EXCEEDED/);
  });
});
