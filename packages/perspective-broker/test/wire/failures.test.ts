// Errors on the wire, both ways, against what Twisted sends and what it can live with (test/vectors/failures.json; spec §7).
import { describe, expect, it } from "vitest";
import { NoSuchMethod, PBError, RemoteError } from "../../src/errors.ts";
import { Registry } from "../../src/index.ts";
import { CodecEnd, type CodecOptions } from "./support/codecs.ts";
import { decodeAll, encode, hex, Real, type Sexp, unhex, unicode } from "./support/elements.ts";
import { failures } from "./support/vectors.ts";

const TAG = "twisted.spread.pb.CopyableFailure";

class PeerError extends PBError {
  static override wireName = "pbpeer.PeerError";
}

class PeerError2 extends Error {
  static wireName = "pbpeer.PeerError2";
}

class KnownError extends PBError {
  static override wireName = "pbpeer.KnownError";
}

class ArithmeticError extends Error {
  static wireName = "builtins.ArithmeticError";
}

class ZeroDivisionError extends ArithmeticError {
  static override wireName = "builtins.ZeroDivisionError";
}

/** The bytes of an error answer to call 1. */
function sent(error: unknown, later: boolean, options: CodecOptions = {}): Uint8Array {
  const end = new CodecEnd("pb", options);
  end.codec.sendError(1, error, later);
  return end.written();
}

/** What arrives when a call is answered with this failure state, or with this jelly. */
function received(jelly: Sexp, options: CodecOptions = {}): unknown {
  const end = new CodecEnd("pb", options);
  end.feed(encode(["error", 1, jelly]));
  const told = end.told[0];
  if (told?.kind !== "failed") throw new Error(`${told?.kind}`);
  return told.error;
}

type State = Record<string, Sexp>;

const stateOf = (state: State): Sexp => [
  TAG,
  ["dictionary", ...Object.entries(state).map(([k, v]) => [unicode(k), v])],
];

/** The state in an error answer, as pairs of name and form. */
function pairsIn(bytes: Uint8Array): [name: string, form: Sexp][] {
  const [[, , [tag, [, ...pairs]]]] = decodeAll(bytes) as any;
  expect(tag).toBe(TAG);
  return pairs.map(([[, name], form]: [[string, string], Sexp]) => [name, form]);
}

