// Values and their forms: the rules of spec §3.2 that bite, and what is JavaScript's own about them.
import { describe, expect, it } from "vitest";
import { BananaError, JellyError, UnsendableError } from "../../src/errors.ts";
import {
  Decimal,
  Duration,
  Float,
  FrozenSet,
  kw,
  PlainDate,
  PlainDateTime,
  PlainTime,
  tuple,
  Unpersistable,
} from "../../src/index.ts";
import { Wants } from "../../src/wire/message.ts";
import { CodecEnd, type CodecOptions, valueBytes, valueFrom } from "./support/codecs.ts";
import { decodeAll, encode, Real, type Sexp, unicode, utf8 } from "./support/elements.ts";

/** The form of a value. */
const form = (value: unknown, options?: CodecOptions): Sexp => decodeAll(valueBytes(value, "pb", options))[0] as Sexp;

/** The value of a form. */
const value = (sexp: Sexp, options?: CodecOptions): any => valueFrom(encode(sexp), "pb", options);

describe("spec §3.2: texts and bytes", () => {
  it("are different things, both ways", () => {
    expect(form("a")).toEqual(["unicode", "a"]);
    expect(form(Uint8Array.of(97))).toBe("a");
    expect(value(["unicode", "a"])).toBe("a");
    expect(value("a")).toEqual(Uint8Array.of(97));
  });

  it("a Buffer is bytes; other typed arrays and buffers are not guessed at", () => {
    expect(form(Buffer.from("a"))).toBe("a");
    const buffer = new ArrayBuffer(4);
    for (const other of [
      buffer,
      new DataView(buffer),
      new Uint16Array(2),
      new Float64Array(1),
      new Uint8ClampedArray(1),
    ]) {
      expect(() => form(other)).toThrow(UnsendableError);
    }
  });

  it("bytes arrive as a plain Uint8Array that shares no memory with a neighbour", () => {
    const [a, b] = value(["list", "x".repeat(100), "y".repeat(100)]) as Uint8Array[];
    expect(Object.getPrototypeOf(a)).toBe(Uint8Array.prototype);
    a?.fill(0);
    expect(b?.every((byte) => byte === 121)).toBe(true);
  });

  it("a text is UTF-8 whatever it holds, also what is a word of the vocabulary", () => {
    for (const text of [
      "",
      "grüß",
      "🥪",
      "\0",
      "\ufeffmark",
      "list",
      "x".repeat(25),
      "ü".repeat(24),
      "remote",
      "None",
    ]) {
      expect(form(text)).toEqual(["unicode", utf8(text)]);
      expect(value(["unicode", utf8(text)])).toBe(text);
      expect(value(["list", ["unicode", utf8(text), 1]])).toEqual([text]);
    }
  });

  it("a lone surrogate cannot be sent, and says where it is", () => {
    for (const text of ["\ud800", "x\udc00y", `${"x".repeat(60)}\ud83e`]) {
      expect(() => form({ list: [text] })).toThrow(UnsendableError);
      expect(() => form({ list: [1, text] })).toThrow(/\.list\[1\]: .*surrogate/);
      expect(() => form(new Map([[text, 1]]))).toThrow(UnsendableError);
      expect(() => form(new Unpersistable(text))).toThrow(UnsendableError);
    }
  });

  it("invalid UTF-8 cannot be received", () => {
    for (const bytes of ["\xff", "\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf5\x80\x80\x80", `${"x".repeat(100)}\xff`]) {
      expect(() => value(["unicode", bytes])).toThrow(JellyError);
      expect(() => value(["dictionary", [["unicode", bytes], 1]])).toThrow(JellyError);
    }
  });
});

