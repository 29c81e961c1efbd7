// `static schemas`: what is checked, what the method gets, and what the caller is told. With schemas written by hand, which say
// exactly what the standard says, and with Zod's.
import { describe, expect, it, vi } from "vitest";
import { z } from "zod";
import {
  Anonymous,
  type ArgumentIssue,
  Avatar,
  allowAnonymous,
  type Connection,
  currentCall,
  DeclarationError,
  InvalidArguments,
  Keywords,
  kw,
  ObservableCacheable,
  type ParameterNames,
  Portal,
  Referenceable,
  Registry,
  RemoteCache,
  RemoteError,
  type RemoteReference,
  Root,
  type Schemas,
  type StandardSchemaV1,
  Viewable,
} from "../../src/index.ts";
import { until } from "../support/ends.ts";
import { everywhere, inEveryDialect, meetInMemory } from "../support/everywhere.ts";

type Answer<T> = ReturnType<StandardSchemaV1<unknown, T>["~standard"]["validate"]>;

/** A Standard Schema with nothing around it. */
function schema<T>(validate: (value: unknown) => Answer<T>): StandardSchemaV1<unknown, T> {
  return { "~standard": { version: 1, vendor: "test", validate } };
}

const text = schema<string>((value) =>
  typeof value === "string" ? { value } : { issues: [{ message: "must be a text" }] },
);
const positive = schema<number>((value) =>
  typeof value === "number" && value > 0 ? { value } : { issues: [{ message: "must be positive" }] },
);
const anything = schema<any>((value) => ({ value }));
const refusing = (...issues: { message: string; path?: PropertyKey[] }[]) => schema<never>(() => ({ issues }));

/** What a call fails with. */
async function failureOf(call: PromiseLike<unknown>): Promise<RemoteError> {
  try {
    await call;
  } catch (error) {
    return error as RemoteError;
  }
  return expect.fail("the call did not fail");
}

/** What was wrong, as it came with the error. */
const issuesOf = ({ data }: RemoteError) => data.issues as ArgumentIssue[];

class Bank extends Root {
  static readonly parameters: ParameterNames<Bank> = { transfer: ["from", "to", "amount?"] };
  static readonly schemas: Schemas<Bank> = {
    deposit: { args: [text, positive] },
    transfer: { args: [text, text, z.number().positive().default(1)] },
    order: { args: [z.object({ items: z.array(z.object({ item: z.string(), count: z.int() })) })] },
    parse: { args: [z.coerce.number(), z.string().transform((value) => value.length)] },
    sum: { args: [text], rest: positive },
    close: { args: [] },
    known: { args: [schema<string>(async (value) => ({ value: `${await lookUp(value)}!` }))] },
    log: { args: [text, z.custom<Keywords>((value) => value instanceof Keywords).optional()] },
    optional: { args: [text, z.number().optional(), z.number().nullish()] },
    broken: {
      args: [
        schema<string>(() => {
          throw new SyntaxError("a bug of the schema's");
        }),
      ],
    },
  };
  readonly seen: unknown[] = [];
  remote_deposit(account: string, amount: number) {
    this.seen.push([account, amount]);
    return amount;
  }
  remote_transfer(...args: [from: string, to: string, amount?: number]) {
    return args;
  }
  remote_order(order: { items: { item: string; count: number }[] }) {
    return order.items.length;
  }
  remote_parse(...args: [number: number, length: number]) {
    return args;
  }
  remote_sum(...[name, ...values]: [string, ...number[]]) {
    return `${name} ${values.reduce((sum, value) => sum + value, 0)}`;
  }
  remote_close() {
    return "closed";
  }
  async remote_known(name: string) {
    this.seen.push(name);
    return [name, currentCall().method];
  }
  remote_log(...args: [text: string, options?: Keywords]) {
    return [args.length, args[1]?.toObject() ?? null];
  }
  remote_optional(...args: [name: string, a?: number, b?: number | null]) {
    return [args.length, ...args.map((value) => (value === undefined ? "undefined" : value))];
  }
  remote_broken(name: string) {
    return name;
  }
  remote_free(...args: unknown[]) {
    this.seen.push("free");
    return args;
  }
}

