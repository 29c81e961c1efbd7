// Copies (spec §6.4, §3.4, §3.5): the form of each, what it becomes over there, and structure that refers to itself.
import { describe, expect, it, vi } from "vitest";
import {
  Copyable,
  type ParameterNames,
  Referenceable,
  Registry,
  RemoteCopy,
  RemoteError,
  type RemoteReference,
  Root,
  tuple,
} from "../../src/index.ts";
import { ends } from "../support/ends.ts";
import { Counter, conversation, dictionary, failure, message, NONE, text } from "../support/flavors.ts";
import type { Term } from "../support/raw-peer.ts";

class Point extends Copyable {
  static readonly wireName: string = "geo.Point";
  x: unknown;
  y: unknown;
  constructor(x: unknown = 0, y: unknown = 0) {
    super();
    this.x = x;
    this.y = y;
  }
}

/** A copy whose state is what it was given. */
class Parcel extends Copyable {
  static readonly wireName: string = "geo.Parcel";
  state: object;
  constructor(state: object = {}) {
    super();
    this.state = state;
  }
  override getStateToCopy(): object {
    return this.state;
  }
}

class RemotePoint extends RemoteCopy {
  static made = 0;
  x = 7;
  readonly early = true;
  constructor() {
    super();
    RemotePoint.made++;
  }
}

class Node extends Copyable {
  static readonly wireName: string = "geo.Node";
  name = "";
  next: unknown = null;
  others: unknown = null;
}

function geography(): Registry {
  const registry = new Registry();
  registry.registerCopyable(Point);
  registry.registerCopyable(Node);
  return registry;
}

function node(name: string): Node {
  return Object.assign(new Node(), { name });
}

