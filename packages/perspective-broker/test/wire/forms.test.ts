// Which decoder takes a form, what stands for what cannot be sent, and how deep a value may be (spec §3.7, §3.8).
import { describe, expect, it } from "vitest";
import { InsecureJelly, JellyError, LimitExceeded, UnknownId, UnsendableError } from "../../src/errors.ts";
import { Unpersistable } from "../../src/index.ts";
import { CodecEnd, type CodecOptions, valueBytes, valueFrom } from "./support/codecs.ts";
import { decodeAll, encode, Real, type Sexp, unicode } from "./support/elements.ts";

/** The form of a value. */
const form = (value: unknown, options?: CodecOptions): Sexp => decodeAll(valueBytes(value, "pb", options))[0] as Sexp;

/** The value of a form. */
const value = (sexp: Sexp, options?: CodecOptions): any => valueFrom(encode(sexp), "pb", options);

describe("spec §3.8: persistent and unpersistable", () => {
  it("an unpersistable is a value like others, with its reason", () => {
    expect(value(["unpersistable", "some reason"])).toEqual(new Unpersistable("some reason"));
    expect(form([new Unpersistable("some reason")])).toEqual(["list", ["unpersistable", "some reason"]]);
  });

  it("a persistent is one, too: there is no persistent store", () => {
    for (const id of ["1", 1, ["list"], new Real(1)] as Sexp[]) {
      expect(value(["list", ["persistent", id], 7])).toEqual([new Unpersistable("Persistent callback not found"), 7]);
    }
  });

  it("needs a reason that is a text", () => {
    for (const operands of [[], [1], [["None"]], ["\xff"]] as Sexp[][]) {
      expect(() => value(["unpersistable", ...operands])).toThrow(JellyError);
    }
  });

  it("takes the place of what cannot be sent, where that is asked for", () => {
    const options: CodecOptions = { values: { unsendable: "unpersistable" } };
    class Scary {}
    expect(form([new Scary(), () => 1, 5], options)).toEqual([
      "list",
      ["unpersistable", expect.stringMatching(/^instance of class .*Scary deemed insecure$/)],
      ["unpersistable", expect.stringMatching(/^instance of class .* deemed insecure$/)],
      5,
    ]);
  });
});

describe("spec §3.7: which decoder takes a form", () => {
  const here = (sexp: Sexp) => () => value(sexp);

  it("1. an empty list is none, nor one that begins with no byte string", () => {
    for (const sexp of [[], [1], [[]], [["list"]], [new Real(1)]] as Sexp[]) expect(here(sexp)).toThrow(JellyError);
    expect(here(["\xff\xfe"])).toThrow(JellyError);
  });

  it("2. a name without a dot must be admitted; the text of the error is Python's repr of it", () => {
    expect(here(["copy", 1])).toThrow(new InsecureJelly("b'copy'"));
    expect(here(["List", 1])).toThrow(new InsecureJelly("b'List'"));
    expect(here([""])).toThrow(new InsecureJelly("b''"));
    expect(here(["__proto__", 1])).toThrow(new InsecureJelly("b'__proto__'"));
    for (const atom of ["class", "function", "module", "method", "instance"]) {
      expect(here([atom, "os.system", ["dictionary"]])).toThrow(new InsecureJelly(`b'${atom}'`));
    }
    for (const command of ["message", "answer", "decref", "version", "true", "false", "cachemessage"]) {
      expect(here([command, 1])).toThrow(new InsecureJelly(`b'${command}'`));
    }
  });

  it("2. and it is asked for before anything inside is decoded", () => {
    const end = new CodecEnd();
    end.feed(encode(["answer", 1, ["copy", ["remote", 9]]]));
    expect(end.imports.size).toBe(0);
    // It was counted by the peer all the same, so it is given back.
    expect(decodeAll(end.written())).toEqual([["decref", 9]]);
  });

  it("5. each built-in form has its decoder, none of which runs code of the peer's choice", () => {
    expect(here(["cached", 4711])).toThrow(JellyError);
    expect(here(["lcache", 4711])).toThrow(UnknownId);
    expect(here(["lcache", "root"])).toThrow(JellyError);
  });

  it("6. any other name is a class that is not here", () => {
    expect(here(["os.system", ["dictionary"]])).toThrow(
      new InsecureJelly("Module os not allowed (in type os.system)."),
    );
    expect(here(["a.b.C"])).toThrow(new InsecureJelly("Module a.b not allowed (in type a.b.C)."));
    for (const atom of ["string", "str", "int", "float", "long", "long_int", "bool", "NoneType", "dict"]) {
      expect(here([atom, 1])).toThrow(new InsecureJelly(`Module  not allowed (in type ${atom}).`));
    }
  });

  it("and no name reaches a property of an object", () => {
    for (const name of ["constructor", "toString", "__proto__", "a.__proto__", "a.constructor"]) {
      expect(here([name, ["dictionary"]])).toThrow(InsecureJelly);
    }
  });
});

describe("a value that is nested too deep", () => {
  const nested = (depth: number): unknown => {
    let value: unknown = [];
    for (let i = 1; i < depth; i++) value = [value];
    return value;
  };

  it("is refused both ways at the same bound", () => {
    const options: CodecOptions = { limits: { depth: 20 } };
    const bytes = valueBytes(nested(20), "pb", options);
    expect(() => valueBytes(nested(21), "pb", options)).toThrow(LimitExceeded);
    expect(valueFrom(bytes, "pb", options)).toEqual(nested(20));
    expect(() => valueFrom(valueBytes(nested(21)), "pb", options)).toThrow(LimitExceeded);
  });

  it("is counted in every kind of container, and in references", () => {
    const options: CodecOptions = { limits: { depth: 3 } };
    const wraps: ((sexp: Sexp) => Sexp)[] = [
      (inner) => ["tuple", inner],
      (inner) => ["set", inner],
      (inner) => ["dictionary", [unicode("k"), inner]],
      (inner) => ["dictionary", [inner, 1]],
      (inner) => ["reference", 1, inner],
      (inner) => ["twisted.spread.pb.CopyableFailure", inner],
    ];
    for (const wrap of wraps) {
      let sexp: Sexp = 1;
      for (let i = 0; i < 1000; i++) sexp = wrap(sexp);
      expect(() => value(sexp, options)).toThrow(LimitExceeded);
    }
  });

  it("does not wear the bound out: failures before it count for nothing", () => {
    const end = new CodecEnd("pb", { limits: { depth: 20 } });
    for (let i = 0; i < 100; i++) {
      end.feed(encode(["answer", 1, ["list", ["list", ["copy"]]]]));
      expect(() => end.codec.sendAnswer(1, [[() => 1]], null)).toThrow(UnsendableError);
    }
    end.feed(Buffer.concat([encode(["answer", 1, ["list", ["list"]]])]));
    expect(end.told.at(-1)).toEqual({ kind: "answered", id: 1, value: [[]] });
    end.codec.sendAnswer(1, nested(20), null);
  });
});