async function lookUp(name: unknown): Promise<unknown> {
  await new Promise((resolve) => setTimeout(resolve, 5));
  if (name === "gone") throw new RangeError("the database is gone");
  return name;
}

everywhere((meet, place) => {
  describe("the arguments of a method with schemas", () => {
    it("reach it if they are right", async () => {
      const { connection } = await meet<Bank>(new Bank());
      expect(await connection.root.callRemote("deposit", "mine", 5)).toBe(5);
      expect(await connection.root.callRemote("order", { items: [{ item: "soap", count: 2 }] })).toBe(1);
      expect(await connection.root.callRemote("close")).toBe("closed");
    });

    it("are what the schemas make of them", async () => {
      const { connection } = await meet(new Bank());
      expect(await connection.root.callRemote("parse", "12", "four")).toEqual([12, 4]);
      expect(await connection.root.callRemote("transfer", "a", "b")).toEqual(["a", "b", 1]);
    });

    it("fail the call if they are wrong, and the method does not run", async () => {
      const bank = new Bank();
      const { connection, logged } = await meet<Bank>(bank);
      const error = await failureOf(connection.root.callRemote("deposit", "mine", -5));
      expect(error).toBeInstanceOf(RemoteError);
      expect(error.message).toBe("deposit: argument 1: must be positive");
      expect(error.type).toBe("perspective_broker.InvalidArguments");
      expect(error.check(InvalidArguments)).toBe(true);
      expect(error.check(TypeError)).toBe(true);
      expect(error.data).toEqual({
        code: "INVALID_ARGUMENTS",
        issues: [{ path: [1], message: "must be positive" }],
      });
      expect(bank.seen).toEqual([]);
      expect(logged).toMatchObject([
        { level: "debug", message: "deposit failed", error: { name: "InvalidArguments" } },
      ]);
    });

    it("are told by the way that leads to what is wrong, all of them", async () => {
      const { connection } = await meet(new Bank());
      const order = { items: [{ item: "soap", count: 1 }, { item: 5, count: 1.5 }, {}] };
      const error = await failureOf(connection.root.callRemote("order", order));
      const issues = issuesOf(error);
      expect(issues.map(({ path }) => path)).toEqual([
        [0, "items", 1, "item"],
        [0, "items", 1, "count"],
        [0, "items", 2, "item"],
        [0, "items", 2, "count"],
      ]);
      expect(error.message).toMatch(
        /^order: argument 0 at items\[1\]\.item: \S.*; argument 0 at items\[1\]\.count: .*; and 1 more$/,
      );
      const both = await failureOf(connection.root.callRemote("deposit", 5, "mine"));
      expect(both.message).toBe("deposit: argument 0: must be a text; argument 1: must be positive");
    });

    it("come as the error itself where its class is registered", async () => {
      const registry = new Registry();
      registry.registerError(InvalidArguments);
      const { connection } = await meet<Bank>(new Bank(), { client: { registry } });
      const error = await failureOf(connection.root.callRemote("deposit", "mine", 0));
      expect(error).toBeInstanceOf(InvalidArguments);
      expect(error).toMatchObject({
        name: "InvalidArguments",
        code: "INVALID_ARGUMENTS",
        message: "deposit: argument 1: must be positive",
        issues: [{ path: [1], message: "must be positive" }],
      });
    });

    it("are undefined for a schema where they are missing", async () => {
      const { connection } = await meet(new Bank());
      const error = await failureOf(connection.root.callRemote("deposit"));
      expect(error.message).toBe("deposit: argument 0: must be a text; argument 1: must be positive");
      expect(await connection.root.callRemote("optional", "a")).toEqual([1, "a"]);
    });

    it("are undefined where an undefined was sent before others, and null in Twisted's dialects", async () => {
      const { connection } = await meet(new Bank());
      expect(await connection.root.callRemote("optional", "a", 1, undefined)).toEqual([2, "a", 1]);
      const between = connection.root.callRemote("optional", "a", undefined, 1);
      if (place.native) expect(await between).toEqual([3, "a", "undefined", 1]);
      else expect((await failureOf(between)).data).toMatchObject({ issues: [{ path: [1] }] });
      expect(await connection.root.callRemote("optional", "a", 1, null)).toEqual([3, "a", 1, null]);
    });

    it("may not be more than there are schemas", async () => {
      const { connection } = await meet(new Bank());
      expect(await failureOf(connection.root.callRemote("close", 1))).toMatchObject({
        message: "close: argument 0: is not expected",
        data: { issues: [{ path: [0], message: "is not expected" }] },
      });
      expect(await failureOf(connection.root.callRemote("deposit", "mine", 5, kw({ to: "me" })))).toMatchObject({
        message: "deposit: argument 2: keywords are not expected",
      });
    });

    it("are checked one by one where there may be any number", async () => {
      const { connection } = await meet<Bank>(new Bank());
      expect(await connection.root.callRemote("sum", "all", 1, 2, 3)).toBe("all 6");
      expect(await connection.root.callRemote("sum", "none")).toBe("none 0");
      expect(await failureOf(connection.root.callRemote("sum", "all", 1, -2, 3))).toMatchObject({
        message: "sum: argument 2: must be positive",
      });
    });

    it("are not looked at in a method that has no schemas", async () => {
      const { connection } = await meet(new Bank());
      expect(await connection.root.callRemote("free", 1, { a: [2] })).toEqual([1, { a: [2] }]);
    });
  });

  describe("keywords of a method with schemas", () => {
    it("are checked in the places of the parameters", async () => {
      const { connection } = await meet<Bank>(new Bank());
      expect(await connection.root.callRemote("transfer", "a", kw({ amount: 3, to: "b" }))).toEqual(["a", "b", 3]);
      expect(await connection.root.callRemote("transfer", kw({ from: "a", to: "b" }))).toEqual(["a", "b", 1]);
    });

    it("are called by their names, and other arguments by both", async () => {
      const { connection } = await meet(new Bank());
      const error = await failureOf(connection.root.callRemote("transfer", 1, kw({ to: 2, amount: "much" })));
      const issues = issuesOf(error);
      expect(issues.map(({ path }) => path)).toEqual([[0], ["to"], ["amount"]]);
      expect(error.message).toMatch(
        /^transfer: argument 0 \(from\): must be a text; argument to: must be a text; argument amount: /,
      );
    });

    it("that do not fit the names are a TypeError before any schema is asked", async () => {
      const { connection } = await meet(new Bank());
      expect(await failureOf(connection.root.callRemote("transfer", 1))).toMatchObject({
        type: "builtins.TypeError",
        message: "transfer() missing the argument 'to'",
      });
    });

    it("are a last argument where the class names no parameters", async () => {
      const { connection } = await meet(new Bank());
      expect(await connection.root.callRemote("log", "a", kw({ level: 3 }))).toEqual([2, { level: 3 }]);
      expect(await connection.root.callRemote("log", "a")).toEqual([1, null]);
      expect(await failureOf(connection.root.callRemote("log", "a", 3))).toMatchObject({
        data: { issues: [{ path: [1] }] },
      });
    });
  });

  describe("a schema that is asynchronous", () => {
    it("is awaited, and the method belongs to the call as ever", async () => {
      const { connection } = await meet<Bank>(new Bank());
      expect(await connection.root.callRemote("known", "me")).toEqual(["me!", "known"]);
    });

    it("lets later calls overtake its own", async () => {
      const bank = new Bank();
      const { connection } = await meet<Bank>(bank);
      const known = connection.root.callRemote("known", "me");
      await connection.root.callRemote("free");
      await known;
      expect(bank.seen).toEqual(["free", "me!"]);
    });

    it("fails the call by what it throws, which is logged", async () => {
      const { connection, takeLogged } = await meet<Bank>(new Bank());
      expect(await failureOf(connection.root.callRemote("known", "gone"))).toMatchObject({
        type: "builtins.ValueError",
        message: "the database is gone",
      });
      expect(takeLogged()).toMatchObject([{ level: "error", message: "known failed unexpectedly" }]);
    });
  });

  it("a schema that throws is an unexpected error", async () => {
    const { connection, takeLogged } = await meet<Bank>(new Bank());
    expect(await failureOf(connection.root.callRemote("broken", "a"))).toMatchObject({
      type: "builtins.Exception",
      message: "a bug of the schema's",
    });
    expect(takeLogged()).toMatchObject([{ level: "error", error: { name: "SyntaxError" } }]);
  });

  it("a call without an answer is refused as quietly", async () => {
    const bank = new Bank();
    const { connection, logged } = await meet(bank);
    connection.root.callRemoteOnly("deposit", "mine", -5);
    await until(() => logged.length > 0, "the refusal");
    expect(logged).toMatchObject([{ level: "debug" }]);
    expect(bank.seen).toEqual([]);
  });

  describe("schemas of a subclass", () => {
    class Branch extends Bank {
      static override readonly schemas: Schemas<Branch> = {
        open: { args: [z.boolean()] },
        close: { args: [] },
        deposit: { args: [text, z.number()] },
      };
      remote_open(open: boolean) {
        return open;
      }
      override remote_deposit(account: string, amount: number) {
        return super.remote_deposit(account, amount) * 2;
      }
      override remote_sum(...args: [string, ...number[]]) {
        return super.remote_sum(...args).toUpperCase();
      }
    }

    it("add to those of its base, and go before them", async () => {
      const { connection } = await meet<Branch>(new Branch());
      const { root } = connection;
      expect(await root.callRemote("open", true)).toBe(true);
      expect(await failureOf(root.callRemote("open", "yes" as never))).toMatchObject({ data: { issues: [{}] } });
      expect(await root.callRemote("deposit", "mine", -5)).toBe(-10);
      expect(await root.callRemote("sum", "all", 2)).toBe("ALL 2");
      expect(await failureOf(root.callRemote("sum", "all", -2))).toMatchObject({
        message: "sum: argument 1: must be positive",
      });
    });
  });

  describe("of the other flavours", () => {
    class User extends Avatar {
      static readonly schemas: Schemas<User> = { say: { args: [text] } };
      perspective_say(words: string) {
        return words.toUpperCase();
      }
      perspective_room() {
        return room;
      }
    }
    class Room extends Viewable {
      static readonly parameters: ParameterNames<Room> = { say: ["words", "times?"] };
      static readonly schemas: Schemas<Room> = {
        say: { args: [text, z.coerce.number().default(1)] },
        later: { args: [schema<number>(async (value) => ({ value: Number(value) + 1 }))] },
      };
      view_say(from: User | null, words: string, times = 0) {
        return [from instanceof User, words.repeat(times)];
      }
      view_later(from: User | null, n: number) {
        return [from instanceof User, n];
      }
    }
    const room = new Room();
    const portal = () =>
      new Portal({ requestAvatar: () => ({ avatar: new User() }) }, { checkers: [allowAnonymous()] });

    it("an avatar's perspective_ methods are checked", async () => {
      const { connection } = await meet(portal());
      using user = await connection.login<User>(new Anonymous());
      expect(await user.callRemote("say", "hi")).toBe("HI");
      expect(await failureOf(user.callRemote("say", 5 as never))).toMatchObject({
        message: "say: argument 0: must be a text",
      });
    });

    it("a view's methods are, counted from after the avatar", async () => {
      const { connection } = await meet(portal());
      using user = await connection.login<User>(new Anonymous());
      using view: RemoteReference = await user.callRemote("room");
      expect(await view.callRemote("say", "hi", kw({ times: "2" }))).toEqual([true, "hihi"]);
      expect(await view.callRemote("say", "hi")).toEqual([true, "hi"]);
      expect(await view.callRemote("later", 1)).toEqual([true, 2]);
      expect(await failureOf(view.callRemote("say", 5))).toMatchObject({
        message: "say: argument 0 (words): must be a text",
      });
    });
  });

  describe("a cache with schemas", () => {
    class RemoteStock extends RemoteCache {
      static readonly parameters: ParameterNames<RemoteStock> = { price: ["price", "currency?"] };
      static readonly schemas: Schemas<RemoteStock> = {
        price: { args: [positive, z.string().default("EUR")] },
        later: { args: [schema<number>(async (value) => ({ value: Number(await lookUp(value)) }))] },
      };
      readonly heard: unknown[] = [];
      observe_price(...args: [price: number, currency?: string]) {
        this.heard.push(...args);
      }
      observe_later(price: number) {
        this.heard.push(price);
      }
    }
    class Stock extends ObservableCacheable<RemoteStock> {
      static readonly wireName = "shop.Stock";
    }
    const trading = async () => {
      const stock = new Stock();
      class Shop extends Root {
        remote_stock() {
          return stock;
        }
      }
      const registry = new Registry();
      registry.registerCopyable("shop.Stock", RemoteStock);
      const { connection } = await meet(new Shop(), { client: { registry } });
      const copy = (await connection.root.callRemote("stock")) as RemoteStock;
      const changes: unknown[] = [];
      copy.onChange((change) => void changes.push(change));
      return { stock, copy, changes };
    };

    it("has its messages checked, and those who listen are told what was carried out", async () => {
      const { stock, copy, changes } = await trading();
      await stock.observers.callRemote("price", 5);
      await stock.observers.callRemote("price", 6, kw({ currency: "USD" }));
      const [result] = await stock.observers.callRemote("price", -1);
      expect(result).toMatchObject({
        status: "rejected",
        reason: { message: "price: argument 0 (price): must be positive" },
      });
      expect(copy.heard).toEqual([5, "EUR", 6, "USD"]);
      expect(changes).toEqual([
        { message: "price", args: [5, "EUR"] },
        { message: "price", args: [6, "USD"] },
      ]);
      copy.release();
    });

    it("carries out nothing when a schema is ready only after the copy was given back", async () => {
      const { stock, copy, changes } = await trading();
      await stock.observers.callRemote("later", 1);
      expect(copy.heard).toEqual([1]);
      const told = stock.observers.callRemote("later", 2);
      copy.release();
      await told;
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(copy.heard).toEqual([1]);
      expect(changes).toHaveLength(1);
    });
  });
});

