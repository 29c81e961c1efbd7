// What the caller learns of an error, what is logged where, and what never travels.
import { inspect } from "node:util";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  ConnectionLost,
  LimitExceeded,
  NoSuchMethod,
  PBError,
  Referenceable,
  Registry,
  RemoteError,
  type RemoteReference,
  Root,
} from "../../src/index.ts";
import { turnOver, until } from "../support/ends.ts";
import { everywhere, meetInMemory } from "../support/everywhere.ts";

class OutOfStock extends PBError {
  static override wireName = "shop.OutOfStock";
  readonly item: string;
  readonly left: number;
  constructor(item: string, left: number) {
    super(`${item} is out of stock`);
    this.item = item;
    this.left = left;
  }
  get sentence() {
    return `${this.left} of ${this.item} left`;
  }
}

class SoldOut extends OutOfStock {
  static override wireName = "shop.SoldOut";
}

class Unnamed extends PBError {}

class Own extends Error {
  static wireName = "app.Own";
}

const sorts = {
  type: () => new TypeError("wrong"),
  range: () => new RangeError("far"),
  plain: () => new Error("plain"),
  own: () => new Own("own"),
  expected: () => new OutOfStock("hats", 3),
  derived: () => new SoldOut("hats", 0),
  unnamed: () => new Unnamed("no name"),
  bare: () => new PBError("bare"),
  text: () => "a text",
  nothing: () => undefined,
  object: () => ({ message: "an object" }),
  surrogate: () => new Error("\ud800"),
};
type Sort = keyof typeof sorts;

class Shop extends Root {
  remote_throw(sort: Sort): never {
    throw sorts[sort]();
  }
  async remote_reject(sort: Sort): Promise<never> {
    await turnOver();
    throw sorts[sort]();
  }
  remote_echo(value: unknown) {
    return value;
  }
  remote_errorAsValue() {
    return [new OutOfStock("caps", 1)];
  }
}

const caught = (promise: Promise<unknown>): Promise<any> =>
  promise.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );

