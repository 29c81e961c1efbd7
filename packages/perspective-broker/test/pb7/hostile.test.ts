// Bytes that a peer should not send: nothing but the named errors comes of them, in bounded time, and what a message has
// counted is known as long as its connection lives.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InsecureJelly, JellyError, LimitExceeded } from "../../src/errors.ts";
import { Copyable, PerspectiveBrokerError, ProtocolError, Referenceable, Registry } from "../../src/index.ts";
import { Sides, unhex } from "./support/sides.ts";

class Own extends Referenceable {}

class Point extends Copyable {
  static wireName = "geo.Point";
  x: unknown;
}

const registry = new Registry();
registry.registerCopyable(Point);

const shared = [1, { a: "x" }];
const corpus: unknown[] = [
  [1, -70_000, 1.5, "text", "é".repeat(40), "x".repeat(100), "\ud800", 5n, -(2n ** 70n)],
  [
    { a: 1, b: "two" },
    { a: 2, b: "zwei" },
    { a: 3, b: "trois" },
  ],
  new Map<unknown, unknown>([
    [1, shared],
    [shared, new Set([shared])],
  ]),
  [new Date(5), /a+/g, new URL("http://a/b"), new TypeError("m", { cause: [1] }), new AggregateError([1], "n")],
  [new Uint8Array(9), new Float64Array(2), new DataView(new ArrayBuffer(3)), new Array(3)],
  [Object.assign(new Point(), { x: [1] }), new Own(), new Own()],
];

const known = [ProtocolError, JellyError, LimitExceeded, InsecureJelly];

/** Reads a body as it is; what it throws must be one of the named errors, and the receipts must be countable. */
function attempt(sides: Sides, body: Uint8Array): void {
  sides.receiver.imported.length = 0;
  try {
    sides.read(body);
  } catch (error) {
    if (!known.some((kind) => error instanceof kind)) throw error;
    if (error instanceof ProtocolError) return;
    countable(sides, body);
  }
}

function countable(sides: Sides, body: Uint8Array): void {
  const { decoder } = sides;
  decoder.at = 1;
  try {
    const { objects } = decoder.receipts("value");
    const all = new Sides();
    all.decoder.in.read(body, 1, body.length);
    expect(objects.length + (decoder.received?.length ?? 0)).toBeLessThanOrEqual(body.length);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}

describe("a body", () => {
  const sides = new Sides({ registry });
  const bodies = corpus.flatMap((value) => [...sides.define(sides.send(value)), ...sides.define(sides.send(value))]);

  it("that is cut anywhere", () => {
    for (const body of bodies) {
      for (let end = 1; end < body.length; end++) {
        expect(() => sides.read(body.slice(0, end)), `${end}`).toThrow(PerspectiveBrokerError);
        attempt(sides, body.slice(0, end));
      }
    }
  });

  it("in which any byte is another", () => {
    for (const body of bodies) {
      for (let at = 0; at < body.length; at++) {
        for (const bits of [1, 2, 4, 8, 16, 32, 64, 128, 255]) {
          const other = body.slice();
          other[at] = (other[at] as number) ^ bits;
          attempt(sides, other);
        }
      }
    }
  });

  it("of any bytes", () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.array(fc.integer({ min: 0, max: 0x48 }), { maxLength: 60 }).map((list) => Uint8Array.from(list)),
    );
    fc.assert(
      fc.property(bytes, (body) => attempt(sides, Uint8Array.of(4, ...body))),
      { numRuns: 5000 },
    );
  });
});

describe("a value", () => {
  const refusals: [string, string, unknown][] = [
    ["an array of more than there is", "10 ff ff ff ff 0f 81", ProtocolError],
    ["a byte string of more than there is", "0b ff ff ff 7f 00", ProtocolError],
    ["a number of nine bytes", "04 80 80 80 80 80 80 80 80 01", ProtocolError],
    ["a number that is longer than needed", "04 80 00", ProtocolError],
    ["a tag that there is not", "3f", ProtocolError],
    ["a tag of a third party", "30", ProtocolError],
    ["a shape that there is not", "13 00", ProtocolError],
    ["a name that there is not", "20 05 12 00", ProtocolError],
    ["bytes behind the value", "81 81", ProtocolError],
    ["an integer of 33 bits", "04 80 80 80 80 10", JellyError],
    ["a hole outside an array", "17 01 11", JellyError],
    ["a bigint with an empty byte", "07 02 00", JellyError],
    ["ASCII that is none", "41 80", JellyError],
    ["long ASCII that is none", `08 46 ${"80 ".repeat(70)}`.trim(), JellyError],
    ["UTF-8 that is none", "09 01 ff", JellyError],
    ["a buffer of a kind that there is not", "0c 20 01 00", JellyError],
    ["a buffer of half an element", "0c 08 03 00 00 00", JellyError],
    ["an error of a kind that there is not", "1b 20 41 61 41 61 11 11 12 00", JellyError],
    ["a regular expression that is none", "19 41 28 40", JellyError],
    ["a URL that is none", "1a 41 78", JellyError],
    ["a date that does not exist", "25 49 32 30 32 30 20 37 20 33 39", JellyError],
    ["a decimal that is none", "28 41 61 81", JellyError],
    ["a key that is no string", "12 01 81 81", JellyError],
    ["an object again that has not come", "1c 05", JellyError],
    ["bytes in pieces of a message that is complete", "0d 01 05", JellyError],
    ["a result in a message that is complete", "2b 01", JellyError],
    ["a class that is not known", "20 00 43 61 2e 62 12 00", InsecureJelly],
  ];
  it.each(refusals)("%s", (_, bytes, kind) => {
    expect(() => new Sides({ registry }).read(Uint8Array.of(4, ...unhex(bytes)))).toThrow(kind as any);
  });

  it("again, in a message that shares nothing", () => {
    expect(() => new Sides().read(Uint8Array.of(0, 0x10, 2, 0x10, 0, 0x1c, 1))).toThrow(JellyError);
  });
});

