// Values of pb7: what arrives for what is sent, where the tables of examples do not say it.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  Avatar,
  Copyable,
  type CopyCodec,
  FrozenSet,
  InsecureJelly,
  kw,
  Registry,
  SecurityOptions,
  Tuple,
  UnsendableError,
} from "../../src/index.ts";
import { graph, leaf } from "../wire/support/arbitraries.ts";
import { difference } from "../wire/support/graph.ts";
import { Sides } from "./support/sides.ts";

const more = fc.oneof(
  leaf,
  fc.constant(undefined),
  fc.string({ unit: "binary", maxLength: 70 }),
  fc.double(),
  fc.bigInt({ min: -(2n ** 8192n) + 1n, max: 2n ** 8192n - 1n }),
);

describe("any value", () => {
  it("arrives as the same graph", () => {
    const sides = new Sides({ values: { floats: "exact" } });
    fc.assert(
      fc.property(graph(more), (value) => {
        expect(difference(sides.trip(value), value)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it("arrives as it is when it is no graph", () => {
    const sides = new Sides({ values: { floats: "exact" } });
    fc.assert(
      fc.property(more, (value) => void expect(sides.trip(value)).toStrictEqual(value)),
      { numRuns: 1000 },
    );
  });

  it("arrives the same however often its shape came before", () => {
    const records = fc.array(
      fc.dictionary(fc.constantFrom("a", "b", "constructor", "__proto__", "é", "toString"), more, {
        maxKeys: 4,
        noNullPrototype: true,
      }),
      { maxLength: 20 },
    );
    const sides = new Sides({ values: { floats: "exact" } });
    fc.assert(
      fc.property(records, (value) => {
        for (let i = 0; i < 3; i++) expect(difference(sides.trip(value), value)).toBeUndefined();
      }),
      { numRuns: 200 },
    );
  });
});

describe("numbers and strings", () => {
  it.each([0, -0, 1, 127, 128, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, 5e-324, Number.NaN, Number.POSITIVE_INFINITY])(
    "%s",
    (n) => expect(new Sides().trip(n)).toBe(n),
  );

  it.each([0, 1, 23, 24, 25, 63, 64, 127, 128, 300, 70_000])("of %i characters", (length) => {
    const sides = new Sides();
    for (const character of ["x", "é", "€", "😀", "\ud800", "\u007f", "\u0080"]) {
      const text = character.repeat(length);
      expect(sides.trip(text) === text).toBe(true);
      expect(sides.trip(`${text}x`) === `${text}x`).toBe(true);
    }
  });
});

describe("objects", () => {
  it("have own enumerable string keys, in their order, undefined ones too", () => {
    const value = Object.create(null, { hidden: { value: 1 } });
    Object.assign(value, { b: undefined, 2: 2, a: 1, [Symbol("s")]: 1 });
    const back = new Sides().trip(value);
    expect(Object.keys(back as object)).toEqual(["2", "b", "a"]);
    expect(back).toStrictEqual({ 2: 2, b: undefined, a: 1 });
  });

  it("with a key __proto__ have it as their own, with and without a shape", () => {
    const sides = new Sides();
    const value = JSON.parse('{"__proto__": {"polluted": true}, "a": 1}');
    for (let i = 0; i < 40; i++) {
      const back: any = sides.trip(value);
      expect(Object.hasOwn(back, "__proto__")).toBe(true);
      expect(back.polluted).toBeUndefined();
    }
  });

  it("have nothing that somebody gave to all objects", () => {
    const sides = new Sides();
    sides.trip([
      { a: 1, everywhere: 2 },
      { a: 1, everywhere: 2 },
    ]);
    (Object.prototype as any).everywhere = 5;
    try {
      expect(Object.keys(sides.trip({ a: 1 }) as object)).toEqual(["a"]);
      expect(Object.keys(sides.trip({ b: 1 }) as object)).toEqual(["b"]);
    } finally {
      delete (Object.prototype as any).everywhere;
    }
  });

  it("are read once, each getter in its turn", () => {
    const read: string[] = [];
    const value = {
      get a() {
        read.push("a");
        return 1;
      },
      get b() {
        read.push("b");
        delete (value as any).c;
        (value as any).d = 4;
        return { x: 2 };
      },
      c: 3,
    };
    expect(new Sides().trip(value)).toMatchObject({ a: 1, b: { x: 2 } });
    expect(read).toEqual(["a", "b"]);
  });

  it("of many shapes in turns arrive right", () => {
    const sides = new Sides();
    const value = Array.from({ length: 3000 }, (_, i) => ({ [`k${i % 60}`]: i, a: { [`z${i % 7}`]: [i] } }));
    expect(sides.trip(value)).toStrictEqual(value);
    expect(sides.trip(value)).toStrictEqual(value);
  });

  it("arrive as Maps with dicts: map", () => {
    const sides = new Sides({ values: { dicts: "map" } });
    for (let i = 0; i < 3; i++)
      expect(sides.trip({ a: { b: 1 } })).toStrictEqual(new Map([["a", new Map([["b", 1]])]]));
  });
});

describe("containers", () => {
  it("keep holes, and nothing but their members", () => {
    const value: any = [];
    value[1] = 1;
    value[2] = undefined;
    value.length = 4;
    value.extra = 5;
    const back = new Sides().trip(value) as unknown[];
    expect(back.length).toBe(4);
    expect(Object.keys(back)).toEqual(["1", "2"]);
  });

  it("are sent as what they are, whatever their subclass", () => {
    class List extends Array {}
    class Table extends Map {}
    const sides = new Sides();
    expect(sides.trip(List.of(1, 2))).toStrictEqual([1, 2]);
    expect(sides.trip(new Table().set(1, 2))).toStrictEqual(new Map([[1, 2]]));
    expect(sides.trip(Buffer.from("ab"))).toStrictEqual(Uint8Array.of(97, 98));
  });

  it("that change while they are sent arrive as they were", () => {
    const map = new Map<unknown, unknown>([
      [
        "a",
        {
          get x() {
            return map.set("b", 1).size;
          },
        },
      ],
    ]);
    expect(new Sides().trip(map)).toStrictEqual(new Map([["a", { x: 2 }]]));
    const list: unknown[] = [
      {
        get x() {
          return list.push(1);
        },
      },
    ];
    expect(new Sides().trip(list)).toStrictEqual([{ x: 2 }]);
  });

  it("have a view of their own bytes only", () => {
    const memory = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).buffer;
    expect(new Sides().trip(new Uint16Array(memory, 2, 2))).toStrictEqual(Uint16Array.of(0x0403, 0x0605));
    expect(new Sides().trip(new DataView(memory, 1, 2))).toStrictEqual(new DataView(Uint8Array.of(2, 3).buffer));
  });
});

describe("what is the same object", () => {
  it("is the same there: leaves with identity, too", () => {
    const shared = [
      {},
      [],
      new Map(),
      new Set(),
      new Date(5),
      /a/,
      new URL("http://a/"),
      new Uint8Array(3),
      new Error("e"),
    ];
    const back = new Sides().trip([shared, shared, ...shared]) as any[];
    expect(back[0]).toBe(back[1]);
    for (let i = 0; i < shared.length; i++) expect(back[2 + i]).toBe(back[0][i]);
  });

  it("among more than a few", () => {
    const many = Array.from({ length: 100 }, (_, i) => ({ i }));
    const back = new Sides().trip([many, [...many].reverse()]) as any[];
    for (let i = 0; i < 100; i++) expect(back[0][i]).toBe(back[1][99 - i]);
  });

  it("in a cycle through everything that can hold something", () => {
    const error: any = new Error("e");
    const value: any = { map: new Map(), set: new Set(), list: [], tuple: Tuple.of<any>(), frozen: undefined, error };
    value.frozen = new FrozenSet([value]);
    value.map.set(value, value);
    value.set.add(value);
    value.list.push(value);
    value.tuple.push(value);
    error.cause = value;
    error.self = error;
    const back = new Sides().trip(value) as any;
    expect(back.map.get(back)).toBe(back);
    expect(back.set.has(back)).toBe(true);
    expect(back.list[0]).toBe(back);
    expect(back.tuple[0]).toBe(back);
    expect(back.frozen.has(back)).toBe(true);
    expect(back.error.cause).toBe(back);
    expect(back.error.self).toBe(back.error);
  });

  it("in all arguments of one call, and in no other message", () => {
    const sides = new Sides();
    const one = { a: 1 };
    const [body] = sides.define(
      sides.write((encoder) => {
        encoder.positional([one, undefined, one, undefined]);
        encoder.keywords(kw({ k: one }));
      }),
    );
    const { decoder } = sides;
    decoder.read(body as Uint8Array, 0, body?.length as number);
    decoder.flags(decoder.byte());
    const args = decoder.positional();
    const keywords = decoder.keywords();
    decoder.finish();
    expect(args).toStrictEqual([one, undefined, one]);
    expect(args[0]).toBe(args[2]);
    expect(keywords?.get("k")).toBe(args[0]);
    expect(sides.trip(one)).not.toBe(args[0]);
  });
});

describe("errors as values", () => {
  it("keep kind, name, message, cause and properties, and no stack", () => {
    class Special extends RangeError {
      override name = "Special";
      code = 5;
    }
    const back = new Sides().trip(new Special("m", { cause: [1] })) as any;
    expect(back).toBeInstanceOf(RangeError);
    expect([back.name, back.message, back.cause, back.code]).toEqual(["Special", "m", [1], 5]);
    expect(back.stack).toBe("Special: m");
    expect(Object.hasOwn(new Sides().trip(new Error("m")) as object, "cause")).toBe(false);
  });

  it("with parts of the wrong kind are sent with others", () => {
    const error: any = new Error("m");
    error.name = 5;
    error.message = {};
    const back = new Sides().trip(error) as Error;
    expect([back.name, back.message]).toEqual(["Error", ""]);
  });
});

class Point extends Copyable {
  static wireName = "geo.Point";
  x: unknown = 0;
}

class Celsius {
  readonly degrees: number;
  constructor(degrees: number) {
    this.degrees = degrees;
  }
}

function registered(): Registry {
  const registry = new Registry();
  registry.registerCopyable(Point);
  const codec: CopyCodec<Celsius, { d: number }> = {
    name: "t.Celsius",
    encode: ({ degrees }) => ({ d: degrees }),
    decode: ({ d }) => new Celsius(d),
  };
  registry.registerCopyable(Celsius, codec);
  return registry;
}

describe("instances", () => {
  it("arrive as such, can be in their own state, and are filled when that is complete", () => {
    const sides = new Sides({ registry: registered() });
    const point = new Point();
    point.x = [point, new Celsius(3)];
    const back = sides.trip([point, point]) as any;
    expect(back[0]).toBeInstanceOf(Point);
    expect(back[0]).toBe(back[1]);
    expect(back[0].x[0]).toBe(back[0]);
    expect(back[0].x[1]).toStrictEqual(new Celsius(3));
  });

  it("that are made of their state cannot be in it", () => {
    class Node {
      next: unknown;
    }
    const registry = new Registry();
    const codec: any = { name: "t.Node", encode: ({ next }: any) => ({ next }), decode: () => new Node() };
    registry.registerCopyable(Node as any, codec);
    const sides = new Sides({ registry });
    const node = new Node();
    node.next = node;
    expect(() => sides.trip(node)).toThrow("an object is in its own state");
  });

  it("of classes that are not registered there are refused", () => {
    const sides = new Sides({ registry: registered() });
    const frames = sides.send(new Point());
    const other = new Sides();
    expect(() => other.receive(frames)).toThrow(InsecureJelly);
  });
});

describe("what cannot be sent", () => {
  const cases: [string, unknown, string][] = [
    ["a function", { a: [() => 1] }, "a.[0]: a function cannot be sent"],
    ["a symbol", [[Symbol("s")]], "[0][0]: a symbol cannot be sent"],
    ["a promise", { p: Promise.resolve() }, ".p: a promise cannot be sent; await it first"],
    ["a boxed number", [Object(1)], "[0]: an instance of Number cannot be sent"],
    [
      "a WeakMap",
      new Map([[{}, new WeakMap()]]),
      ".(the value of a object key): an instance of WeakMap cannot be sent",
    ],
    ["an instance", { deep: { er: [new (class Odd {})()] } }, ".deep.er[0]: an instance of Odd cannot be sent"],
    ["shared memory", [new SharedArrayBuffer(1)], "[0]: an instance of SharedArrayBuffer cannot be sent"],
    ["keywords", [kw({ a: 1 })], "[0]: keywords go last in a call and nowhere else"],
    ["an avatar", [new (class extends Avatar {})()], "[0]: an avatar is handed out by a login and not sent"],
    ["a huge bigint", [2n ** 8192n], "[0]: a bigint of more than 1024 bytes cannot be sent"],
    ["in a state", { at: Object.assign(new Point(), { x: [() => 1] }) }, ".at.x[0]: a function cannot be sent"],
  ];
  it.each(cases)("%s is named by its path", (_, value, message) => {
    const sides = new Sides({ registry: registered() });
    const expected = message.replace(/^a\./, ".a");
    expect(() => sides.send(value)).toThrow(UnsendableError);
    expect(() => sides.send(value)).toThrow(expected);
    expect(sides.outbox.waiting).toBe(0);
  });

  it("a buffer that was handed to somebody else", () => {
    const bytes = new Uint8Array(3);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(() => new Sides().send([new Uint16Array(bytes.buffer)])).toThrow();
    expect(() => new Sides().send(bytes.buffer)).toThrow("handed to somebody else");
  });

  it("arrives as Unpersistable if that is wanted", () => {
    const sides = new Sides({ values: { unsendable: "unpersistable" } });
    expect(sides.trip([() => 1, { a: new WeakMap() }])).toMatchObject([
      { reason: "instance of class function deemed insecure" },
      { a: { reason: "instance of class WeakMap deemed insecure" } },
    ]);
  });
});

describe("what is not admitted", () => {
  it("is refused by the names of the other dialects", () => {
    const security = new SecurityOptions();
    for (const value of [[], {}, new Map(), Tuple.of(1)]) {
      expect(() => new Sides({ security }).trip(value)).toThrow(InsecureJelly);
    }
    for (const value of [null, true, 5, "text", new Date(0), new Set([1]), new Uint8Array(2)]) {
      expect(new Sides({ security }).trip(value)).toStrictEqual(value);
    }
  });
});
