// Jelly against what Twisted made of the same values and expressions (test/vectors/jelly.json; spec §3).
import { describe, expect, it } from "vitest";
import { BananaError, InsecureJelly, JellyError, ProtocolError, UnsendableError } from "../../src/errors.ts";
import {
  Decimal,
  PlainDateTime,
  PlainTime,
  Referenceable,
  Registry,
  RemoteCopy,
  RemoteReference,
  SecurityOptions,
  Unpersistable,
} from "../../src/index.ts";
import { defaultSecurity } from "../../src/wire/jelly/security.ts";
import { RemoteStock } from "../peers/wire-caches.ts";
import { wireClasses } from "../peers/wire-classes.ts";
import { Point, Tagged } from "../peers/wire-copies.ts";
import { CodecEnd, type CodecOptions, valueBytes, valueFrom, valueFromAt } from "./support/codecs.ts";
import { type DialectName, decodeAll, hex, unhex } from "./support/elements.ts";
import { difference } from "./support/graph.ts";
import { jelly, type ValueJson, valueDescribed } from "./support/vectors.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const dialects: readonly DialectName[] = ["pb", "none"];

describe("a plain value", () => {
  for (const vector of jelly.plain) {
    it(`is sent as Twisted does, and comes back: ${vector.about}`, () => {
      const value = valueDescribed(vector.value);
      for (const dialect of dialects) {
        expect(hex(valueBytes(value, dialect))).toBe(vector[dialect]);
        const back = valueFrom(unhex(vector[dialect]), dialect);
        expect(difference(back, valueDescribed(vector.comes_back_as ?? vector.value))).toBeUndefined();
      }
    });
  }

  it("that is a dictionary arrives as a Map where that is asked for, with the same order", () => {
    for (const vector of jelly.plain.filter(({ value }) => value.type === "dict")) {
      const back = valueFrom(unhex(vector.pb), "pb", { values: { dicts: "map" } });
      expect(back).toBeInstanceOf(Map);
      expect(hex(valueBytes(back))).toBe(vector.pb);
    }
  });
});

describe("shared and circular structure", () => {
  // CPython has one empty tuple, so there two of them are one object. Here they are two, which a receiver cannot tell apart.
  const constants = ["[(), ()]"];

  for (const vector of jelly.shared) {
    it(`is sent with Twisted's numbers: ${vector.about}: ${vector.text}`, () => {
      for (const dialect of dialects) {
        const bytes = hex(valueBytes(valueDescribed(vector.value), dialect));
        expect(bytes).toBe(vector[dialect]);
      }
    });

    it(`is received as the same structure: ${vector.recipe}`, () => {
      for (const dialect of dialects) {
        const back = valueFrom(unhex(vector[dialect]), dialect);
        expect(difference(back, valueDescribed(vector.value))).toBeUndefined();
      }
    });
  }

  it("does not include empty tuples that are two objects here", () => {
    for (const recipe of constants) {
      const vector = jelly.shared.find((entry) => entry.recipe === recipe);
      expect(vector?.text).toBe("[list [reference 1 [tuple]] [dereference 1]]");
      const [a, b] = valueFrom(unhex(vector?.pb as string)) as [unknown, unknown];
      expect(a).toBe(b);
      const two = valueDescribed({
        type: "list",
        id: 1,
        items: [1, 2].map((n) => ({ type: "tuple", id: n + 1, items: [] })),
      });
      expect(hex(valueBytes(two))).toBe(`03800887${"01800b87".repeat(2)}`);
    }
  });
});