everywhere((meet, { native }) => {
  for (const how of ["throw", "reject"] as const) {
    describe(`an unexpected error (${how})`, () => {
      it.each([
        ["type", "builtins.TypeError", "wrong"],
        ["range", "builtins.ValueError", "far"],
        ["plain", "builtins.Exception", "plain"],
        ["own", "app.Own", "own"],
        ["text", "builtins.Exception", expect.any(String)],
        ["nothing", "builtins.Exception", expect.any(String)],
        ["object", "builtins.Exception", expect.any(String)],
        ["surrogate", "builtins.Exception", "\ufffd"],
      ] as const)("travels by name and message: %s", async (sort, type, text) => {
        const message = native && sort === "surrogate" ? "\ud800" : text;
        const { connection, takeLogged } = await meet<Shop>(new Shop());
        const error = await caught(connection.root.callRemote(how, sort));
        expect(error).toBeInstanceOf(RemoteError);
        expect(error).toMatchObject({ code: "REMOTE_ERROR", type, message, data: {} });
        expect(error.parents).toContain("builtins.Exception");
        expect(error.parents[0]).toBe(type);
        expect(takeLogged()).toMatchObject([{ level: "error", message: expect.stringContaining(how) }]);
      });

      it("carries no stack, unless the callee says so", async () => {
        const { connection, takeLogged } = await meet<Shop>(new Shop());
        const error = await caught(connection.root.callRemote(how, "plain"));
        expect(error.remoteTraceback).toBe("Traceback unavailable\n");
        expect(JSON.stringify(error)).not.toContain("errors.test");
        expect(takeLogged()).toHaveLength(1);

        const open = await meet<Shop>(new Shop(), { server: { unsafeTracebacks: true } });
        const told = await caught(open.connection.root.callRemote(how, "plain"));
        expect(told.remoteTraceback).toContain("errors.test");
        expect(open.takeLogged()).toHaveLength(1);
      });

      it("is logged with the error itself, once", async () => {
        const { connection, takeLogged } = await meet<Shop>(new Shop());
        await caught(connection.root.callRemote(how, "range"));
        const [record, ...more] = takeLogged();
        expect(record?.error).toBeInstanceOf(RangeError);
        expect(more).toEqual([]);
      });
    });

    describe(`an expected error (${how})`, () => {
      it("travels with its data and is not logged", async () => {
        const { connection, takeLogged } = await meet<Shop>(new Shop());
        const error = await caught(connection.root.callRemote(how, "expected"));
        expect(error).toBeInstanceOf(RemoteError);
        expect(error).toMatchObject({
          type: "shop.OutOfStock",
          message: "hats is out of stock",
          data: { item: "hats", left: 3 },
        });
        expect(takeLogged()).toEqual([]);
      });

      it("is checked by class, by name, and by its bases", async () => {
        const { connection } = await meet<Shop>(new Shop());
        const error = await caught(connection.root.callRemote(how, "derived"));
        for (const kind of [SoldOut, OutOfStock, PBError, Error, "shop.OutOfStock", "twisted.spread.pb.Error"]) {
          expect(error.check(kind)).toBe(true);
        }
        for (const kind of [TypeError, RangeError, Own, "shop.Other"]) expect(error.check(kind)).toBe(false);
      });

      it("without a name of its own has its base's", async () => {
        const { connection } = await meet<Shop>(new Shop());
        expect(await caught(connection.root.callRemote(how, "unnamed"))).toMatchObject({
          type: "twisted.spread.pb.Error",
        });
        expect(await caught(connection.root.callRemote(how, "bare"))).toMatchObject({ message: "bare", data: {} });
      });
    });

    describe(`an error of a registered class (${how})`, () => {
      it("arrives as itself where both sides know it", async () => {
        const registry = new Registry();
        registry.registerError(OutOfStock);
        const { connection, takeLogged } = await meet<Shop>(new Shop(), { client: { registry }, server: { registry } });
        const error = await caught(connection.root.callRemote(how, "expected"));
        expect(error).toBeInstanceOf(OutOfStock);
        expect(error).toMatchObject({ message: "hats is out of stock", item: "hats", left: 3, name: "OutOfStock" });
        expect(error.sentence).toBe("3 of hats left");
        expect(takeLogged()).toEqual([]);
      });

      it("that is not expected is logged, and arrives as itself", async () => {
        const registry = new Registry();
        registry.registerError(Own);
        const { connection, takeLogged } = await meet<Shop>(new Shop(), { client: { registry }, server: { registry } });
        expect(await caught(connection.root.callRemote(how, "own"))).toBeInstanceOf(Own);
        expect(takeLogged()).toHaveLength(1);
      });

      it("does not take its subclasses for itself", async () => {
        const registry = new Registry();
        registry.registerError(OutOfStock);
        const { connection } = await meet<Shop>(new Shop(), { client: { registry }, server: { registry } });
        const error = await caught(connection.root.callRemote(how, "derived"));
        expect(error).toBeInstanceOf(RemoteError);
        expect(error.check(OutOfStock)).toBe(true);
      });
    });
  }

  describe("a registered class that the caller does not know", () => {
    it("arrives as a RemoteError with its data", async () => {
      const registry = new Registry();
      registry.registerError(OutOfStock, "shop.Renamed");
      const client = { registry: new Registry() };
      const { connection } = await meet<Shop>(new Shop(), { server: { registry }, client });
      const error = await caught(connection.root.callRemote("throw", "expected"));
      expect(error).toBeInstanceOf(RemoteError);
      expect(error.type).toBe("shop.Renamed");
      expect(error.data).toMatchObject({ item: "hats", left: 3 });
    });

    it("is refused there as insecure if it is thrown as itself, and only that call fails", async () => {
      const registry = new Registry();
      registry.registerError(OutOfStock, undefined, { thrownAs: "itself" });
      const { connection } = await meet<Shop>(new Shop(), {
        server: { registry },
        client: { registry: new Registry() },
      });
      expect(await caught(connection.root.callRemote("throw", "expected"))).toMatchObject({ code: "INSECURE_JELLY" });
      expect(await connection.root.callRemote("echo", 1)).toBe(1);
    });
  });

  describe("an error as a value", () => {
    it("can be sent if its class is registered; if it is not, as an Error where JavaScript's own values can", async () => {
      const registry = new Registry();
      registry.registerError(OutOfStock);
      const { connection } = await meet<Shop>(new Shop(), { client: { registry }, server: { registry } });
      const [value] = (await connection.root.callRemote("errorAsValue")) as unknown[];
      expect(value).toBeInstanceOf(OutOfStock);
      const sent = (await connection.root.callRemote("echo", new OutOfStock("gloves", 2))) as OutOfStock;
      expect(sent).toMatchObject({ item: "gloves", left: 2, message: "gloves is out of stock" });
      if (native) {
        const plain = await connection.root.callRemote("echo", new SoldOut("x", 0));
        expect(plain).toMatchObject({ name: "SoldOut", message: "x is out of stock", item: "x", left: 0 });
        expect(plain).toBeInstanceOf(Error);
        expect(plain).not.toBeInstanceOf(SoldOut);
        return;
      }
      await expect(connection.root.callRemote("echo", new SoldOut("x", 0))).rejects.toMatchObject({
        code: "UNSENDABLE",
        path: "[0]",
      });
    });
  });

  describe("an error that was received", () => {
    it("is passed on to a third program unchanged", async () => {
      const back = await meet<Shop>(new Shop());
      class Front extends Root {
        async remote_forward(how: "throw" | "reject", sort: Sort) {
          return await back.connection.root.callRemote(how, sort);
        }
      }
      const { connection, takeLogged } = await meet<Front>(new Front());
      const near = await caught(back.connection.root.callRemote("throw", "derived"));
      const far = await caught(connection.root.callRemote("forward", "throw", "derived"));
      for (const key of ["type", "message", "parents", "data", "remoteTraceback"]) expect(far[key]).toEqual(near[key]);
      expect(takeLogged(), "expected at the origin is expected on the way").toEqual([]);

      const unexpected = await caught(connection.root.callRemote("forward", "reject", "range"));
      expect(unexpected).toMatchObject({ type: "builtins.ValueError", message: "far" });
      expect(unexpected.check(RangeError)).toBe(true);
      expect(takeLogged()).toHaveLength(1);
      expect(back.takeLogged()).toHaveLength(1);
    });
  });

  describe("an error that carries objects", () => {
    it("brings references that are given back like others", async () => {
      class Key extends Referenceable {
        remote_turn() {
          return "click";
        }
      }
      class Locked extends PBError {
        static override wireName = "door.Locked";
        readonly key = new Key();
      }
      class Door extends Root {
        remote_open(): never {
          throw new Locked("closed");
        }
      }
      const { connection } = await meet<Door>(new Door());
      const error = await caught(connection.root.callRemote("open"));
      const key = error.data.key as RemoteReference<Key>;
      expect(await key.callRemote("turn")).toBe("click");
      key.release();
    });
  });
});