describe("§6.4 what a sender writes", () => {
  it("is [tag state]: the class's name for the wire, and the own enumerable properties", async () => {
    const { sends } = await conversation();
    const point = Object.defineProperty(new Point(1, 2), "hidden", { value: 3 });
    expect(await sends(point)).toEqual([["geo.Point", dictionary({ x: 1, y: 2 })]]);
  });

  it("is the tag of getTypeToCopy, and the state of getStateToCopy", async () => {
    class Sealed extends Point {
      override getTypeToCopy() {
        return "geo.Sealed";
      }
      override getStateToCopy() {
        return { sum: 3 };
      }
    }
    const { sends } = await conversation();
    expect(await sends(new Sealed(1, 2))).toEqual([["geo.Sealed", dictionary({ sum: 3 })]]);
  });

  it("getTypeToCopyFor and getStateToCopyFor are asked with the perspective; null where there is none", async () => {
    const asked: unknown[] = [];
    class Chosen extends Point {
      override getTypeToCopyFor(perspective: unknown) {
        asked.push(perspective);
        return "geo.Chosen";
      }
      override getStateToCopyFor(perspective: unknown) {
        asked.push(perspective);
        return { for: "nobody" };
      }
    }
    const { sends } = await conversation();
    expect(await sends(new Chosen())).toEqual([["geo.Chosen", dictionary({ for: text("nobody") })]]);
    expect(asked).toEqual([null, null]);
  });

  it("a class that chooses its tag keeps its choice when it is registered", async () => {
    class Chosen extends Point {
      static override readonly wireName = "geo.Registered";
      override getTypeToCopyFor() {
        return "geo.Chosen";
      }
    }
    const registry = new Registry();
    registry.registerCopyable(Chosen);
    const { sends } = await conversation({ registry });
    expect(await sends(new Chosen(1, 2))).toEqual([["geo.Chosen", dictionary({ x: 1, y: 2 })]]);
  });

  it("a state may be a Map, with keys of any kind", async () => {
    const { sends } = await conversation();
    const state = new Map<unknown, unknown>([
      ["a", 1],
      [2, 3],
    ]);
    expect(await sends(new Parcel(state))).toEqual([["geo.Parcel", ["dictionary", [text("a"), 1], [2, 3]]]]);
  });

  it("each property is read once, and what is undefined is left out", async () => {
    const { sends } = await conversation();
    let reads = 0;
    const state = {
      get n() {
        return ++reads;
      },
      gone: undefined,
    };
    expect(await sends(new Parcel(state))).toEqual([["geo.Parcel", dictionary({ n: 1 })]]);
  });

  it("the same object twice in one run is shared; the state method runs once", async () => {
    const { sends } = await conversation();
    const point = new Point(1, 2);
    const state = vi.spyOn(point, "getStateToCopyFor");
    const form = ["geo.Point", dictionary({ x: 1, y: 2, getStateToCopyFor: 0 })];
    state.mockReturnValue({ x: 1, y: 2, getStateToCopyFor: 0 });
    expect(await sends(point, [point])).toEqual([
      ["reference", 1, form],
      ["list", ["dereference", 1]],
    ]);
    expect(state).toHaveBeenCalledTimes(1);
  });

  it("in a later message it is a new copy", async () => {
    const { sends } = await conversation();
    const point = new Point(1, 2);
    const first = await sends(point);
    point.x = 5;
    expect(first).toEqual([["geo.Point", dictionary({ x: 1, y: 2 })]]);
    expect(await sends(point)).toEqual([["geo.Point", dictionary({ x: 5, y: 2 })]]);
  });

  it("one that refers to itself is fine", async () => {
    const { sends } = await conversation();
    const point = new Point();
    point.x = point;
    point.y = [point];
    expect(await sends(point)).toEqual([
      ["reference", 1, ["geo.Point", dictionary({ x: ["dereference", 1], y: ["list", ["dereference", 1]] })]],
    ]);
  });

  it("a state method that throws fails the caller's call; nothing is sent, and no request id is used", async () => {
    const { root, peer } = await conversation();
    class Broken extends Point {
      override getStateToCopy(): object {
        throw new RangeError("no state today");
      }
    }
    await expect(root.callRemote("take", new Referee(), new Broken())).rejects.toThrow("no state today");
    root.callRemoteOnly("take");
    expect(await peer.hearsAll()).toEqual([["message", 1, "root", "take", 0, ["tuple"], ["dictionary"]]]);
  });

  it("a state method that throws is an error answer at the callee, and logged", async () => {
    const { connection, peer, logged } = await conversation();
    class Shop extends Counter {
      override remote_get() {
        return [
          new Referee(),
          new (class extends Point {
            override getStateToCopy(): object {
              throw new RangeError("no state today");
            }
          })(),
        ];
      }
    }
    connection.publish("shop", new Shop());
    peer.says(message(1, "shop", "get"));
    expect(failure(await peer.hears())).toEqual({ request: 1, type: "builtins.ValueError", text: "no state today" });
    expect(connection.inspect().exports).toEqual([]);
    expect(logged.map(({ level }) => level)).toEqual(["error"]);
  });

  it("a class without a name for the wire says which", async () => {
    class Nameless extends Copyable {}
    const { root } = await conversation();
    await expect(root.callRemote("take", new Nameless())).rejects.toThrow(
      'Nameless needs a name for the wire: static wireName = "app.Nameless"',
    );
  });
});

class Referee extends Referenceable {
  static readonly parameters: ParameterNames<Referee> = {};
}