describe("spec §3.2: numbers", () => {
  it("a number without a fraction is an integer, any other a float", () => {
    expect(form([1, -1, 2 ** 53 - 1, 1.5, 2 ** 53, 1e300])).toEqual([
      "list",
      1,
      -1,
      2 ** 53 - 1,
      new Real(1.5),
      new Real(2 ** 53),
      new Real(1e300),
    ]);
    for (const special of [-0, Number.NaN, Number.POSITIVE_INFINITY, 5e-324]) {
      expect(form(special)).toEqual(new Real(special));
      expect(value(new Real(special))).toBe(special);
    }
  });

  it("a Float is a float, also where it has no fraction", () => {
    expect(form([new Float(1), new Float(0), new Float(2.5)])).toEqual([
      "list",
      new Real(1),
      new Real(0),
      new Real(2.5),
    ]);
  });

  it("an integral float arrives as a number, or as Float where that is asked for", () => {
    expect(value(new Real(1), { values: { floats: "number" } })).toBe(1);
    expect(value(new Real(1), { values: { floats: "exact" } })).toEqual(new Float(1));
    expect(value(new Real(1.5), { values: { floats: "exact" } })).toBe(1.5);
    expect(value(new Real(2 ** 60), { values: { floats: "exact" } })).toBe(2 ** 60);
    expect(value(new Real(-0), { values: { floats: "exact" } })).toBe(-0);
  });

  it("an integer is a number while that is safe, and a bigint beyond", () => {
    for (const n of [2n ** 53n - 1n, -(2n ** 53n) + 1n]) expect(value(n)).toBe(Number(n));
    for (const n of [2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n), 2n ** 448n - 1n, -(2n ** 448n) + 1n]) {
      expect(value(n)).toBe(n);
      expect(form(n)).toBe(n);
    }
    expect(form(5n)).toBe(5);
    expect(form(-0)).toEqual(new Real(-0));
    expect(() => form(2n ** 448n)).toThrow(BananaError);
  });
});

describe("spec §3.2: None and booleans", () => {
  it("null is None; undefined is left out where it can be and None elsewhere", () => {
    expect(form(null)).toEqual(["None"]);
    expect(form(undefined)).toEqual(["None"]);
    expect(form([undefined, 1])).toEqual(["list", ["None"], 1]);
    expect(form({ a: undefined, b: 1 })).toEqual(["dictionary", [unicode("b"), 1]]);
    expect(form(new Map([["a", undefined]]))).toEqual(["dictionary", [unicode("a"), ["None"]]]);
  });

  it("trailing undefined arguments are not sent", () => {
    const end = new CodecEnd();
    end.codec.sendCall(
      "object",
      1,
      "root",
      "f",
      [1, undefined, 2, undefined, undefined],
      undefined,
      Wants.answer,
      null,
      undefined,
    );
    end.codec.sendCall(
      "object",
      2,
      "root",
      "f",
      [undefined],
      kw({ a: undefined, b: 1 }),
      Wants.answer,
      null,
      undefined,
    );
    const [first, second] = decodeAll(end.written()) as Sexp[][];
    expect(first?.slice(5)).toEqual([["tuple", 1, ["None"], 2], ["dictionary"]]);
    expect(second?.slice(5)).toEqual([["tuple"], ["dictionary", [unicode("b"), 1]]]);
  });

  it("a boolean is true or false and nothing else", () => {
    expect([form(true), form(false)]).toEqual([
      ["boolean", "true"],
      ["boolean", "false"],
    ]);
    for (const word of ["yes", "", "True", 1, ["None"], new Real(1)] as Sexp[]) {
      expect(() => value(["boolean", word])).toThrow(JellyError);
    }
    expect(() => value(["boolean"])).toThrow(JellyError);
  });

  it("extra operands are ignored", () => {
    expect(value(["None", 1, ["list"], ["remote", 1]])).toBeNull();
    expect(value(["boolean", "true", "false"])).toBe(true);
    expect(value(["unicode", "x", "y"])).toBe("x");
    expect(value(["decimal", 1, 2, 3])).toEqual(new Decimal(1n, 2));
    expect(value(["date", "2020 7 11", 5])).toEqual(new PlainDate(2020, 7, 11));
    expect(value(["list", ["None", ["x", new Real(1)]], 7])).toEqual([null, 7]);
  });
});