describe.each([false, true])("with unsafeTracebacks %s, at both ends", (unsafeTracebacks) => {
  const options = { client: { unsafeTracebacks }, server: { unsafeTracebacks } };

  it.each(["throw", "reject"] as const)("every kind of error arrives as what it is (%s)", async (how) => {
    const { connection, takeLogged } = await meetInMemory<Shop>(new Shop(), options);
    const kinds: [Sort, string, string][] = [
      ["type", "builtins.TypeError", "wrong"],
      ["plain", "builtins.Exception", "plain"],
      ["own", "app.Own", "own"],
      ["expected", "shop.OutOfStock", "hats is out of stock"],
      ["unnamed", "twisted.spread.pb.Error", "no name"],
    ];
    for (const [sort, type, message] of kinds) {
      const error = await caught(connection.root.callRemote(how, sort));
      expect(error).toMatchObject({ type, message, code: "REMOTE_ERROR" });
      expect(error.remoteTraceback.includes("errors.test")).toBe(unsafeTracebacks);
    }
    expect(takeLogged()).toHaveLength(3);
  });

  it("a registered class arrives as itself, and a missing method as NoSuchMethod", async () => {
    const registry = new Registry();
    registry.registerError(OutOfStock);
    const { connection } = await meetInMemory(new Shop(), {
      client: { ...options.client, registry },
      server: { ...options.server, registry },
    });
    expect(await caught(connection.root.callRemote("throw", "expected"))).toBeInstanceOf(OutOfStock);
    const missing = await caught(connection.root.callRemote("missing"));
    expect(missing.check(NoSuchMethod)).toBe(true);
    expect(missing.check("builtins.AttributeError")).toBe(true);
  });

  it("an error is passed on with the traceback of its origin", async () => {
    const back = await meetInMemory<Shop>(new Shop(), options);
    class Front extends Root {
      async remote_forward() {
        return await back.connection.root.callRemote("throw", "derived");
      }
    }
    const { connection } = await meetInMemory<Front>(new Front(), options);
    const error = await caught(connection.root.callRemote("forward"));
    expect(error).toMatchObject({ type: "shop.SoldOut", data: { item: "hats", left: 0 } });
    expect(error.remoteTraceback.includes("remote_throw")).toBe(unsafeTracebacks);
  });
});

describe("an error that cannot be sent as it is", () => {
  class Odd extends Root {
    remote_fail(error: string): never {
      switch (error) {
        case "long":
          throw new Error("x".repeat(1_000_000));
        case "data":
          throw Object.assign(new PBError("with a function"), { fn: () => {} });
        case "getter":
          throw Object.defineProperty(new PBError("with a getter"), "bad", {
            enumerable: true,
            get: () => {
              throw new Error("no");
            },
          });
        case "message":
          throw Object.defineProperty(new Error("x"), "message", {
            get: () => {
              throw new Error("no message");
            },
          });
        case "constructor":
          throw Object.defineProperty(new Error("x"), "constructor", { value: null });
        default:
          throw new Proxy(new Error("hidden"), {
            get: () => {
              throw new Error("no property");
            },
            getPrototypeOf: () => {
              throw new Error("no prototype");
            },
          });
      }
    }
    async remote_failLater(error: string) {
      await turnOver();
      this.remote_fail(error);
    }
    remote_echo(value: unknown) {
      return value;
    }
  }

  for (const method of ["fail", "failLater"] as const) {
    it.each(["long", "data", "getter", "message", "constructor", "proxy"])(
      `still is an error at the caller, and at nobody else's (${method}: %s)`,
      async (sort) => {
        const { connection, takeLogged } = await meetInMemory<Odd>(new Odd());
        const others = connection.root.callRemote("echo", "before");
        expect(await caught(connection.root.callRemote(method, sort))).toBeInstanceOf(RemoteError);
        expect(await connection.root.callRemote("echo", "after")).toBe("after");
        expect(await others).toBe("before");
        takeLogged();
      },
    );
  }

  it("keeps its name and message when only its data cannot travel", async () => {
    const { connection, takeLogged } = await meetInMemory<Odd>(new Odd());
    expect(await caught(connection.root.callRemote("fail", "data"))).toMatchObject({
      type: "twisted.spread.pb.Error",
      message: "with a function",
    });
    expect(takeLogged()).toHaveLength(1);
  });
});