describe("limits", () => {
  it("of depth hold for both sides, whatever is nested", () => {
    const nested = (depth: number): unknown => {
      let value: unknown = 1;
      for (let i = 0; i < depth; i++)
        value = i % 3 === 0 ? [value] : i % 3 === 1 ? { a: value } : new Map([[1, value]]);
      return value;
    };
    const sides = new Sides({ limits: { depth: 20 } });
    expect(sides.trip(nested(20))).toStrictEqual(nested(20));
    expect(() => sides.send(nested(21))).toThrow(LimitExceeded);
    const [body] = sides.define(new Sides({ limits: { depth: 30 } }).send(nested(21)));
    expect(() => sides.read(body as Uint8Array)).toThrow(LimitExceeded);
  });

  it("of elements count members, not messages", () => {
    const big = new Sides();
    const [body] = big.define(big.send([new Array(60).fill(0), new Array(60).fill(0)]));
    expect(() => new Sides({ limits: { elements: 100 } }).read(body as Uint8Array)).toThrow(LimitExceeded);
    expect(() => new Sides({ limits: { elements: 122 } }).read(body as Uint8Array)).not.toThrow();
  });

  it("of a message leave the frame to be taken back", () => {
    const sides = new Sides({ limits: { message: 1000 } });
    expect(() => sides.send("x".repeat(2000))).toThrow("limits.message (1000 bytes)");
    expect(() => sides.send(new Uint8Array(300_000))).toThrow("limits.message");
    sides.encoder.peerMessage = 100;
    expect(() => sides.send("x".repeat(200))).toThrow("what the other side reads (100 bytes)");
    expect(sides.trip("fits")).toBe("fits");
  });

  it("of a million arrays in each other cost no stack when receipts are counted", () => {
    const body = new Uint8Array(2_000_002).map((_, i) => (i % 2 === 1 ? 0x10 : 1));
    body[0] = 0;
    body[body.length - 1] = 0x81;
    const sides = new Sides();
    expect(() => sides.read(body)).toThrow(LimitExceeded);
    sides.decoder.at = 1;
    expect(sides.decoder.receipts("value").objects).toEqual([]);
  });
});

describe("definitions", () => {
  const define = (frames: [type: number, bytes: string][]): (() => void) => {
    const sides = new Sides();
    return () => void sides.define(frames.map(([type, bytes]) => ({ type, body: unhex(bytes) })));
  };

  it("are refused beyond their bounds", () => {
    expect(define([[0x11, `08 81 01 ${"61".repeat(129)}`]])).toThrow(LimitExceeded);
    expect(define([[0x12, `41 ${"41 61".repeat(65)}`]])).toThrow(LimitExceeded);
    expect(define(new Array(1025).fill([0x11, "41 61"]))).toThrow(LimitExceeded);
    expect(define(new Array(1025).fill([0x12, "01 41 61"]))).toThrow(LimitExceeded);
    expect(define(new Array(600).fill([0x11, `08 80 01 ${"61".repeat(128)}`]))).toThrow(LimitExceeded);
    expect(define(new Array(1024).fill([0x11, "41 61"]))).not.toThrow();
  });

  it("are refused if they are none", () => {
    for (const bytes of ["81", "41", "41 80", "41 61 61", ""]) expect(define([[0x11, bytes]])).toThrow(ProtocolError);
    for (const bytes of ["01", "01 81", "02 41 61", ""]) expect(define([[0x12, bytes]])).toThrow(ProtocolError);
  });

  it("stop when the tables are full, and everything still arrives", () => {
    const sides = new Sides();
    const value = Array.from({ length: 1300 }, (_, i) => [{ [`key ${i}`]: 1 }, { [`key ${i}`]: 2 }]);
    const frames = sides.send(value);
    expect(frames.length).toBe(1025);
    expect(sides.receive(frames)).toStrictEqual(value);
    expect(sides.trip(value)).toStrictEqual(value);
    for (let i = 0; i < 1100; i++) {
      const [body] = sides.define(sides.write((encoder) => encoder.name(`name ${i}`)));
      sides.decoder.read(body as Uint8Array, 1, body?.length as number);
      expect(sides.decoder.name()).toBe(`name ${i}`);
    }
  });

  it("are not made for dictionaries and for what comes once", () => {
    const sides = new Sides();
    expect(sides.send([{ 17: 1 }, { 17: 1 }, { 17: 2 }]).length).toBe(1);
    expect(sides.send(Array.from({ length: 100 }, (_, i) => ({ [`only ${i}`]: i }))).length).toBe(1);
  });
});