describe("an error that is thrown here", () => {
  // What Twisted's server of the vectors raises, in our words. A number is counted per process there, too.
  const thrown: Record<string, { error: () => unknown; later?: boolean; options?: CodecOptions }> = {
    expected: { error: () => new PeerError("expected") },
    expectedLater: { error: () => new PeerError("expected later"), later: true },
    unexpected: { error: () => new PeerError2("unexpected") },
    unexpectedLater: { error: () => new PeerError2("unexpected later"), later: true },
    noArgs: { error: () => new PeerError() },
    twoArgs: { error: () => new PeerError("('one', 2)") },
    raisedInCallback: { error: () => new ZeroDivisionError("integer division or modulo by zero"), later: true },
    nosuch: { error: () => new NoSuchMethod("No such method: remote_nosuch") },
  };
  const plain = failures.sent.filter(({ raises }) => raises in thrown);
  const bytesOf = (raises: string, unsafeTracebacks: boolean): Uint8Array => {
    const { error, later = false } = thrown[raises] as (typeof thrown)[string];
    return sent(error(), later, { values: { unsafeTracebacks } });
  };

  for (const vector of plain.filter(({ unsafeTracebacks }) => !unsafeTracebacks)) {
    it(`is sent byte for byte as Twisted sends its like: ${vector.raises}`, () => {
      expect(withoutCount(bytesOf(vector.raises, false))).toBe(withoutCount(unhex(vector.hex)));
    });
  }

  for (const vector of plain.filter(({ unsafeTracebacks }) => unsafeTracebacks)) {
    it(`has the same state but for the stack itself, with unsafeTracebacks: ${vector.raises}`, () => {
      const ours = pairsIn(bytesOf(vector.raises, true));
      const theirs = pairsIn(unhex(vector.hex));
      expect(ours.map(([name]) => name)).toEqual(vector.keys);
      for (const [i, [name, form]] of ours.entries()) {
        const other = (theirs[i] as [string, Sexp])[1];
        if (name === "traceback") {
          expect(form).toEqual(["unicode", expect.stringMatching(/failures\.test/)]);
          expect(other).toEqual(["unicode", expect.any(String)]);
        } else if (name !== "count") {
          expect(form, name).toEqual(other);
        }
      }
    });
  }

  it("travels as itself if its class is registered", () => {
    const registry = new Registry();
    registry.registerError(KnownError, undefined, { thrownAs: "itself" });
    const vector = failures.sent.find(({ raises }) => raises === "known");
    expect(hex(sent(new KnownError(), false, { registry }))).toBe(vector?.hex);
    const [form] = decodeAll(sent(Object.assign(new KnownError(), { code: 42 }), true, { registry }));
    expect(form).toEqual(["error", 1, ["pbpeer.KnownError", ["dictionary", [unicode("code"), 42]]]]);
  });

  it("keeps type, message and parents when it came from another peer", () => {
    const vector = failures.sent.find(({ raises, unsafeTracebacks }) => raises === "copyAgain" && !unsafeTracebacks);
    const [, , form] = decodeAll(unhex(vector?.hex as string))[0] as Sexp[];
    const passedOn = pairsIn(sent(received(form as Sexp), true));
    const original = pairsIn(unhex(vector?.hex as string));
    const byName = (pairs: [string, Sexp][]) => Object.fromEntries(pairs.filter(([name]) => name !== "count"));
    // The order of the keys is the one of every other error here; Twisted has another one for these.
    expect(byName(passedOn)).toEqual(byName(original));
  });

  it("is sent on with unsafeTracebacks, too, where Twisted answers nothing at all", () => {
    const vector = failures.sent.find(({ raises, unsafeTracebacks }) => raises === "copyAgain" && unsafeTracebacks);
    expect(vector?.hex).toBe("");
    const error = received(stateOf({ type: "app.Far", value: unicode("gone"), traceback: unicode("at far.py") }));
    const pairs = Object.fromEntries(pairsIn(sent(error, true, { values: { unsafeTracebacks: true } })));
    expect(pairs).toMatchObject({ type: "app.Far", value: unicode("gone"), traceback: unicode("at far.py") });
  });

  it("covers every case of the vectors", () => {
    const covered = new Set([...Object.keys(thrown), "known", "copyAgain"]);
    expect(new Set(failures.sent.map(({ raises }) => raises))).toEqual(covered);
  });

  it("that is no error at all is an Exception with a message of ours", () => {
    for (const value of ["text", 7, null, undefined, { a: 1 }, () => {}]) {
      const pairs = Object.fromEntries(pairsIn(sent(value, false)));
      expect(pairs.type).toBe("builtins.Exception");
      expect(pairs.value).toEqual(["unicode", expect.stringContaining("no error")]);
    }
  });

  it("has Python's names for JavaScript's own classes", () => {
    const type = (error: unknown) => Object.fromEntries(pairsIn(sent(error, false))).type;
    expect(type(new TypeError("x"))).toBe("builtins.TypeError");
    expect(type(new RangeError("x"))).toBe("builtins.ValueError");
    expect(type(new SyntaxError("x"))).toBe("builtins.Exception");
    expect(type(new (class Mine extends Error {})("x"))).toBe("builtins.Exception");
  });

  it("is sent whatever its message is", () => {
    const hostile = new Error();
    Object.defineProperty(hostile, "message", {
      get() {
        throw new Error("no");
      },
    });
    expect(Object.fromEntries(pairsIn(sent(hostile, false))).value).toEqual(unicode(""));
    expect(Object.fromEntries(pairsIn(sent(new Error("\ud800"), false))).value).toEqual(unicode("\ufffd"));
  });

  it("brings its own properties along if it is an expected one", () => {
    const pairs = pairsIn(sent(Object.assign(new PeerError("no"), { code: 5 }), false));
    expect(pairs.at(-1)).toEqual(["data", ["dictionary", [unicode("code"), 5]]]);
    expect(pairsIn(sent(Object.assign(new Error("no"), { code: 5 }), false)).map(([name]) => name)).not.toContain(
      "data",
    );
  });
});

