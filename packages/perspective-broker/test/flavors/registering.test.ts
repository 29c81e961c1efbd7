// What is registered for a tag (spec §3.10): every shape of it, for whom it holds, and what becomes of a tag that is not.
import { describe, expect, it, onTestFinished } from "vitest";
import {
  Copyable,
  DeclarationError,
  globalRegistry,
  InsecureJelly,
  Registry,
  RemoteCopy,
  RemoteError,
  registerCopyable,
  registerCopyableModule,
  SecurityOptions,
} from "../../src/index.ts";
import { ends } from "../support/ends.ts";
import { Counter, conversation, dictionary, failure, message, Stock } from "../support/flavors.ts";

class Pond extends Copyable<RemotePond> {
  static readonly wireName: string = "pond.Pond";
  frogs = 3;
}

class RemotePond extends RemoteCopy {
  frogs = 0;
}

/** Knows nothing of the wire. */
class Vector {
  readonly #x: number;
  readonly #y: number;
  constructor(x: number, y: number) {
    this.#x = x;
    this.#y = y;
  }
  get pair(): [number, number] {
    return [this.#x, this.#y];
  }
}

const POND = ["pond.Pond", dictionary({ frogs: 3 })] as const;

describe("registerCopyable", () => {
  it("of a class: it goes both ways, under its name for the wire", async () => {
    const registry = new Registry();
    registry.registerCopyable(Pond);
    const { sends, receives } = await conversation({ registry });
    expect(await sends(new Pond())).toEqual([POND]);
    expect(await receives(POND)).toBeInstanceOf(Pond);
  });

  it("of a class with options", async () => {
    const registry = new Registry();
    registry.registerCopyable(Pond, { constructed: false });
    const { receives } = await conversation({ registry });
    expect({ ...((await receives(["pond.Pond", dictionary({})])) as object) }).toEqual({});
  });

  it("of a pair: the sender's class arrives as the receiver's", async () => {
    const registry = new Registry();
    registry.registerCopyable(Pond, RemotePond);
    const { sends, receives } = await conversation({ registry });
    expect(await sends(new Pond())).toEqual([POND]);
    expect(await receives(POND)).toBeInstanceOf(RemotePond);
  });

  it("of a tag with a class", async () => {
    const registry = new Registry();
    registry.registerCopyable("pond.Pond", RemotePond);
    const { receives } = await conversation({ registry });
    expect(await receives(POND)).toEqual(Object.assign(new RemotePond(), { frogs: 3 }));
  });

  it("of a tag with a function", async () => {
    const registry = new Registry();
    registry.registerCopyable("pond.Pond", (state: { frogs: number }) => [state.frogs]);
    const { receives } = await conversation({ registry });
    expect(await receives(POND)).toEqual([3]);
  });

  it("of a class that knows nothing of the wire, with what turns it into a state and back", async () => {
    const registry = new Registry();
    registry.registerCopyable(Vector, {
      name: "geo.Vector",
      encode: ({ pair: [x, y] }) => ({ x, y }),
      decode: ({ x, y }) => new Vector(x, y),
    });
    const { sends, receives } = await conversation({ registry });
    const vector = new Vector(1, 2);
    const form = ["geo.Vector", dictionary({ x: 1, y: 2 })];
    expect(await sends(vector)).toEqual([form]);
    expect(await sends([vector, vector])).toEqual([["list", ["reference", 1, form], ["dereference", 1]]]);
    expect(((await receives(form)) as Vector).pair).toEqual([1, 2]);
  });

  it("what the codec throws fails the call, in both directions", async () => {
    const registry = new Registry();
    registry.registerCopyable(Vector, {
      name: "geo.Vector",
      encode: (): object => {
        throw new RangeError("no way out");
      },
      decode: (): Vector => {
        throw new RangeError("no way in");
      },
    });
    const { root, receives, connection } = await conversation({ registry });
    await expect(root.callRemote("take", new Vector(1, 2))).rejects.toThrow("no way out");
    await expect(receives(["geo.Vector", dictionary({})])).rejects.toThrow("no way in");
    expect(connection.inspect().awaited).toBe(0);
  });

  it("a tag need not have a dot", async () => {
    const registry = new Registry();
    registry.registerCopyable("Pond", RemotePond);
    const { receives } = await conversation({ registry });
    expect(await receives(["Pond", dictionary({})])).toBeInstanceOf(RemotePond);
  });

  it("of a class without a name for the wire, its base's not counting, is refused", () => {
    class Puddle extends Pond {}
    expect(() => new Registry().registerCopyable(Puddle)).toThrow(DeclarationError);
    expect(() => new Registry().registerCopyable(Puddle)).toThrow(/Puddle needs a name for the wire/);
  });

  it("of a tag that stands for another class is refused, and of the same class again is not", () => {
    const registry = new Registry();
    registry.registerCopyable(Pond);
    class Other extends Copyable {
      static readonly wireName = "pond.Pond";
    }
    expect(() => registry.registerCopyable(Other)).toThrow("pond.Pond is registered for another class already");
    registry.registerCopyable(Pond, RemotePond);
  });

  it("of a class whose objects no promise could give is refused", () => {
    class Thenable extends Copyable {
      static readonly wireName = "pond.Thenable";
      // biome-ignore lint/suspicious/noThenProperty: that is what it is about
      then() {}
    }
    expect(() => new Registry().registerCopyable(Thenable)).toThrow(DeclarationError);
  });

  it("is taken back by disposing, also on connections that are open", async () => {
    const registry = new Registry();
    const registered = registry.registerCopyable(Pond);
    const { receives } = await conversation({ registry });
    expect(await receives(POND)).toBeInstanceOf(Pond);
    registered[Symbol.dispose]();
    await expect(receives(POND)).rejects.toThrow(InsecureJelly);
  });

  it("globally, holds for connections without a registry of their own, and for no others", async () => {
    const registered = registerCopyable("pond.Everywhere", RemotePond);
    onTestFinished(() => registered[Symbol.dispose]());
    const form = ["pond.Everywhere", dictionary({ frogs: 1 })];
    const everywhere = await conversation();
    expect(await everywhere.receives(form)).toBeInstanceOf(RemotePond);
    const alone = await conversation({ registry: new Registry() });
    await expect(alone.receives(form)).rejects.toThrow(InsecureJelly);
    expect(globalRegistry).toBeInstanceOf(Registry);
  });

  it("is per connection: one side's classes are nothing to the other's", async () => {
    const registry = new Registry();
    registry.registerCopyable(Pond);
    const counter = new Counter();
    const { connection } = await ends<Counter>(counter, { server: { registry } });
    await connection.root.callRemote("take", new Pond());
    expect(counter.taken[0]).toBeInstanceOf(Pond);
    await expect(connection.root.callRemote("echo", new Pond())).rejects.toThrow(InsecureJelly);
  });
});

describe("registerCopyableModule", () => {
  const module = { Pond, RemotePond, helper: () => {}, LIMIT: 3, Vector, Stock };
  class Lake extends Copyable {
    water = 1;
  }

  it("registers the exported classes that can arrive, under prefix.Name", async () => {
    const registry = new Registry();
    registry.registerCopyableModule(module, "nature");
    const { receives } = await conversation({ registry });
    expect(await receives(["nature.Pond", dictionary({})])).toBeInstanceOf(Pond);
    expect(await receives(["nature.RemotePond", dictionary({})])).toBeInstanceOf(RemotePond);
    for (const name of ["helper", "LIMIT", "Vector", "Stock"]) {
      await expect(receives([`nature.${name}`, dictionary({})])).rejects.toThrow(InsecureJelly);
    }
  });

  it("under Name alone, for an empty prefix", async () => {
    const registry = new Registry();
    registry.registerCopyableModule({ RemotePond }, "");
    const { receives } = await conversation({ registry });
    expect(await receives(["RemotePond", dictionary({})])).toBeInstanceOf(RemotePond);
  });

  it("its Copyables are sent under that name; they need no other", async () => {
    const registry = new Registry();
    registry.registerCopyableModule({ Lake }, "nature");
    const { sends } = await conversation({ registry });
    expect(await sends(new Lake())).toEqual([["nature.Lake", dictionary({ water: 1 })]]);
  });

  it("is taken back as one; globally, too", async () => {
    const registered = registerCopyableModule({ RemotePond }, "nature");
    const { receives } = await conversation();
    expect(await receives(["nature.RemotePond", dictionary({})])).toBeInstanceOf(RemotePond);
    registered[Symbol.dispose]();
    await expect(receives(["nature.RemotePond", dictionary({})])).rejects.toThrow(InsecureJelly);
  });
});

describe("a tag that is not registered", () => {
  it("in arguments: Twisted's text on the wire; this side's log has the call that would admit it", async () => {
    const { connection, peer, logged } = await conversation();
    connection.publish("counter", new Counter());
    peer.says(message(1, "counter", "take", POND));
    expect(failure(await peer.hears())).toEqual({
      request: 1,
      type: "twisted.spread.jelly.InsecureJelly",
      text: "Module pond not allowed (in type pond.Pond).",
    });
    expect(logged).toHaveLength(1);
    const hint =
      '"pond.Pond" is not registered at this side; registerCopyable("pond.Pond", Class), or registerError for an error, would admit it';
    expect(logged[0]).toMatchObject({ level: "debug", error: { name: "InsecureJelly", cause: { message: hint } } });
  });

  it("in arguments: the caller gets it as an InsecureJelly of the other side's, and the connection stays", async () => {
    const { connection } = await ends<Counter>(new Counter());
    const error = await connection.root.callRemote("take", new Pond()).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(RemoteError);
    expect((error as RemoteError).check(InsecureJelly)).toBe(true);
    expect((error as RemoteError).message).toBe("Module pond not allowed (in type pond.Pond).");
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
  });

  it("in an answer: that call fails with the call that would admit it, and the connection stays", async () => {
    const counter = new Counter();
    counter.given = new Pond();
    const { connection } = await ends<Counter>(counter);
    const error = await connection.root.callRemote("get").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InsecureJelly);
    expect(error).toMatchObject({
      message: "Module pond not allowed (in type pond.Pond).",
      cause: { message: expect.stringContaining('registerCopyable("pond.Pond", Class)') },
    });
    expect(await connection.root.callRemote("echo", 1)).toBe(1);
  });

  it("in an error: that call fails likewise", async () => {
    const { root, peer, connection } = await conversation();
    const result = root.callRemote("get");
    await peer.hears();
    peer.says(["error", 1, POND]);
    await expect(result).rejects.toThrow(InsecureJelly);
    expect(connection.inspect().awaited).toBe(0);
  });

  it("without a dot: Python's text for it", async () => {
    const { receives } = await conversation();
    await expect(receives(["pond", dictionary({})])).rejects.toMatchObject({
      message: "b'pond'",
      cause: { message: expect.stringContaining('registerCopyable("pond", Class)') },
    });
  });

  it("§3.9 with security options of one's own, a registered tag with a dot needs no permission, one without does", async () => {
    const registry = new Registry();
    registry.registerCopyable("pond.Pond", RemotePond);
    registry.registerCopyable("Pond", RemotePond);
    const security = new SecurityOptions().allowBasicTypes();
    const { receives } = await conversation({ registry, security });
    expect(await receives(POND)).toBeInstanceOf(RemotePond);
    await expect(receives(["Pond", dictionary({})])).rejects.toThrow("b'Pond'");
    security.allowTypes("Pond");
    const later = await conversation({ registry, security });
    expect(await later.receives(["Pond", dictionary({})])).toBeInstanceOf(RemotePond);
  });

  it("is refused as often as it comes, whatever it looks like", async () => {
    const { receives } = await conversation();
    for (const tag of ["__proto__.x", "constructor.x", "a.b.c", ".", "x.", ".x", "toString.x"]) {
      await expect(receives([tag, dictionary({})])).rejects.toThrow(InsecureJelly);
    }
    for (const tag of ["constructor", "hasOwnProperty", "__proto__"]) {
      await expect(receives([tag, dictionary({})])).rejects.toThrow(InsecureJelly);
    }
  });

  it("a cache of such a tag is given back", async () => {
    const { receives, peer } = await conversation();
    await expect(receives(["pond.Cache", 5, dictionary({})])).rejects.toThrow(InsecureJelly);
    expect(await peer.hearsAll()).toEqual([["decache", 5]]);
    peer.says(["uncache", 5]);
    expect(await peer.hearsAll()).toEqual([]);
    expect(peer.ended).toBe(false);
  });
});