describe("schemas that are synchronous", () => {
  it("leave the call so", () => {
    const bank = new Bank();
    expect(bank.remoteMessageReceived("deposit", ["mine", 5], undefined)).toBe(5);
    expect(bank.remoteMessageReceived("close", [], undefined)).toBe("closed");
    expect(() => bank.remoteMessageReceived("deposit", ["mine", -5], undefined)).toThrow(InvalidArguments);
  });
});

describe("a local object that is called", () => {
  it("has its arguments checked, too", async () => {
    const bank: Bank & { callRemote: any } = new Bank();
    expect(await bank.callRemote("transfer", "a", kw({ to: "b" }))).toEqual(["a", "b", 1]);
    const error = await failureOf(bank.callRemote("deposit", "mine", -5));
    expect(error).toBeInstanceOf(InvalidArguments);
    expect((error as unknown as InvalidArguments).issues).toEqual([{ path: [1], message: "must be positive" }]);
  });
});

describe("a class that says nothing of schemas", () => {
  it("gets the very arguments that came", () => {
    class Plain extends Referenceable {
      given: unknown;
      remote_take(...args: unknown[]) {
        this.given = args[0];
      }
    }
    const plain = new Plain();
    const value = {};
    plain.remoteMessageReceived("take", [value], undefined);
    expect(plain.given).toBe(value);
  });
});