describe("a failure that arrives", () => {
  // The state that make the `received` vectors.
  const full: State = {
    type: "pbpeer.PeerError",
    value: unicode("boom"),
    traceback: unicode("Traceback unavailable\n"),
    parents: ["list", unicode("pbpeer.PeerError"), unicode("twisted.spread.pb.Error")],
    frames: ["list"],
    stack: ["list"],
    tb: ["None"],
    count: 1,
    captureVars: ["boolean", "false"],
    pickled: 1,
    unsafeTracebacks: ["boolean", "false"],
  };
  const without = (...names: string[]): State =>
    Object.fromEntries(Object.entries(full).filter(([name]) => !names.includes(name)));
  const all = {
    type: "pbpeer.PeerError",
    message: "boom",
    parents: ["pbpeer.PeerError", "twisted.spread.pb.Error"],
    remoteTraceback: "Traceback unavailable\n",
    data: {},
  };

  // By the names that the vectors have for them. Twisted raises AttributeError where something is missing; here there is
  // a default for everything.
  const states: Record<string, { state: State; differs?: Partial<typeof all> }> = {
    "all keys": { state: full },
    "without type": { state: without("type"), differs: { type: "builtins.Exception" } },
    "without value": { state: without("value"), differs: { message: "" } },
    "without traceback": { state: without("traceback") },
    "without parents": { state: without("parents"), differs: { parents: [] } },
    "only type, value, traceback, parents": {
      state: without("frames", "stack", "tb", "count", "captureVars", "pickled", "unsafeTracebacks"),
    },
    "type as unicode instead of bytes": { state: { ...full, type: unicode("pbpeer.PeerError") } },
    "parents as bytes instead of unicode": {
      state: { ...full, parents: ["list", "pbpeer.PeerError", "twisted.spread.pb.Error"] },
    },
  };
  for (const name of ["frames", "stack", "tb", "count", "captureVars", "pickled", "unsafeTracebacks"]) {
    states[`without ${name}`] = { state: without(name) };
  }

  for (const { state: name } of failures.received) {
    it(`is a RemoteError: ${name}`, () => {
      const { state, differs } = states[name] as (typeof states)[string];
      for (const dicts of ["object", "map"] as const) {
        const error = received(stateOf(state), { values: { dicts } }) as RemoteError;
        expect(error).toBeInstanceOf(RemoteError);
        const { type, message, parents, remoteTraceback, data } = error;
        expect({ type, message, parents, remoteTraceback, data }).toEqual({ ...all, ...differs });
      }
    });
  }

  it("is what the vectors say it is for check()", () => {
    const theirs = failures.received.find(({ state }) => state === "all keys")?.result;
    const error = received(stateOf(full)) as RemoteError;
    expect(theirs?.["check(pb.Error)"]).toBe("<class 'twisted.spread.pb.Error'>");
    expect(error.check("twisted.spread.pb.Error")).toBe(true);
    expect(error.check(PBError)).toBe(true);
    expect(theirs?.["check(ValueError)"]).toBe("None");
    expect(error.check(RangeError)).toBe(false);
    // The type itself counts, also where the parents are missing.
    expect((received(stateOf(without("parents"))) as RemoteError).check(PeerError)).toBe(true);
  });

  it("may have the keys and texts of Python 2", () => {
    const parents: Sexp = ["list", "m.E"];
    const pairs = Object.entries({ type: "m.E", value: "gr\xc3\xbc\xc3\x9f", traceback: "tb", parents });
    const error = received([TAG, ["dictionary", ...pairs]]) as RemoteError;
    const { type, message, remoteTraceback } = error;
    expect([type, message, error.parents, remoteTraceback]).toEqual(["m.E", "grüß", ["m.E"], "tb"]);
  });

  it("has its own properties if it came from a program of ours", () => {
    const end = pairsIn(sent(Object.assign(new PeerError("no"), { code: 5 }), false));
    const error = received([TAG, ["dictionary", ...end.map(([name, form]): Sexp => [unicode(name), form])]]);
    expect((error as RemoteError).data).toEqual({ code: 5 });
  });

  it("is an error whatever the state is", () => {
    const odd: Sexp[] = [["None"], 7, new Real(1.5), "x", ["list"], ["dictionary"], unicode("x"), ["boolean", "true"]];
    for (const state of odd) expect(received([TAG, state])).toBeInstanceOf(RemoteError);
    const values: Sexp[] = [["None"], 7, ["list", 1], ["dictionary"], ["tuple"], ["set", 1]];
    for (const value of values) {
      for (const name of Object.keys(full)) {
        const error = received(stateOf({ ...full, [name]: value })) as RemoteError;
        expect([typeof error.type, typeof error.message, typeof error.remoteTraceback]).toEqual(
          Array(3).fill("string"),
        );
        expect(error.parents.every((parent) => typeof parent === "string")).toBe(true);
      }
    }
  });

  it("that is no failure at all is an error, too (spec §4.5)", () => {
    expect(received("boom")).toMatchObject({ message: "boom" });
    expect(received(unicode("boom"))).toMatchObject({ message: "boom" });
    expect(received(["None"])).toMatchObject({ type: "builtins.NoneType", message: "" });
    for (const jelly of [
      "boom",
      7,
      new Real(2.5),
      ["None"],
      ["list", 1],
      ["tuple"],
      ["dictionary"],
      ["set"],
    ] as Sexp[]) {
      expect(received(jelly)).toBeInstanceOf(RemoteError);
    }
  });
});