describe("what is no plain value", () => {
  const asked = new Set<string>();
  const generic = (about: string): (typeof jelly.generic)[number] => {
    const vector = jelly.generic.find((entry) => entry.about === about);
    if (vector === undefined) throw new Error(about);
    asked.add(about);
    return vector;
  };

  it("becomes unpersistable, as in Twisted, with `unsendable: unpersistable`", () => {
    const { text } = generic("instance of an unknown class, PB's security");
    expect(text).toBe("[unpersistable b'instance of class pbtypes.Scary deemed insecure']");
    class Scary {}
    const back = valueFrom(valueBytes([new Scary(), () => 1], "pb", { values: { unsendable: "unpersistable" } }));
    expect(back).toEqual([expect.any(Unpersistable), expect.any(Unpersistable)]);
    expect((back as Unpersistable[])[0]?.reason).toMatch(/^instance of class .*Scary deemed insecure$/);
  });

  it("becomes that also if it only resembles something plain", () => {
    const options: CodecOptions = { values: { unsendable: "unpersistable" } };
    class Complex {}
    class MyNumber extends Number {}
    class MyText extends String {}
    for (const [about, value] of [
      ["complex number", new Complex()],
      ["bytearray", new ArrayBuffer(3)],
      ["subclass of int", new MyNumber(1)],
      ["subclass of str", new MyText("x")],
      ["subclass of dict", new (class MyDict extends Object {})()],
    ] as const) {
      expect(generic(about).text).toMatch(/^\[unpersistable b'instance of class .* deemed insecure'\]$/);
      expect(() => valueBytes(value)).toThrow(UnsendableError);
      const back = valueFrom(valueBytes(value, "pb", options)) as Unpersistable;
      expect(back.reason).toBe(`instance of class ${value.constructor.name} deemed insecure`);
    }
  });

  it("crosses as itself where its class is registered, as with allowInstancesOf", () => {
    class Scary {
      x?: number;
    }
    const registry = new Registry();
    registry.registerCopyable(Scary, {
      name: "pbtypes.Scary",
      encode: ({ x }) => ({ x }),
      decode: (state) => Object.assign(new Scary(), state),
    });
    const { pb, none } = generic("instance of an allowed class");
    const scary = Object.assign(new Scary(), { x: 1 });
    expect(hex(valueBytes(scary, "pb", { registry }))).toBe(pb);
    expect(hex(valueBytes(scary, "none", { registry }))).toBe(none);
    expect(valueFrom(unhex(pb as string), "pb", { registry })).toStrictEqual(scary);
  });

  it("and without attributes, which Python 3.11 sends as None, is an empty object", () => {
    class Scary {}
    const registry = new Registry();
    registry.registerCopyable("pbtypes.Scary", class extends RemoteCopy {});
    const { pb } = generic("instance of an allowed class with no attributes (Python 3.11: state None)");
    const back = valueFrom(unhex(pb as string), "pb", { registry }) as object;
    expect(back).toBeInstanceOf(RemoteCopy);
    expect(Object.keys(back)).toEqual([]);
    // It goes out as an empty dictionary, as before 3.11: Twisted 22.4 cannot do anything with None.
    const own = new Registry();
    own.registerCopyable(Scary, { name: "pbtypes.Scary", encode: () => ({}), decode: () => new Scary() });
    expect(decodeAll(valueBytes(new Scary(), "pb", { registry: own }))).toEqual([["pbtypes.Scary", ["dictionary"]]]);
  });

  it("never is a class, function, module or method", () => {
    for (const about of ["class", "function", "module", "bound method"]) {
      const { text, pb } = generic(about);
      const value = about === "class" ? Point : new Point().getTypeToCopy;
      expect(() => valueBytes([value])).toThrow(UnsendableError);
      // Python's Banana refuses all but the class.
      if (pb !== undefined) expect(() => valueFrom(unhex(pb))).toThrow(new InsecureJelly(`b'${text?.split(/\W/)[1]}'`));
    }
  });

  it("as are times of a time zone: there are none here", () => {
    for (const about of ["datetime with a timezone", "time with a timezone"]) {
      expect(generic(about).jelly_error).toMatch(/^NotImplementedError/);
    }
    expect(() => PlainDateTime.from("2020-01-02T03:04:05+01:00")).toThrow(RangeError);
    expect(() => PlainTime.from("03:04:05+01:00")).toThrow(RangeError);
  });

  it("is refused by default, before anything is written", () => {
    class Scary {}
    const end = new CodecEnd();
    for (const value of [new Scary(), () => 1, Symbol("x"), Promise.resolve(1), /x/, new Date(Number.NaN)]) {
      expect(() => end.codec.sendAnswer(1, [value], null)).toThrow(UnsendableError);
      expect(end.outbox.waiting).toBe(0);
    }
  });

  it("as is a text with a lone surrogate", () => {
    expect(generic("lone surrogate").jelly_error).toMatch(/^UnicodeEncodeError/);
    expect(() => valueBytes("\ud800")).toThrow(UnsendableError);
    expect(() => valueBytes({ "\udc00": 1 })).toThrow(UnsendableError);
  });

  it("as are decimals that are no numbers: there is no such Decimal", () => {
    expect(generic("Decimal NaN").jelly_error).toMatch(/^TypeError/);
    expect(generic("Decimal Infinity").banana_error).toMatch(/^BananaError/);
    for (const text of ["NaN", "Infinity"]) expect(() => Decimal.from(text)).toThrow(RangeError);
  });

  it("or an integer that Banana cannot hold", () => {
    expect(() => valueBytes([2n ** 448n])).toThrow(BananaError);
  });

  it("has a test for each that Twisted was given", () => {
    expect(jelly.generic.map(({ about }) => about).filter((about) => !asked.has(about))).toEqual([]);
  });
});