describe("§6.4 what a receiver makes of it", () => {
  it("an object of the registered class, with the state as its properties", async () => {
    const { receives } = await conversation({ registry: geography() });
    const copy = await receives(["geo.Point", dictionary({ x: 1, z: text("more") })]);
    expect(copy).toBeInstanceOf(Point);
    expect({ ...(copy as object) }).toEqual({ x: 1, y: 0, z: "more" });
  });

  it("by its constructor, so that private fields are there", async () => {
    class Counted extends RemoteCopy {
      #total = 0;
      override setCopyableState(state: { n: number }) {
        this.#total += state.n;
      }
      get total() {
        return this.#total;
      }
    }
    const registry = new Registry();
    registry.registerCopyable("geo.Counted", Counted);
    const { receives } = await conversation({ registry });
    expect(await receives(["geo.Counted", dictionary({ n: 5 })])).toMatchObject({ total: 5 });
  });

  it("or by its state alone, as Twisted does: the constructor does not run", async () => {
    const registry = new Registry();
    registry.registerCopyable("geo.Point", RemotePoint, { constructed: false });
    const { receives } = await conversation({ registry });
    const before = RemotePoint.made;
    const copy = await receives(["geo.Point", dictionary({ y: 2 })]);
    expect(copy).toBeInstanceOf(RemotePoint);
    expect({ ...(copy as object) }).toEqual({ y: 2 });
    expect(RemotePoint.made).toBe(before);
  });

  it("§3.4 the state None, as Python 3.11 sends it, is an empty one", async () => {
    const registry = geography();
    const states: unknown[] = [];
    class Watched extends RemoteCopy {
      override setCopyableState(state: object) {
        states.push(state);
      }
    }
    registry.registerCopyable("geo.Watched", Watched);
    const { receives } = await conversation({ registry });
    expect({ ...((await receives(["geo.Point", NONE])) as object) }).toEqual({ x: 0, y: 0 });
    await receives(["geo.Watched", NONE]);
    expect(states).toEqual([{}]);
  });

  it("Python 2's byte string keys are names as any", async () => {
    const { receives } = await conversation({ registry: geography() });
    const copy = await receives(["geo.Point", ["dictionary", ["x", 1], ["y", 2]]]);
    expect({ ...(copy as object) }).toEqual({ x: 1, y: 2 });
  });

  it.each([
    ["a list", ["list", 1, 2]],
    ["a byte string", "abc"],
    ["a text", text("abc")],
    ["a number", 5],
  ] as const)("a state that is %s changes nothing in the stock receiver", async (_what, state) => {
    const { receives } = await conversation({ registry: geography() });
    expect({ ...((await receives(["geo.Point", state])) as object) }).toEqual({ x: 0, y: 0 });
  });

  it("no state reaches the prototype", async () => {
    const { receives } = await conversation({ registry: geography() });
    const copy = await receives(["geo.Point", dictionary({ ["__proto__"]: dictionary({ evil: 1 }) })]);
    expect(Object.getPrototypeOf(copy)).toBe(Point.prototype);
    expect((copy as { evil?: unknown }).evil).toBeUndefined();
  });

  it("what setCopyableState throws fails that call, and is logged where the class lives", async () => {
    class Picky extends RemoteCopy {
      override setCopyableState(): void {
        throw new RangeError("not this one");
      }
    }
    const registry = new Registry();
    registry.registerCopyable("geo.Picky", Picky);
    const { receives, connection, peer, logged } = await conversation({ registry });
    await expect(receives(["geo.Picky", dictionary({})])).rejects.toThrow("not this one");
    connection.publish("counter", new Counter());
    peer.says(message(1, "counter", "take", ["geo.Picky", dictionary({})]));
    expect(failure(await peer.hears()).text).toBe("not this one");
    expect(logged.map(({ level, message }) => [level, message])).toEqual([["error", "a call of take was refused"]]);
  });

  it("a function gets the state, and what it returns is the value", async () => {
    const registry = new Registry();
    registry.registerCopyable("geo.Pair", (state: { a: number; b: number }) => tuple(state.a, state.b));
    const { receives } = await conversation({ registry });
    expect(await receives(["geo.Pair", dictionary({ a: 1, b: 2 })])).toEqual(tuple(1, 2));
  });

  it("a function may return an object that is there already (Twisted's test_factoryCopy)", async () => {
    const known = new Point(3, 4);
    const registry = new Registry();
    registry.registerCopyable("geo.Known", () => known);
    const { receives } = await conversation({ registry });
    expect(await receives(["geo.Known", dictionary({})])).toBe(known);
  });

  it.each([0, 2, 3])("a copy with %i operands is refused", async (count) => {
    const { receives } = await conversation({ registry: geography() });
    const operands = new Array(count).fill(NONE);
    await expect(receives(["geo.Point", ...operands])).rejects.toMatchObject({ code: "MALFORMED_VALUE" });
  });
});

