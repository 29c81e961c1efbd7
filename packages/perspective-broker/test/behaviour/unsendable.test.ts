// What cannot be sent: the call fails where it was made and names the place, nothing is sent, nothing is left in the tables.
import { describe, expect, it } from "vitest";
import {
  type Connection,
  kw,
  Referenceable,
  RemoteError,
  type RemoteReference,
  Root,
  Unpersistable,
} from "../../src/index.ts";
import { turnOver, until } from "../support/ends.ts";
import { inEveryDialect, meetInMemory } from "../support/everywhere.ts";

// Kept from the linter, which is right to warn of such members everywhere else.
const THEN = "then";

class Thing extends Referenceable {
  remote_name() {
    return "thing";
  }
}

class Plain {
  field = 1;
}

class Server extends Root {
  received = 0;
  result: () => unknown = () => null;
  remote_take(..._args: unknown[]) {
    this.received++;
    return "taken";
  }
  remote_give() {
    return this.result();
  }
  async remote_giveLater() {
    await turnOver();
    return this.result();
  }
}

const unsendable: [string, unknown, string][] = [
  ["a function", () => {}, "[0]"],
  ["a symbol", Symbol("x"), "[0]"],
  ["an instance of some class", new Plain(), "[0]"],
  ["a promise", Promise.resolve(1), "[0]"],
  ["a thenable", { deep: { [THEN]: () => {} } }, "[0].deep.then"],
  ["a function deep inside", { owner: { onClick: [1, () => {}] } }, "[0].owner.onClick[1]"],
  ["something in a map", new Map([["key", new Plain()]]), "[0].key"],
  ["something in a set", new Set([Symbol("x")]), "[0][0]"],
  ["an invalid date", [new Date(Number.NaN)], "[0][0]"],
  ["a lone surrogate", { text: "\ud800" }, "[0].text"],
  ["a weak map", new WeakMap(), "[0]"],
  ["an array buffer", new ArrayBuffer(3), "[0]"],
  ["a regular expression", /x/, "[0]"],
];

const caught = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );

/** What only the values table of Python has no place for. */
const nativeOnly = ["an invalid date", "a lone surrogate", "an array buffer", "a regular expression"];