describe("an expression that arrives", () => {
  const securities: Record<"globalSecurity" | "SecurityOptions()", CodecOptions> = {
    globalSecurity: { registry: wireClasses() },
    "SecurityOptions()": { registry: wireClasses(), security: new SecurityOptions() },
  };

  /** Where Twisted raises something else, or nothing. */
  const kinds: Record<string, new (...args: never[]) => Error> = {
    AssertionError: JellyError,
    UnicodeDecodeError: JellyError,
    IndexError: JellyError,
    AttributeError: JellyError,
    ValueError: JellyError,
    KeyError: JellyError,
    TypeError,
    InsecureJelly,
  };

  /** What differs on purpose: the outcome here, and why. Only where the default security lets it get that far. */
  const differences: Record<string, { here: (run: () => unknown) => void; why: string }> = {
    "dereference of nothing": {
      why: "a dangling dereference is an error (§12.5); in Twisted the application gets an internal placeholder",
      here: (run) => expect(run).toThrow("dereference 9 without a reference"),
    },
    "reference to None": {
      why: "None can be referred to as anything else can; in Twisted the dereference stays a placeholder",
      here: (run) => expect(run()).toEqual([null, null]),
    },
    "dictionary, the same key twice": {
      why: "byte strings are objects, and a Map tells objects apart; no peer sends a key twice",
      here: (run) => expect([...(run() as Map<unknown, unknown>).values()]).toEqual([1, 2]),
    },
    "set of lists": {
      why: "a JavaScript set may hold anything; no Twisted peer can send one of these",
      here: (run) => expect(run()).toEqual(new Set([[]])),
    },
    unpersistable: {
      why: "the reason is passed on as it came, so that sending it on does not change it",
      here: (run) => expect(run()).toEqual(new Unpersistable("some reason")),
    },
    "registered copy, state None": {
      why: "newer versions of Twisted take it for an empty state; only 22.4 raises",
      here: (run) => expect(run()).toEqual(new Point()),
    },
    "remote by name": {
      why: "no peer sends one: names are not given out",
      here: (run) => expect(run).toThrow(JellyError),
    },
    "local, unknown: None": {
      why: "an id above the highest given out closes the connection (§12.5); in Twisted it is None",
      here: (run) => expect(run).toThrow(ProtocolError),
    },
    "lcache, unknown": {
      why: "as with [local n]: what was never given out closes the connection",
      here: (run) => expect(run).toThrow(ProtocolError),
    },
  };

  class Home extends Referenceable {}

  function decode(pb: string, security: keyof typeof securities): unknown {
    const end = new CodecEnd("pb", securities[security]);
    end.exportObject(one);
    end.names.set("root", root);
    return valueFromAt(end, unhex(pb));
  }

  const one = new Home();
  const root = new Home();

  function expectValue(about: string, value: unknown, expected: ValueJson): void {
    if (expected.type === "RemoteReference") expect(value).toBeInstanceOf(RemoteReference);
    else if (about.startsWith("local")) expect(value).toBe(expected.value === "ONE" ? one : root);
    else if (expected.type === "RemoteCache")
      expect(value).toEqual(Object.assign(new RemoteStock(), { name: bytes("x") }));
    else if (expected.class?.startsWith("pbtypes.")) expectCopy(value, expected);
    else expect(difference(value, valueDescribed(expected))).toBeUndefined();
  }

  function expectCopy(value: unknown, { class: name, attributes }: ValueJson): void {
    const kinds: Record<string, object> = { "pbtypes.Point": Point, "pbtypes.Tagged": Tagged };
    expect(value).toBeInstanceOf(kinds[name]);
    for (const [key, attribute] of attributes) expect(value).toHaveProperty(key, valueDescribed(attribute));
  }

  for (const vector of jelly.unjelly) {
    for (const security of ["globalSecurity", "SecurityOptions()"] as const) {
      const { value, error, message } = vector[security];
      it(`${vector.about}: ${vector.text}, with ${security}`, () => {
        const run = () => decode(vector.pb, security);
        const different = differences[vector.about];
        if (different !== undefined && error !== "InsecureJelly") {
          different.here(run);
        } else if (error === undefined) {
          expectValue(vector.about, run(), value as ValueJson);
        } else {
          expect(run).toThrow(kinds[error]);
          if (error === "InsecureJelly") expect(run).toThrow(new InsecureJelly(message as string));
        }
      });
    }
  }

  it("differs from Twisted only where it is said to", () => {
    const names = jelly.unjelly.map(({ about }) => about);
    for (const about of Object.keys(differences)) expect(names).toContain(about);
  });
});