describe.each(["memory", "tcp"])("§6.4 over %s", (scheme) => {
  const address = scheme === "tcp" ? "tcp://127.0.0.1:0" : undefined;
  const options = () => ({
    ...(address && { address }),
    client: { registry: geography() },
    server: { registry: geography() },
  });

  it("a copy that is echoed is an instance, and not the original (test_newStyle)", async () => {
    const { connection } = await ends<Counter>(new Counter(), options());
    const point = new Point(1, ["a", { b: 2 }]);
    const back = await connection.root.callRemote("echo", point);
    expect(back).toBeInstanceOf(Point);
    expect(back).not.toBe(point);
    expect(back).toEqual(point);
  });

  it("each transmission makes a new copy, except for what one message shares", async () => {
    const counter = new Counter();
    const { connection } = await ends<Counter>(counter, options());
    const point = new Point(1, 2);
    await connection.root.callRemote("take", point, point);
    await connection.root.callRemote("take", point);
    const [first, second, third] = counter.taken;
    expect(first).toBe(second);
    expect(third).not.toBe(first);
    expect(third).toEqual(first);
  });

  it("references in a state arrive as references, and come home as themselves", async () => {
    class Mirror extends Counter {
      override remote_echo(point: Point) {
        this.taken.push(point.x);
        return point;
      }
    }
    const mirror = new Mirror();
    const { connection } = await ends<Counter>(mirror, options());
    const referee = new Referee();
    const back = (await connection.root.callRemote("echo", new Point(referee))) as Point;
    expect(back.x).toBe(referee);
    (mirror.taken[0] as RemoteReference).release();
  });
});

describe("§3.5 cycles through copies are resolved", () => {
  const both = () =>
    ends<Counter>(new Counter(), { client: { registry: geography() }, server: { registry: geography() } });

  it("a copy that refers to itself", async () => {
    const { connection } = await both();
    const ring = node("a");
    ring.next = ring;
    const back = (await connection.root.callRemote("echo", ring)) as Node;
    expect(back.next).toBe(back);
  });

  it("two that refer to each other (test_simpleCircle)", async () => {
    const { connection } = await both();
    const [a, b] = [node("a"), node("b")];
    a.next = b;
    b.next = a;
    const back = (await connection.root.callRemote("echo", a)) as Node & { next: Node };
    expect([back.name, back.next.name]).toEqual(["a", "b"]);
    expect(back.next.next).toBe(back);
  });

  it("through lists, tuples, dictionaries and sets (test_set, test_frozenset)", async () => {
    const { connection } = await both();
    const a = node("a");
    a.next = [a, tuple(a), { a }];
    a.others = new Set([a]);
    const back = (await connection.root.callRemote("echo", a)) as Node;
    expect(back.next).toEqual([back, tuple(back), { a: back }]);
    const [first, inTuple, inObject] = back.next as [unknown, unknown[], { a: unknown }];
    expect([first, inTuple[0], inObject.a].every((value) => value === back)).toBe(true);
    expect([...(back.others as Set<unknown>)][0]).toBe(back);
  });

  it("a copy shared by two siblings is one object, also when it comes before its definition", async () => {
    const { receives } = await conversation({ registry: geography() });
    const [first, second] = (await receives([
      "list",
      ["geo.Node", dictionary({ next: ["dereference", 1] })],
      ["geo.Node", dictionary({ next: ["reference", 1, ["geo.Point", dictionary({ x: 1 })]] })],
    ])) as Node[];
    expect(first?.next).toBeInstanceOf(Point);
    expect(first?.next).toBe(second?.next);
  });

  it("through a function that was given the state: the state is completed afterwards", async () => {
    const registry = new Registry();
    registry.registerCopyable("geo.Made", (state: object) => Object.assign(new RemotePoint(), state));
    const { receives } = await conversation({ registry });
    const made = (await receives(["reference", 1, ["geo.Made", dictionary({ x: 1, me: ["dereference", 1] })]])) as {
      me: unknown;
    };
    expect(made).toBeInstanceOf(RemotePoint);
    expect(made.me).toBe(made);
  });

  it("a state that arrives late is given to setCopyableState complete", async () => {
    const seen: unknown[] = [];
    class Late extends RemoteCopy {
      override setCopyableState(state: { value: { x: number } }) {
        seen.push(state.value.x);
      }
    }
    const registry = geography();
    registry.registerCopyable("geo.Late", Late);
    const { receives } = await conversation({ registry });
    await receives([
      "list",
      ["geo.Late", dictionary({ value: ["dereference", 1] })],
      ["reference", 1, ["geo.Point", dictionary({ x: 4 })]],
    ]);
    expect(seen).toEqual([4]);
  });

  it("what is never defined fails the call, and nothing else", async () => {
    const { receives, connection } = await conversation({ registry: geography() });
    await expect(receives(["geo.Node", dictionary({ next: ["dereference", 1] })])).rejects.toMatchObject({
      code: "MALFORMED_VALUE",
    });
    expect(await receives(5)).toBe(5);
    expect(connection.inspect()).toMatchObject({ imports: [], awaited: 0 });
  });

  it("with every dictionary as a Map, too", async () => {
    const { receives } = await conversation({ registry: geography(), dicts: "map" });
    const back = (await receives(["reference", 1, ["geo.Node", dictionary({ next: ["dereference", 1] })]])) as Node;
    expect(back.next).toBe(back);
  });
});

