// Banana against what Twisted's own encoder wrote and its own decoder accepted (test/vectors/banana.json; spec §2).
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { BananaError, LimitExceeded } from "../../src/errors.ts";
import { defaultLimits } from "../../src/limits.ts";
import { type Element, FloatElement } from "../../src/wire/banana/elements.ts";
import { Inbox } from "../../src/wire/banana/inbox.ts";
import { BananaReader } from "../../src/wire/banana/reader.ts";
import { vocabulary } from "../../src/wire/banana/vocabulary.ts";
import { BananaWriter } from "../../src/wire/banana/writer.ts";
import { Outbox } from "../../src/wire/outbox.ts";
import { type DialectName, decodeAll, encode, hex, Real, type Sexp, unhex } from "./support/elements.ts";
import { banana, type Decoded, sexpOf } from "./support/vectors.ts";

/** One expression through BananaWriter. */
function written(sexp: Sexp, dialect: DialectName): Uint8Array {
  const outbox = new Outbox();
  const writer = new BananaWriter(outbox, defaultLimits, dialect === "pb");
  writer.begin();
  try {
    write(writer, sexp);
    writer.commit();
  } catch (error) {
    writer.rollback();
    expect(outbox.waiting, "bytes of what was refused").toBe(0);
    throw error;
  }
  return Buffer.concat(outbox.take());
}

function write(writer: BananaWriter, sexp: Sexp): void {
  if (typeof sexp === "number") writer.integer(sexp);
  else if (typeof sexp === "bigint") writer.bigint(sexp);
  else if (sexp instanceof Real) writer.float(sexp.value);
  else if (typeof sexp === "string") writer.bytes(Buffer.from(sexp, "latin1"));
  else {
    writer.list(sexp.length);
    for (const item of sexp) write(writer, item);
  }
}

/** What comes out of Inbox and BananaReader, in the shape of the vectors. */
interface Outcome {
  values: Sexp[];
  error?: unknown;
  waiting: number;
}

function read(bytes: Uint8Array, dialect: DialectName, size: number = bytes.length): Outcome {
  const inbox = new Inbox(defaultLimits, dialect === "pb");
  const reader = new BananaReader();
  const values: Sexp[] = [];
  let taken = 0;
  try {
    for (let at = 0; at < bytes.length; at += size) {
      inbox.receive(bytes.slice(at, at + size));
      while (inbox.next()) {
        reader.read(inbox.buffer, inbox.start);
        values.push(sexpFrom(reader.element()));
        expect(reader.at, "the reader ends where the skimmer does").toBe(inbox.end);
        taken += inbox.end - inbox.start;
      }
    }
  } catch (error) {
    return { values, error, waiting: 0 };
  }
  return { values, waiting: bytes.length - taken };
}

function sexpFrom(element: Element): Sexp {
  if (element instanceof Uint8Array) return Buffer.from(element).toString("latin1");
  if (element instanceof FloatElement) return new Real(element.value);
  if (Array.isArray(element)) return element.map(sexpFrom);
  return element;
}

const dialects: readonly DialectName[] = ["pb", "none"];

describe("an expression that Twisted wrote", () => {
  for (const dialect of dialects) {
    it(`is written byte for byte the same, dialect ${dialect}`, () => {
      for (const vector of banana.roundtrip) {
        expect(hex(written(sexpOf(vector.value), dialect)), JSON.stringify(vector.value)).toBe(vector[dialect]);
      }
    });

    it(`is read as what it was, whole and byte by byte, dialect ${dialect}`, () => {
      for (const vector of banana.roundtrip) {
        const bytes = unhex(vector[dialect]);
        const expected = { values: [sexpOf(vector.value)], waiting: 0 };
        expect(read(bytes, dialect)).toEqual(expected);
        expect(read(bytes, dialect, 1)).toEqual(expected);
      }
    });
  }

  it("is understood the same by the tests' own Banana", () => {
    for (const vector of banana.roundtrip) {
      for (const dialect of dialects) {
        expect(hex(encode(sexpOf(vector.value), dialect))).toBe(vector[dialect]);
        expect(decodeAll(unhex(vector[dialect]), dialect)).toEqual([sexpOf(vector.value)]);
      }
    }
  });

  it("may be as large as the limits", () => {
    const text = "x".repeat(defaultLimits.string);
    const list = new Array<Sexp>(defaultLimits.list).fill(1);
    for (const [i, vector] of banana.big.entries()) {
      const bytes = written(i === 0 ? text : list, "pb");
      expect(bytes.length, vector.about).toBe(vector.length);
      expect(hex(bytes.subarray(0, 16))).toBe(vector.first_16);
      expect(hex(bytes.subarray(-16))).toBe(vector.last_16);
      expect(createHash("sha256").update(bytes).digest("hex")).toBe(vector.sha256);
      const [value] = read(bytes, "pb", 4096).values;
      expect(i === 0 ? value === text : (value as Sexp[]).every((item) => item === 1)).toBe(true);
    }
  });
});