describe("the tables of admitted types (spec §3.9)", () => {
  const twisted = jelly.security as Record<string, string[]>;
  const all = [...new Set(Object.values(twisted).flat())];
  const admittedBy = (security: SecurityOptions): string[] =>
    all.filter((name) => !name.includes(".") && security.isTypeAllowed(name)).sort();
  const plain = (names: readonly string[] | undefined): string[] =>
    (names ?? []).filter((name) => !name.includes(".")).sort();

  it("are Twisted's for a new SecurityOptions", () => {
    expect(admittedBy(new SecurityOptions())).toEqual(plain(twisted["SecurityOptions().allowedTypes"]));
  });

  it("are Twisted's with allowBasicTypes", () => {
    const basic = plain([
      ...(twisted["SecurityOptions().allowedTypes"] ?? []),
      ...(twisted["SecurityOptions.basicTypes"] ?? []),
    ]);
    expect(admittedBy(new SecurityOptions().allowBasicTypes())).toEqual(basic);
  });

  it("are Twisted's for a connection that is told nothing, its registered tags aside", () => {
    const registered = ["pbpeerTagged"];
    const theirs = plain(twisted["globalSecurity.allowedTypes"]).filter((name) => !registered.includes(name));
    expect(admittedBy(defaultSecurity())).toEqual(theirs);
    expect(defaultSecurity().isTypeAllowed("twisted.spread.pb.CopyableFailure")).toBe(true);
  });

  it("let every name with a dot pass, which must then be registered", () => {
    expect(new SecurityOptions().isTypeAllowed("os.system")).toBe(true);
    expect(new SecurityOptions().allowTypes("mine").isTypeAllowed("mine")).toBe(true);
  });
});