describe("schemas of other libraries", () => {
  it("may be functions, and have their properties by a getter", async () => {
    const called: unknown[] = [];
    class Lazy {
      get "~standard"() {
        return { version: 1 as const, vendor: "test", validate: (value: unknown) => called.push(this) && { value } };
      }
    }
    const lazy = new Lazy();
    const callable = Object.assign(() => {}, anything);
    class Thing extends Referenceable {
      static readonly schemas = { take: { args: [callable, lazy] } };
      remote_take(...args: unknown[]) {
        return args;
      }
    }
    expect(await (new Thing() as any).callRemote("take", 1, 2)).toEqual([1, 2]);
    expect(called).toEqual([lazy]);
  });
});

describe("a class that declares its schemas wrongly", () => {
  const none: any = (statics: object) =>
    Object.assign(
      class Wrong extends Referenceable {
        remote_add(a: number, b: number) {
          return a + b;
        }
      },
      statics,
    );

  it.each([
    ["for a method that is not there", { schemas: { missing: { args: [] } } }, "there is no remote_missing"],
    ["that are no object", { schemas: 5 }, "must be an object"],
    ["without args", { schemas: { add: {} } }, "add: must have its schemas in a list, args"],
    ["as a list", { schemas: { add: [anything, anything] } }, "add: must have its schemas in a list, args"],
    ["that are none", { schemas: { add: { args: [anything, String] } } }, "args[1] is no Standard Schema"],
    ["with a hole", { schemas: { add: { args: [anything, undefined] } } }, "args[1] is no Standard Schema"],
    [
      "of another version",
      { schemas: { add: { args: [{ "~standard": { version: 2, validate: () => {} } }] } } },
      "args[0] is no Standard Schema",
    ],
    ["with a rest that is none", { schemas: { add: { args: [], rest: {} } } }, "rest is no Standard Schema"],
    [
      "that are fewer than its names",
      { parameters: { add: ["a", "b"] }, schemas: { add: { args: [anything] } } },
      "1 schemas for add, and static parameters 2 names",
    ],
  ])("%s is refused when an object of it is first exported", async (_what, statics, message) => {
    const kind = none(statics);
    const { connection, server } = await meetInMemory(new Bank());
    const error = await failureOf(connection.root.callRemote("free", new kind()));
    expect(error).toBeInstanceOf(DeclarationError);
    expect(error.message).toContain(message);
    expect(() => server.publish("wrong", new kind())).toThrow(DeclarationError);
  });

  it("is not refused for an entry that is undefined", () => {
    const kind = none({ schemas: { add: undefined } });
    expect(() => Referenceable.checkDeclarations(new kind())).not.toThrow();
  });
});