describe("a message of which a part cannot be decoded", () => {
  it("gives back every reference that it brought, those after the failure too", async () => {
    const { connection, peer } = await conversation();
    connection.publish("counter", new Counter());
    peer.says(
      message(1, "counter", "take", ["remote", 1], ["geo.Nobody", ["dictionary"]], ["remote", 2], ["remote", 1]),
    );
    const heard = await peer.hearsAll();
    expect(heard.slice(0, 3).sort()).toEqual([
      ["decref", 1],
      ["decref", 1],
      ["decref", 2],
    ]);
    expect(failure(heard[3] as Term)).toEqual({
      request: 1,
      type: "twisted.spread.jelly.InsecureJelly",
      text: "Module geo not allowed (in type geo.Nobody).",
    });
    expect(connection.inspect().imports).toEqual([]);
  });

  it("gives nothing back twice that a copy has given back itself", async () => {
    class Hasty extends RemoteCopy {
      override setCopyableState({ thing }: { thing: RemoteReference }): void {
        thing.release();
      }
    }
    const registry = new Registry();
    registry.registerCopyable("app.Hasty", Hasty);
    const { receives, peer } = await conversation({ registry });
    const thing: Term = ["remote", 3];
    await expect(receives(["list", thing, ["app.Hasty", dictionary({ thing })], ["nonsense"]])).rejects.toThrow();
    expect(await peer.hearsAll()).toEqual([
      ["decref", 3],
      ["decref", 3],
    ]);
    await expect(receives(["list", ["app.Hasty", dictionary({ thing })], ["nonsense"]])).rejects.toThrow();
    expect(await peer.hearsAll()).toEqual([["decref", 3]]);
  });

  it("gives a reference back that a copy's state brought", async () => {
    const { receives, peer } = await conversation({ registry: geography() });
    await expect(receives(["list", ["geo.Point", dictionary({ x: ["remote", 3] })], ["nonsense"]])).rejects.toThrow();
    expect(await peer.hearsAll()).toEqual([["decref", 3]]);
  });
});

describe("a copy in an error", () => {
  it("travels in its data", async () => {
    const { connection } = await ends(
      new (class extends Root {
        remote_fail(): never {
          throw new RemoteError({ type: "geo.Failed", message: "there", data: { at: new Point(1, 2) } });
        }
      })(),
      { client: { registry: geography() } },
    );
    const error = (await connection.root.callRemote("fail").catch((e: unknown) => e)) as RemoteError;
    expect(error.data.at).toBeInstanceOf(Point);
  });
});