describe("an error of a registered class", () => {
  const registry = new Registry();
  registry.registerError(KnownError, undefined, { thrownAs: "itself" });

  it("arrives as itself, with its properties and message", () => {
    const error = received(["pbpeer.KnownError", ["dictionary", [unicode("code"), 42]]], { registry }) as KnownError;
    expect(error).toBeInstanceOf(KnownError);
    expect({ ...error }).toEqual({ code: 42 });
    const original = Object.assign(new KnownError("why"), { code: 1 });
    const [[, , form]] = decodeAll(sent(original, false, { registry })) as [Sexp[]];
    expect(received(form as Sexp, { registry })).toMatchObject({ message: "why", code: 1 });
  });

  it("may have the keys of Python 2, or no state", () => {
    expect(received(["pbpeer.KnownError", ["dictionary", ["code", 42]]], { registry })).toMatchObject({ code: 42 });
    expect(received(["pbpeer.KnownError", ["None"]], { registry })).toBeInstanceOf(KnownError);
  });

  it("cannot be given another identity by its state", () => {
    const pairs = ["name", "stack", "__proto__", "constructor", "toString"].map((name): Sexp => [unicode(name), 1]);
    const error = received(["pbpeer.KnownError", ["dictionary", ...pairs]], { registry }) as KnownError;
    expect(error).toBeInstanceOf(KnownError);
    expect(error.name).toBe("KnownError");
    expect(Object.keys(error)).toEqual(["constructor", "toString"]);
  });

  it("closes its cycles, also those through itself (spec §12.7)", () => {
    for (const dicts of ["object", "map"] as const) {
      const form: Sexp = [
        "reference",
        1,
        ["pbpeer.KnownError", ["dictionary", [unicode("self"), ["dereference", 1]], [unicode("code"), 3]]],
      ];
      const error = received(form, { registry, values: { dicts } }) as KnownError & { self: unknown };
      expect(error.self).toBe(error);
      expect(Object.keys(error)).toEqual(["self", "code"]);
    }
  });

  it("cannot be given another identity by a cycle either", () => {
    const pairs = ["name", "stack", "message", "__proto__"].map((name): Sexp => [unicode(name), ["dereference", 1]]);
    const form: Sexp = ["reference", 1, ["pbpeer.KnownError", ["dictionary", ...pairs]]];
    const error = received(form, { registry }) as KnownError;
    expect(error).toBeInstanceOf(KnownError);
    expect([error.name, error.message, typeof error.stack]).toEqual(["KnownError", "", "undefined"]);
  });
});

/** Without the value of `count`, which is a number of the process and means nothing. */
function withoutCount(bytes: Uint8Array): string {
  return hex(bytes).replace(/(0582636f756e74)(?:[0-7].)+81/, "$1");
}