inEveryDialect((meet) => {
  describe("what a schema says of hostile input", () => {
    const saying = async (...schemas: StandardSchemaV1<unknown, any>[]) => {
      class Thing extends Root {
        static readonly schemas = { take: { args: schemas, rest: refusing({ message: "no" }) } };
        remote_take() {}
      }
      const { connection } = await meet(new Thing());
      return async (...args: unknown[]) => {
        const error = await failureOf((connection as Connection<any>).root.callRemote("take", ...args));
        return { message: error.message, issues: issuesOf(error) };
      };
    };

    it("is told in no more than 20 issues", async () => {
      const validate = vi.fn(() => ({ issues: [{ message: "no" }] }));
      const take = await saying(refusing(...Array.from({ length: 15 }, () => ({ message: "no" }))), schema(validate));
      const { issues, message } = await take(...Array.from({ length: 1000 }, () => 0));
      expect(issues).toHaveLength(20);
      expect(issues.at(-1)?.path).toEqual([5]);
      expect(message).toBe("take: argument 0: no; argument 0: no; argument 0: no; and 17 more");
      expect(validate).toHaveBeenCalledTimes(1);
    });

    it("is cut after 200 characters, and never inside of one", async () => {
      const long = `${"x".repeat(198)}😀😀`;
      const take = await saying(refusing({ message: long, path: [long, ...Array(1000).fill(1)] }));
      const { issues, message } = await take(0);
      const [issue] = issues;
      expect(issue?.message).toHaveLength(200);
      expect(issue?.message).toMatch(/^x{198}\ufffd…$/);
      expect(issue?.path).toHaveLength(21);
      expect(issue?.path[1]).toHaveLength(200);
      expect(message.length).toBeLessThan(500);
    });

    it("stays on one line of a log", async () => {
      const take = await saying(refusing({ message: "no\nerror: all is lost\u009b", path: ["a\nb", "c d", "ok"] }));
      const { message } = await take(0);
      expect(message).toBe('take: argument 0 at ["a\\nb"]["c d"].ok: no error: all is lost ');
    });

    it("may have keys of every kind on the way", async () => {
      const steps = [Symbol("s"), { key: "k" }, { key: 3 }, 1.5, "__proto__"] as never;
      const take = await saying(refusing({ message: "no", path: steps }));
      expect(await take(0)).toMatchObject({ issues: [{ path: [0, "Symbol(s)", "k", 3, "1.5", "__proto__"] }] });
    });

    it("is refused also without a reason", async () => {
      const take = await saying(refusing());
      expect(await take(0)).toEqual({
        message: "take: argument 0: is refused",
        issues: [{ path: [0], message: "is refused" }],
      });
    });
  });
});