describe("the tables", () => {
  it("are Twisted's: vocabulary and limits", () => {
    expect(vocabulary.slice(1)).toEqual(Object.values(banana.vocabulary));
    expect([defaultLimits.string, defaultLimits.list]).toEqual([banana.limits.SIZE_LIMIT, banana.limits.SIZE_LIMIT]);
    expect(defaultLimits.prefix).toBe(banana.limits.prefix_limit);
  });
});

describe("what Twisted's encoder refuses", () => {
  // What is not among them cannot be handed to BananaWriter at all: its types are text, bytes, numbers and lists.
  const values: Record<string, () => Sexp> = {
    "2**448": () => 2n ** 448n,
    "-(2**448)": () => -(2n ** 448n),
    "string of SIZE_LIMIT+1 bytes": () => "x".repeat(640 * 1024 + 1),
    "list of SIZE_LIMIT+1 elements": () => new Array<Sexp>(640 * 1024 + 1).fill(1),
  };
  const untyped = ["str", "None", "dict", "set", "bytearray"];

  for (const vector of banana.encode_refused) {
    if (untyped.includes(vector.value)) continue;
    it(`is refused here and leaves no bytes: ${vector.value}`, () => {
      expect(vector.error).toBe("BananaError");
      expect(() => written((values[vector.value] as () => Sexp)(), "pb")).toThrow(BananaError);
    });
  }

  it("is this list and no other", () => {
    expect(banana.encode_refused.map(({ value }) => value)).toEqual([...Object.keys(values), ...untyped]);
  });

  it("as for texts, counts their bytes and not their characters", () => {
    const writer = new BananaWriter(new Outbox(), defaultLimits, true);
    writer.begin();
    expect(() => writer.text("ü".repeat(320 * 1024 + 1))).toThrow(BananaError);
    writer.text("ü".repeat(320 * 1024));
    writer.commit();
  });
});

describe("what Twisted's encoder makes something else of", () => {
  it("is an integer for a boolean, and a list for a tuple", () => {
    const bytes = Object.fromEntries(banana.encode_special.map((vector) => [vector.value, vector.hex]));
    expect(hex(written(1, "pb"))).toBe(bytes.True);
    expect(hex(written(0, "pb"))).toBe(bytes.False);
    expect(hex(written([1, 2], "pb"))).toBe(bytes["tuple (1, 2) is written as a list"]);
  });
});

describe("unusual and illegal bytes", () => {
  const errors: Record<string, typeof BananaError> = {
    BananaError,
    // Twisted has no class of its own for these two.
    NotImplementedError: BananaError,
    KeyError: BananaError,
  };

  function check(outcome: Outcome, expected: Decoded, bytes: Uint8Array): void {
    const values = (expected.values ?? expected.before ?? []).map(sexpOf);
    expect(outcome.values).toEqual(values);
    if (expected.error !== undefined) {
      expect(outcome.error).toBeInstanceOf(errors[expected.error]);
      return;
    }
    expect(outcome.error).toBeUndefined();
    // Twisted counts open lists apart from the bytes that wait; here nothing of an expression is taken before its end.
    const open = expected.leftover !== undefined || expected.open_lists !== undefined;
    expect(outcome.waiting > 0).toBe(open);
    if (open && values.length === 0) expect(outcome.waiting).toBe(bytes.length);
  }

  for (const { about, dialect, hex: digits, whole, byte_by_byte } of banana.decode) {
    it(`${about} (${digits.slice(0, 24)}, ${dialect})`, () => {
      const bytes = unhex(digits);
      check(read(bytes, dialect), whole, bytes);
      check(read(bytes, dialect, 1), byte_by_byte ?? whole, bytes);
    });
  }

  it("nest as deep as they like, without a stack of ours, up to a bound that closes the connection", () => {
    const nested = (depth: number): Uint8Array => unhex(`${"0180".repeat(depth)}0181`);
    const inbox = new Inbox({ ...defaultLimits, depth: 10 }, true);
    inbox.receive(nested(99_999));
    expect(inbox.next()).toBe(true);
    inbox.receive(nested(100_001));
    expect(() => inbox.next()).toThrow(LimitExceeded);
  });
});
