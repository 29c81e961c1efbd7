// One object that is met twice, and objects that contain themselves: `reference` and `dereference` (spec §3.3).
import { describe, expect, it } from "vitest";
import { JellyError, UnsendableError } from "../../src/errors.ts";
import { Decimal, FrozenSet, kw, PlainDate, Referenceable, tuple } from "../../src/index.ts";
import { fillFrozenSet } from "../../src/values/frozen-set.ts";
import { Wants } from "../../src/wire/message.ts";
import { CodecEnd, type CodecOptions, valueBytes, valueFrom } from "./support/codecs.ts";
import { decodeAll, encode, type Sexp, unicode } from "./support/elements.ts";
import { difference } from "./support/graph.ts";

const form = (value: unknown, options?: CodecOptions): Sexp => decodeAll(valueBytes(value, "pb", options))[0] as Sexp;
const value = (sexp: Sexp, options?: CodecOptions): any => valueFrom(encode(sexp), "pb", options);
const ref = (id: Sexp, inner: Sexp): Sexp => ["reference", id, inner];
const deref = (id: Sexp): Sexp => ["dereference", id];

describe("spec §3.3: sending", () => {
  // The table of the specification, row by row.
  it("[a, a]", () => {
    const a = [1];
    expect(form([a, a])).toEqual(["list", ref(1, ["list", 1]), deref(1)]);
  });

  it("[a, b, b, a]: numbers go by second visits", () => {
    const [a, b] = [["a"], ["b"]];
    expect(form([a, b, b, a])).toEqual([
      "list",
      ref(2, ["list", unicode("a")]),
      ref(1, ["list", unicode("b")]),
      deref(1),
      deref(2),
    ]);
  });

  it("a list that contains itself", () => {
    const a: unknown[] = [];
    a.push(a);
    expect(form(a)).toEqual(ref(1, ["list", deref(1)]));
  });

  it("a tuple in a cycle", () => {
    const a: unknown[] = [];
    const t = tuple(a);
    a.push(t);
    expect(form(t)).toEqual(ref(1, ["tuple", ["list", deref(1)]]));
  });

  it("shared and circular together", () => {
    const r: unknown[] = [];
    const t = tuple({ list: r }, r);
    r.push(t);
    const inner: Sexp = ["dictionary", [unicode("list"), ref(2, ["list", deref(1)])]];
    expect(form(t)).toEqual(ref(1, ["tuple", inner, deref(2)]));
  });

  it("applies to every container and to nothing else", () => {
    for (const container of [[], tuple(), {}, new Map(), new Set(), new FrozenSet()]) {
      expect(form([container, container])).toEqual(["list", ref(1, form(container)), deref(1)]);
    }
    const object = new (class extends Referenceable {})();
    const leaves = [
      "text",
      Uint8Array.of(1),
      5n,
      1.5,
      null,
      true,
      Decimal.from("1"),
      new PlainDate(2020, 1, 1),
      new Date(0),
    ];
    for (const leaf of [...leaves, object]) expect(form([leaf, leaf])).toEqual(["list", form(leaf), form(leaf)]);
  });

  it("numbers each run from 1: arguments, keywords and results are runs of their own", () => {
    const end = new CodecEnd();
    const a = [1];
    end.codec.sendCall("object", 1, "root", "f", [a, a], kw({ k: a, l: a }), Wants.answer, null, undefined);
    end.codec.sendAnswer(2, [a, a], null);
    const shared: Sexp = ref(1, ["list", 1]);
    expect(decodeAll(end.written())).toEqual([
      [
        "message",
        1,
        "root",
        "f",
        1,
        ["tuple", shared, deref(1)],
        ["dictionary", [unicode("k"), shared], [unicode("l"), deref(1)]],
      ],
      ["answer", 2, ["list", shared, deref(1)]],
    ]);
  });

  it("has as many numbers as it needs, in a message that grows while it is written", () => {
    // Beyond 127 the numbers take two digits, beyond 32 objects they are found another way, and beyond 64 KiB the message
    // has moved to a larger buffer.
    for (const count of [31, 32, 33, 127, 128, 129, 300, 20_000]) {
      const items = Array.from({ length: count }, (_, i) => [i]);
      const graph = [items, [...items].reverse(), items];
      expect(difference(valueFrom(valueBytes(graph)), graph)).toBeUndefined();
    }
    const items = Array.from({ length: 40 }, (_, i) => [i]);
    expect(form([...items, ...items])).toEqual([
      "list",
      ...items.map((item, i) => ref(i + 1, ["list", ...item])),
      ...items.map((_, i) => deref(i + 1)),
    ]);
  });

  it("keeps its places around byte strings that are sent without a copy", () => {
    const large = new Uint8Array(20_000).fill(7);
    const a = [large];
    const b = { large };
    const end = new CodecEnd();
    end.codec.sendCall(
      "object",
      1,
      "root",
      "f",
      [large, a, a, large, b, [b, large], large, a],
      undefined,
      Wants.answer,
      null,
      undefined,
    );
    const bytes = end.written();
    const other = new CodecEnd();
    other.feed(bytes);
    const told = other.told[0] as { args: unknown[] };
    expect(difference(told.args, [large, a, a, large, b, [b, large], large, a])).toBeUndefined();
  });
});