describe("spec §3.2: containers", () => {
  it("a list and a tuple are told apart, both ways", () => {
    expect(form([tuple(1, 2), [1, 2]])).toEqual(["list", ["tuple", 1, 2], ["list", 1, 2]]);
    const [a, b] = value(["list", ["tuple", 1], ["list", 1]]);
    expect([a, b]).toEqual([tuple(1), [1]]);
    expect([a.constructor, b.constructor]).toEqual([tuple().constructor, Array]);
  });

  it("holes and subclasses of arrays are lists; own properties of arrays do not travel", () => {
    class Stack extends Array {}
    const sparse = new Array(3);
    sparse[1] = 1;
    expect(form(sparse)).toEqual(["list", ["None"], 1, ["None"]]);
    expect(form(Object.assign([1], { x: 2 }))).toEqual(["list", 1]);
    expect(form(Stack.from([1]))).toEqual(["list", 1]);
  });

  it("a dictionary is a plain object while all keys are texts, else a Map", () => {
    expect(value(["dictionary", [unicode("a"), 1]])).toEqual({ a: 1 });
    expect(value(["dictionary"])).toEqual({});
    const map = value(["dictionary", [unicode("a"), 1], [2, 3], [unicode("b"), 4]]);
    expect(map).toEqual(
      new Map<unknown, unknown>([
        ["a", 1],
        [2, 3],
        ["b", 4],
      ]),
    );
    expect(value(["dictionary"], { values: { dicts: "map" } })).toEqual(new Map());
  });

  it("any key that Python can hash is one here, in the order that came", () => {
    const keys: Sexp[] = [
      "b",
      1,
      new Real(1.5),
      ["None"],
      ["boolean", "true"],
      unicode("u"),
      ["tuple", 1],
      ["date", "2020 1 1"],
    ];
    keys.push(["frozenset", 1], ["decimal", 1, 0], 2n ** 70n);
    const map = value(["dictionary", ...keys.map((key, i): Sexp => [key, i])]) as Map<unknown, number>;
    expect([...map.values()]).toEqual(keys.map((_, i) => i));
    expect([...map.keys()][6]).toEqual(tuple(1));
    expect(form(map)).toEqual(["dictionary", ...keys.map((key, i): Sexp => [key, i])]);
  });

  it("texts that look like integers keep their place in a Map, too", () => {
    const pair = (key: Sexp, i: number): Sexp => [key, i];
    const keys: Sexp[] = [unicode("b"), unicode("10"), unicode("2"), unicode("a"), unicode("1")];
    const map = value(["dictionary", ...[...keys, 5, unicode("0")].map(pair)]);
    expect([...map.keys()]).toEqual(["b", "10", "2", "a", "1", 5, "0"]);
    expect([...map.values()]).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect([...value(["dictionary", ...keys.map(pair)], { values: { dicts: "map" } }).keys()]).toEqual([
      "b",
      "10",
      "2",
      "a",
      "1",
    ]);
  });

  it("a list, dictionary or set as key is a TypeError, as in Python", () => {
    for (const key of [["list"], ["dictionary"], ["dictionary", [1, 2]], ["set"]] as Sexp[]) {
      expect(() => value(["dictionary", [key, 1]])).toThrow(TypeError);
      expect(() => value(["dictionary", [key, 1]], { values: { dicts: "map" } })).toThrow(TypeError);
    }
  });

  it("of a key that comes twice the last value stays", () => {
    expect(value(["dictionary", [unicode("k"), 1], [unicode("k"), 2]])).toEqual({ k: 2 });
    expect(value(["dictionary", [7, 1], [7, 2]])).toEqual(new Map([[7, 2]]));
  });

  it("a pair has two elements", () => {
    for (const pair of [[], ["k"], ["k", 1, 2], "kv", 5, new Real(1)] as Sexp[]) {
      expect(() => value(["dictionary", pair])).toThrow(JellyError);
    }
  });

  it("every text is a key, also those that mean something to JavaScript", () => {
    for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty", "then", "toJSON", "", "0", "-1"]) {
      const object = value(["dictionary", [unicode(key), 1]]);
      expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
      expect(Object.keys(object)).toEqual([key]);
      expect(form(object)).toEqual(["dictionary", [unicode(key), 1]]);
      const converted = value(["dictionary", [unicode(key), 1], [5, 2]]);
      expect([...converted.keys()]).toEqual([key, 5]);
    }
  });

  it("a plain object sends its own enumerable texts, each getter once; what has another prototype is no dictionary", () => {
    let reads = 0;
    const object = Object.create(null, {
      seen: { enumerable: true, get: () => ++reads },
      hidden: { enumerable: false, value: 1 },
      [Symbol("s")]: { enumerable: true, value: 1 },
    });
    expect(form(object)).toEqual(["dictionary", [unicode("seen"), 1]]);
    expect(reads).toBe(1);
    expect(() => form(Object.create({ inherited: 1 }))).toThrow(UnsendableError);
    expect(() => form(new (class Point {})())).toThrow(/Point cannot be sent/);
  });

  it("sets keep their order, and each kind comes back as itself", () => {
    expect(form(new Set([3, 1, 2]))).toEqual(["set", 3, 1, 2]);
    expect(form(new FrozenSet([1]))).toEqual(["frozenset", 1]);
    expect(value(["set", 3, 1, 3])).toEqual(new Set([3, 1]));
    const frozen = value(["frozenset", 1]);
    expect(frozen).toBeInstanceOf(FrozenSet);
    expect(() => frozen.add(2)).toThrow(TypeError);
  });
});