inEveryDialect((meet, { native }) => {
  const refused = unsendable.filter(([what]) => !native || !nativeOnly.includes(what));

  describe("an argument that cannot be sent", () => {
    it.each(refused)("fails the call here: %s", async (_what, value, path) => {
      const root = new Server();
      const { connection } = await meet<Server>(root);
      expect(await caught(connection.root.callRemote("take", value))).toMatchObject({
        code: "UNSENDABLE",
        path,
        executed: "no",
        message: expect.stringContaining(path),
      });
      expect(await connection.root.callRemote("take", 1)).toBe("taken");
      expect(root.received).toBe(1);
    });

    it("is named by the keyword it came with", async () => {
      const { connection } = await meet<Server>(new Server());
      expect(await caught(connection.root.callRemote("take", 1, kw({ deep: { fn: () => {} } })))).toMatchObject({
        path: ".deep.fn",
      });
    });

    it("leaves no count of the objects that stood before it", async () => {
      const { connection, accepted, takeLogged } = await meet<Server>(new Server());
      const thing = new Thing();
      await caught(connection.root.callRemote("take", thing, [thing, thing], () => {}));
      expect(connection.inspect().exports).toEqual([]);
      expect(accepted.inspect().imports).toEqual([]);
      connection.root.callRemoteOnly("take", thing, Symbol("x"));
      expect(connection.inspect().exports).toEqual([]);
      expect(takeLogged()).toHaveLength(1);
    });

    it("in a call without an answer is logged and nothing is sent", async () => {
      const root = new Server();
      const { connection, takeLogged } = await meet<Server>(root);
      connection.root.callRemoteOnly("take", () => {});
      await connection.root.callRemote("take");
      expect(root.received).toBe(1);
      expect(takeLogged()).toMatchObject([{ level: "warn", error: { code: "UNSENDABLE", path: "[0]" } }]);
    });
  });

  describe("a result that cannot be sent", () => {
    for (const method of ["give", "giveLater"] as const) {
      it.each(refused.filter(([what]) => what !== "a promise" && what !== "a thenable"))(
        `is an error for the caller, and is logged there (${method}: %s)`,
        async (_what, value, path) => {
          const root = new Server();
          const { connection, takeLogged } = await meet<Server>(root);
          root.result = () => [new Thing(), value];
          const error = await caught(connection.root.callRemote(method));
          expect(error).toBeInstanceOf(RemoteError);
          expect(error).toMatchObject({
            type: "builtins.TypeError",
            message: expect.stringContaining(path.replace("[0]", "[1]")),
          });
          expect(takeLogged()).toMatchObject([{ level: "error" }]);
          root.result = () => "fine";
          expect(await connection.root.callRemote(method)).toBe("fine");
        },
      );
    }
  });

  describe("what is too large", () => {
    it.skipIf(native).each([
      ["a string", "x".repeat(700_000)],
      ["bytes", new Uint8Array(700_000)],
      ["a list", new Array(700_000).fill(0)],
      ["an integer", 2n ** 500n],
    ])("fails the call only: %s", async (_what, value) => {
      const root = new Server();
      const { connection, takeLogged } = await meet<Server>(root);
      expect(await caught(connection.root.callRemote("take", value))).toMatchObject({ code: "BANANA_ERROR" });
      root.result = () => value;
      expect(await caught(connection.root.callRemote("give"))).toMatchObject({
        type: "twisted.spread.banana.BananaError",
      });
      expect(takeLogged()).toHaveLength(1);
      expect(await connection.root.callRemote("take", 1)).toBe("taken");
    });

    it("fails the call only: a message of many parts", async () => {
      const { connection } = await meet<Server>(new Server(), { client: { limits: { message: 100_000 } } });
      const parts = Array.from({ length: 20 }, () => new Uint8Array(9000));
      expect(await caught(connection.root.callRemote("take", parts))).toMatchObject({
        code: "LIMIT_EXCEEDED",
        limit: "message",
      });
      expect(await connection.root.callRemote("take", 1)).toBe("taken");
    });

    it("fails the call only: a value that is nested too deep, also a cyclic one of getters", async () => {
      const { connection } = await meet<Server>(new Server());
      let deep: unknown = 0;
      for (let i = 0; i < 1000; i++) deep = [deep];
      expect(await caught(connection.root.callRemote("take", deep))).toMatchObject({
        code: "LIMIT_EXCEEDED",
        limit: "depth",
      });
      const endless = () => ({
        get next(): object {
          return endless();
        },
      });
      expect(await caught(connection.root.callRemote("take", endless()))).toMatchObject({ limit: "depth" });
      expect(await connection.root.callRemote("take", 1)).toBe("taken");
    });
  });
});