describe("spec §3.3: sending, while user code runs", () => {
  it("a getter may send something else meanwhile", () => {
    const end = new CodecEnd();
    const a = [1];
    const object = {
      first: a,
      get second() {
        const inner = [2];
        end.codec.sendAnswer(7, [inner, inner, a, a], null);
        return a;
      },
      third: a,
    };
    end.codec.sendAnswer(1, [object, object], null);
    const inner: Sexp = ["list", ref(1, ["list", 2]), deref(1), ref(2, ["list", 1]), deref(2)];
    const pairs: Sexp[] = [
      [unicode("first"), ref(1, ["list", 1])],
      [unicode("second"), deref(1)],
      [unicode("third"), deref(1)],
    ];
    expect(decodeAll(end.written())).toEqual([
      ["answer", 7, inner],
      ["answer", 1, ["list", ref(2, ["dictionary", ...pairs]), deref(2)]],
    ]);
  });

  it("also something that cannot be sent", () => {
    const end = new CodecEnd();
    const shared = [1];
    const object: Record<string, unknown> = { shared, again: shared };
    Object.defineProperty(object, "get", {
      enumerable: true,
      get() {
        expect(() =>
          end.codec.sendCall(
            "object",
            9,
            "root",
            "f",
            [shared, shared, [() => 1]],
            undefined,
            Wants.answer,
            null,
            undefined,
          ),
        ).toThrow(UnsendableError);
        return [shared];
      },
    });
    object.self = object;
    end.codec.sendAnswer(1, [object, shared], null);
    const bytes = end.written();
    expect(decodeAll(bytes).length).toBe(1);
    const other = new CodecEnd();
    other.feed(bytes);
    const [back, last] = (other.told[0] as { value: any }).value;
    expect([back.self === back, back.again === back.shared, back.get[0] === back.shared, last === back.shared]).toEqual(
      [true, true, true, true],
    );
  });

  it("and what it throws leaves nothing behind", () => {
    const end = new CodecEnd();
    const object = new (class extends Referenceable {})();
    const broken = {
      object,
      get bad() {
        throw new Error("mine");
      },
    };
    expect(() => end.codec.sendAnswer(1, [object, broken], null)).toThrow("mine");
    expect([end.outbox.waiting, end.exports.size]).toEqual([0, 0]);
    end.codec.sendAnswer(2, [[]], null);
    expect(decodeAll(end.written())).toEqual([["answer", 2, ["list", ["list"]]]]);
  });
});