describe("spec §3.2: dates and decimals", () => {
  it("are written as decimal ASCII, one space between, all fields, no padding", () => {
    expect(form(new PlainDateTime(2020, 7, 11, 1, 16, 5, 0, 344))).toEqual(["datetime", "2020 7 11 1 16 5 344"]);
    expect(form(new PlainDate(1, 2, 3))).toEqual(["date", "1 2 3"]);
    expect(form(new PlainTime(0))).toEqual(["time", "0 0 0 0"]);
    expect(form(Duration.from({ seconds: -1 }))).toEqual(["timedelta", "-1 86399 0"]);
    expect(form(new Date(Date.UTC(2020, 0, 2, 3, 4, 5, 6)))).toEqual(["datetime", "2020 1 2 3 4 5 6000"]);
  });

  it("may lack fields where Python's constructors have defaults, and be spaced as they like", () => {
    expect(value(["datetime", "2020 7 11"])).toEqual(new PlainDateTime(2020, 7, 11));
    expect(value(["datetime", " 2020\t7 \n11 1 "])).toEqual(new PlainDateTime(2020, 7, 11, 1));
    expect(value(["time", "5"])).toEqual(new PlainTime(5));
    expect(value(["time", ""])).toEqual(new PlainTime());
    expect(value(["timedelta", "1 -1 0"])).toEqual(new Duration(1, -1));
  });

  it("are an error where a field is out of range, missing, superfluous or no number", () => {
    const wrong: [string, string[]][] = [
      [
        "datetime",
        ["2020 13 11", "2020 2 30", "0 1 1", "10000 1 1", "2020 1 1 24", "2020 1 1 0 0 0 1000000", "2020 7"],
      ],
      ["datetime", ["", "x", "2020 7 11.5", "2020 0x7 11", "1 1 1 1 1 1 1 1", `${"1 ".repeat(200)}`, "9".repeat(150)]],
      ["date", ["2020 2 30", "2020 7", "2020 7 11 1", "", "-1 1 1"]],
      ["time", ["24", "1 60", "1 1 60", "1 1 1 1000000", "1 1 1 1 1", "-1", "x"]],
      ["timedelta", ["x", "1 2 3 4", "1000000000 0 0", "1.5 0 0", "", "1", "1 2"]],
    ];
    for (const [atom, texts] of wrong) {
      for (const text of texts) expect(() => value([atom, text]), `${atom} ${text}`).toThrow(JellyError);
      expect(() => value([atom])).toThrow(JellyError);
      expect(() => value([atom, 5])).toThrow(JellyError);
      expect(() => value([atom, ["None"]])).toThrow(JellyError);
    }
  });

  it("a datetime arrives as a Date where that is asked for", () => {
    const date = value(["datetime", "2020 7 11 1 16 5 344999"], { values: { dates: "date" } });
    expect(date).toEqual(new Date(Date.UTC(2020, 6, 11, 1, 16, 5, 344)));
  });

  it("a Decimal is coefficient and exponent; the sign of zero is lost", () => {
    for (const [text, coefficient, exponent] of [
      ["9.95", 995, -2],
      ["1E+20", 1, 20],
      ["-78.901", -78901, -3],
      ["-0.00", 0, -2],
      ["0", 0, 0],
    ] as const) {
      expect(form(Decimal.from(text))).toEqual(["decimal", coefficient, exponent]);
      expect(value(["decimal", coefficient, exponent])).toEqual(new Decimal(BigInt(coefficient), exponent));
    }
    expect(form(new Decimal(10n ** 30n, 0))).toEqual(["decimal", 10n ** 30n, 0]);
    for (const operands of [[], [1], [1, new Real(1)], ["1", 2], [1, "F"], [1, 2n ** 70n]] as Sexp[][]) {
      expect(() => value(["decimal", ...operands])).toThrow(JellyError);
    }
  });
});