describe("a getter in a value that is sent", () => {
  it("that throws fails the call with what it threw, and nothing is sent", async () => {
    const root = new Server();
    const { connection } = await meetInMemory<Server>(root);
    const thrown = new Error("from the getter");
    const value = {
      thing: new Thing(),
      get bad() {
        throw thrown;
      },
    };
    expect(await caught(connection.root.callRemote("take", value))).toBe(thrown);
    expect(connection.inspect().exports).toEqual([]);
    expect(await connection.root.callRemote("take")).toBe("taken");
    expect(root.received).toBe(1);
  });

  it("that throws in a result is the caller's error", async () => {
    const root = new Server();
    const { connection, takeLogged } = await meetInMemory<Server>(root);
    root.result = () => ({
      get bad() {
        throw new RangeError("from the getter");
      },
    });
    expect(await caught(connection.root.callRemote("give"))).toMatchObject({ type: "builtins.ValueError" });
    expect(takeLogged()).toHaveLength(1);
  });

  it("runs once", async () => {
    let runs = 0;
    const { connection } = await meetInMemory<Server>(new Server());
    const value = {
      get counted() {
        return ++runs;
      },
    };
    await connection.root.callRemote("take", value);
    expect(runs).toBe(1);
  });

  describe("that calls remotely in the middle of the encoding", () => {
    class Echo extends Root {
      remote_echo(...args: any[]): any {
        return args;
      }
    }
    /** A value whose getter calls `inner` on the same connection, between two occurrences of a shared list. */
    const tricky = (connection: Connection<any>, inner: (root: RemoteReference<any>) => void) => {
      const shared = ["shared"];
      return {
        first: shared,
        nested: {
          get trap() {
            inner(connection.root);
            return shared;
          },
        },
        last: shared,
      };
    };

    it("leaves both messages whole", async () => {
      const { connection } = await meetInMemory<Echo>(new Echo());
      let inner: Promise<unknown> | undefined;
      const value = tricky(connection, (root) => {
        inner = root.callRemote("echo", "inner", "x".repeat(10_000), [1, 2]);
      });
      const [back] = await connection.root.callRemote("echo", value);
      expect(back.nested.trap).toBe(back.first);
      expect(back.last).toBe(back.first);
      expect(await inner).toEqual(["inner", "x".repeat(10_000), [1, 2]]);
    });

    it("leaves the outer one whole when the inner one cannot be sent", async () => {
      const { connection } = await meetInMemory<Echo>(new Echo());
      let inner: Promise<unknown> | undefined;
      const value = tricky(connection, (root) => {
        inner = caught(root.callRemote("echo", [new Thing(), () => {}]));
      });
      const [back] = await connection.root.callRemote("echo", value);
      expect(await inner).toMatchObject({ code: "UNSENDABLE", path: "[0][1]" });
      expect(back.nested.trap).toBe(back.first);
      expect(back.last).toBe(back.first);
      expect(connection.inspect().exports).toEqual([]);
    });

    it("leaves the outer one's path right", async () => {
      const { connection } = await meetInMemory<Echo>(new Echo());
      const value = {
        get trap() {
          connection.root.callRemote("echo", [() => {}]).catch(() => {});
          return { fn: () => {} };
        },
      };
      expect(await caught(connection.root.callRemote("echo", 1, value))).toMatchObject({ path: "[1].trap.fn" });
    });

    it("leaves the outer one cyclic", async () => {
      const { connection } = await meetInMemory<Echo>(new Echo());
      const cyclic: Record<string, unknown> = {
        get trap() {
          connection.root.callRemote("echo", () => {}).catch(() => {});
          return 1;
        },
      };
      Object.defineProperty(cyclic, "self", { value: cyclic, enumerable: true });
      const [back] = await connection.root.callRemote("echo", cyclic);
      expect(back.self).toBe(back);
    });

    it("does not lose the objects of either call", async () => {
      class Keeper extends Root {
        async remote_use(value: { thing: RemoteReference<Thing>; trap: number }) {
          using held = value.thing;
          await turnOver();
          return await held.callRemote("name");
        }
      }
      const { connection } = await meetInMemory<Keeper>(new Keeper());
      let inner: Promise<unknown> | undefined;
      const value = {
        thing: new Thing(),
        get trap() {
          inner = connection.root.callRemote("use", { thing: new Thing(), trap: 0 });
          return 1;
        },
      };
      expect(await connection.root.callRemote("use", value)).toBe("thing");
      expect(await inner).toBe("thing");
      await until(() => connection.inspect().exports.length === 0);
    });
  });
});

describe('the option unsendable: "unpersistable"', () => {
  it("sends Twisted's placeholder in the place of what cannot be sent", async () => {
    class Look extends Root {
      remote_look(value: any) {
        return [value.fn instanceof Unpersistable, value.fn.reason, value.rest];
      }
    }
    const { connection } = await meetInMemory(new Look(), { client: { unsendable: "unpersistable" } });
    const [placeholder, reason, rest] = await connection.root.callRemote("look", { fn: new Plain(), rest: 1 });
    expect(placeholder).toBe(true);
    expect(reason).toContain("Plain");
    expect(rest).toBe(1);
  });

  it("is not needed for one that is put there by hand", async () => {
    const { connection } = await meetInMemory<Server>(new Server());
    expect(await connection.root.callRemote("take", new Unpersistable("on purpose"))).toBe("taken");
  });
});

describe("a thenable", () => {
  it("that a method returns is waited for", async () => {
    const root = new Server();
    const { connection, takeLogged } = await meetInMemory<Server>(root);
    root.result = () => ({ [THEN]: (resolve: (value: unknown) => void) => resolve("thenable") });
    expect(await connection.root.callRemote("give")).toBe("thenable");
    root.result = () => ({ [THEN]: (_: unknown, reject: (error: unknown) => void) => reject(new RangeError("no")) });
    expect(await caught(connection.root.callRemote("give"))).toMatchObject({ type: "builtins.ValueError" });
    root.result = () => ({
      [THEN]: () => {
        throw new RangeError("in then");
      },
    });
    expect(await caught(connection.root.callRemote("give"))).toMatchObject({ message: "in then" });
    root.result = () => ({
      get [THEN]() {
        throw new RangeError("then itself");
      },
    });
    expect(await caught(connection.root.callRemote("give"))).toMatchObject({ message: "then itself" });
    expect(takeLogged()).toHaveLength(3);
  });
});