describe("spec §3.3: receiving", () => {
  it("a dereference may come before its reference, in every kind of container", () => {
    const later = ref(1, ["list", 7]);
    expect(value(["list", deref(1), later])).toEqual([[7], [7]]);
    const [a, b] = value(["tuple", deref(1), later]);
    expect(a).toBe(b);
    expect(value(["list", ["set", deref(1)], later])).toEqual([new Set([[7]]), [7]]);
    expect(value(["list", ["frozenset", 1, deref(1), 2], later])).toEqual([new FrozenSet<unknown>([1, [7], 2]), [7]]);
    expect(value(["list", ["dictionary", [unicode("k"), deref(1)], [unicode("l"), 1]], later])).toEqual([
      { k: [7], l: 1 },
      [7],
    ]);
    expect(value(["list", ["dictionary", [5, deref(1)]], later])).toEqual([new Map([[5, [7]]]), [7]]);
  });

  it("a dictionary keeps the order of its keys while it waits for values, also when it becomes a Map", () => {
    const dictionary: Sexp = [
      "dictionary",
      [unicode("a"), deref(1)],
      [unicode("b"), 2],
      [3, deref(1)],
      [unicode("c"), 4],
    ];
    const [map, list] = value(["list", dictionary, ref(1, ["list"])]);
    expect([...map]).toEqual([
      ["a", []],
      ["b", 2],
      [3, []],
      ["c", 4],
    ]);
    expect(map.get("a")).toBe(list);
  });

  it("every container can contain itself, directly or through others", () => {
    const set = value(ref(1, ["set", 5, ["list", deref(1)]]));
    expect([...set][1][0]).toBe(set);
    const frozen = value(ref(1, ["frozenset", ["list", deref(1)]]));
    expect([...frozen][0][0]).toBe(frozen);
    expect(frozen).toBeInstanceOf(FrozenSet);
    const dictionary = value(ref(1, ["dictionary", [unicode("me"), deref(1)]]));
    expect(dictionary.me).toBe(dictionary);
    const map = value(ref(1, ["dictionary", [unicode("me"), deref(1)], [1, deref(1)]]));
    expect([map.get("me") === map, map.get(1) === map]).toEqual([true, true]);
    const t = value(ref(1, ["tuple", ["dictionary", [deref(1), deref(1)]]]));
    expect(t[0].get(t)).toBe(t);
  });

  it("what cannot change can be shared, too", () => {
    for (const leaf of [
      5,
      "bytes",
      unicode("text"),
      ["None"],
      ["boolean", "true"],
      ["decimal", 1, 2],
      ["tuple"],
    ] as Sexp[]) {
      const [a, b, c] = value(["list", deref(1), ref(1, leaf), deref(1)]);
      expect(difference([a, b, c], Array(3).fill(value(leaf)))).toBeUndefined();
    }
    const [a, b] = value(["list", ref(1, ["remote", 5]), deref(1)]);
    expect(a).toBe(b);
  });

  it("a reference within a reference gives one object two numbers", () => {
    const [a, b, c] = value(["list", ref(1, ref(2, ["list"])), deref(1), deref(2)]);
    expect([a === b, b === c]).toEqual([true, true]);
  });

  it("the number may be any integer or byte string", () => {
    for (const id of [0, -5, 2n ** 100n, "a", "", "1"] as Sexp[]) {
      const [a, b] = value(["list", ref(id, ["list"]), deref(id)]);
      expect(a).toBe(b);
    }
    // 1 and "1" are two.
    const both = value(["list", ref(1, ["list", 1]), ref("1", ["list", 2]), deref(1), deref("1")]);
    expect(both).toEqual([[1], [2], [1], [2]]);
    for (const id of [["list"], unicode("x")] as Sexp[]) {
      expect(() => value(["list", ref(id, ["list"])])).toThrow(JellyError);
      expect(() => value(["list", deref(id)])).toThrow(JellyError);
    }
  });

  it("a number that is defined twice, or not at all, is an error", () => {
    expect(() => value(["list", ref(1, ["list"]), ref(1, ["list"])])).toThrow("reference 1 is defined twice");
    expect(() => value(ref(1, ["dictionary", [unicode("k"), ref(1, ["list"])]]))).toThrow("is defined twice");
    const dangling: Sexp[] = [
      deref(1),
      ["list", deref(9)],
      ["tuple", deref(9)],
      ["set", deref(9)],
      ["dictionary", [unicode("k"), deref(9)]],
      ["dictionary", [5, deref(9)]],
      ["list", ref(1, deref(9))],
      ref(1, deref(1)),
    ];
    for (const sexp of dangling) expect(() => value(sexp)).toThrow(/without a reference/);
    expect(() => value(["dictionary", [deref(9), 1]])).toThrow(JellyError);
  });

  it("has exact operand counts", () => {
    for (const sexp of [["reference"], ["reference", 1], ["reference", 1, 2, 3], ["dereference"]] as Sexp[]) {
      expect(() => value(sexp)).toThrow(JellyError);
    }
  });

  it("numbers of one run mean nothing in the next", () => {
    const end = new CodecEnd();
    end.feed(encode(["answer", 1, ["list", ref(1, ["list"]), deref(1)]]));
    end.feed(encode(["answer", 1, ["list", deref(1)]]));
    end.feed(
      encode(["message", 1, "root", "f", 1, ["tuple", ref(1, ["list"])], ["dictionary", [unicode("k"), deref(1)]]]),
    );
    expect(end.told.map(({ kind }) => kind)).toEqual(["answered", "failed", "unreadable"]);
  });

  it("a frozen set that is filled late is frozen all the same", () => {
    const [frozen] = value(["list", ["frozenset", deref(1)], ref(1, ["list"])]);
    expect(() => frozen.add(1)).toThrow(TypeError);
    expect(frozen.size).toBe(1);
    // And sets that differ by nothing but a cycle are told apart by the tests' own comparison.
    const cyclic = new FrozenSet<unknown>();
    fillFrozenSet(cyclic, [cyclic]);
    expect(difference(cyclic, new FrozenSet([[new FrozenSet()]]))).toBeDefined();
  });
});