describe("an error's data", () => {
  it.each([{ dicts: "map" }, { floats: "exact" }] as const)(
    "arrives whatever the options of the values are: %o",
    async (client) => {
      const { connection } = await meetInMemory<Shop>(new Shop(), { client });
      const error = await caught(connection.root.callRemote("throw", "expected"));
      expect(error).toMatchObject({ data: { item: "hats", left: 3 } });
    },
  );
});

describe("a received error that is printed", () => {
  it("says what it was over there and what it said, as any error does", async () => {
    const { connection, takeLogged } = await meetInMemory<Shop>(new Shop());
    const error = await caught(connection.root.callRemote("throw", "own"));
    for (const text of [inspect(error), inspect({ deep: [error] }, { depth: 5 })]) {
      expect(text).toContain("app.Own");
      expect(text).toContain("RemoteError: own");
    }
    expect(String(error)).toBe("RemoteError: own");
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ type: "app.Own", code: "REMOTE_ERROR" });
    takeLogged();
  });
});

describe("the library's own errors", () => {
  it("travel by name when a method lets them through", async () => {
    class Relay extends Root {
      remote_limit(): never {
        throw new LimitExceeded("calls", "too many");
      }
      remote_method(): never {
        throw new NoSuchMethod("No such method: remote_x");
      }
      remote_lost(): never {
        throw new ConnectionLost({ code: "CLOSED", message: "gone" }, "no");
      }
    }
    const { connection, takeLogged } = await meetInMemory<Relay>(new Relay());
    expect(await caught(connection.root.callRemote("limit"))).toMatchObject({ type: "twisted.spread.pb.Error" });
    expect(await caught(connection.root.callRemote("method"))).toMatchObject({
      type: "twisted.spread.flavors.NoSuchMethod",
    });
    expect(await caught(connection.root.callRemote("lost"))).toMatchObject({ type: "builtins.Exception" });
    takeLogged();
  });

  it("are known by brand, so that two copies of the package agree", () => {
    const twin = Object.defineProperty(new Error("of another copy"), Symbol.for("perspective-broker.brands"), {
      value: ["LimitExceeded", "PerspectiveBrokerError"],
    });
    expect(twin).toBeInstanceOf(LimitExceeded);
    expect(twin).not.toBeInstanceOf(RemoteError);
  });
});

describe("a log", () => {
  it("is the console by default: errors and warnings, and not what the peer did wrong", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => void vi.restoreAllMocks());
    const byDefault = { log: undefined as never };
    const { connection } = await meetInMemory(new Shop(), { client: byDefault, server: byDefault });
    await caught(connection.root.callRemote("missing"));
    await caught(connection.root.callRemote("throw", "expected"));
    expect(error).not.toHaveBeenCalled();
    await caught(connection.root.callRemote("throw", "range"));
    connection.root.callRemoteOnly("echo", () => {});
    expect(error.mock.calls).toEqual([[expect.stringContaining("throw"), expect.any(RangeError)]]);
    expect(warn.mock.calls).toEqual([[expect.stringContaining("echo"), expect.objectContaining({ path: "[0]" })]]);
  });

  it("that throws takes nothing with it", async () => {
    const log = () => {
      throw new Error("the log is full");
    };
    const { connection } = await meetInMemory<Shop>(new Shop(), { server: { log } });
    expect(await caught(connection.root.callRemote("throw", "plain"))).toMatchObject({ message: "plain" });
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
  });

  it("is not told of what the peer did wrong, but for the record", async () => {
    const { connection, logged, takeLogged } = await meetInMemory(new Shop());
    await caught(connection.root.callRemote("missing"));
    await caught(connection.object("missing").callRemote("x"));
    await until(() => logged.length >= 2);
    expect(logged.every(({ level }) => level === "debug")).toBe(true);
    expect(takeLogged()).toEqual([]);
  });
});
