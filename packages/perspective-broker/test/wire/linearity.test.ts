// The cost of reading is linear in the input, whatever the chunks are and whatever a peer can think of: twice as much may
// cost at most 2.3 times as much. Time is measured as the processor's, in turns, and once more where the machine was busy;
// memory is counted.
import { describe, expect, it, vi } from "vitest";
import { platform } from "../../src/platform/node.ts";
import { Wants } from "../../src/wire/message.ts";
import { CodecEnd } from "./support/codecs.ts";
import { encode, type Sexp, unicode } from "./support/elements.ts";

const MOST = 2.3;
const KIB = 1024;

const single = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));

/** Hands bytes over one by one. */
function feedSingly(bytes: Uint8Array): CodecEnd {
  const end = new CodecEnd();
  const { codec } = end;
  for (let i = 0; i < bytes.length; i++) {
    codec.receive(single[bytes[i] as number] as Uint8Array);
    while (codec.next());
  }
  return end;
}

function milliseconds(run: () => unknown): number {
  const start = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

/** How many times as much `large` costs as `small`, in turns: the best attempt counts, and more are made while none is good. */
function ratio(small: () => unknown, large: () => unknown, most: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 6 && best > most; attempt++) {
    const cost = milliseconds(small);
    best = Math.min(best, milliseconds(large) / cost);
  }
  return best;
}

const answer = (value: Sexp): Uint8Array => encode(["answer", 1, value]);

/** Messages of about so many bytes. */
const shapes: Record<string, (bytes: number) => Uint8Array> = {
  "one byte string": (bytes) => answer("x".repeat(bytes)),
  "one list of small integers": (bytes) => answer(["list", ...new Array<Sexp>(bytes >> 1).fill(1)]),
  "one dictionary of short texts": (bytes) =>
    answer(["dictionary", ...Array.from({ length: bytes >> 5 }, (_, i): Sexp => [unicode(`key${i}`), i])]),
  "many small messages": (bytes) => {
    const one = answer(unicode("hello network"));
    return Buffer.concat(new Array(Math.floor(bytes / one.length)).fill(one));
  },
};

describe("600 KiB in chunks of one byte cost at most 2.3 times as much as 300 KiB", () => {
  for (const name of ["one byte string", "one list of small integers"]) {
    it(`in time: ${name}`, { timeout: 60_000 }, () => {
      const [small, large] = [300, 600].map((size) => shapes[name]?.(size * KIB) as Uint8Array) as [
        Uint8Array,
        Uint8Array,
      ];
      expect(feedSingly(large).told.length).toBe(1);
      expect(
        ratio(
          () => feedSingly(small),
          () => feedSingly(large),
          MOST,
        ),
      ).toBeLessThanOrEqual(MOST);
    });
  }

  it("in memory that is asked for, whatever is in them", () => {
    const allocated = (bytes: Uint8Array): number => {
      const allocate = vi.spyOn(platform, "allocate");
      try {
        feedSingly(bytes);
        return allocate.mock.calls.reduce((sum, [size]) => sum + size, 0);
      } finally {
        allocate.mockRestore();
      }
    };
    for (const [name, make] of Object.entries(shapes)) {
      const [small, large] = [allocated(make(30 * KIB)), allocated(make(60 * KIB))];
      expect(large / Math.max(small, 1024), name).toBeLessThanOrEqual(MOST);
      // A message that is cut off gets a buffer of at least a kibibyte.
      if (name !== "many small messages") expect(large, name).toBeLessThan(60 * KIB * 6);
    }
  });
});

// Quadratic cost would be four times as much; these are too short to be measured as exactly as the above.
const NOT_QUADRATIC = 3.4;

describe("what a peer can think of costs no more than in proportion to its length", () => {
  const repeated = (count: number, make: (i: number) => Sexp): Sexp[] =>
    Array.from({ length: count }, (_, i) => make(i));
  const call = (...args: Sexp[]): Uint8Array =>
    encode(["message", 1, "root", "f", 1, ["tuple", ...args], ["dictionary"]]);

  /** A call whose arguments are these bytes. */
  const callOf = (...args: Uint8Array[]): Uint8Array => {
    const empty = call();
    return Buffer.concat([empty.subarray(0, -8), ...args, empty.subarray(-4)]);
  };

  /** Messages of so many parts. */
  const tricks: Record<string, (count: number) => Uint8Array> = {
    "references that are all to be given back": (n) => {
      const many = Buffer.alloc(n * 10 * 6, Buffer.from("028010870181", "hex"));
      const head = encode(["list", ...new Array<Sexp>(n * 10 + 1).fill(0)]).subarray(0, -2 * (n * 10 + 1));
      return callOf(head, many, encode([]));
    },
    "missing values and dictionaries that become Maps": (n) =>
      call(
        ["dictionary", ...repeated(n, (i): Sexp => [unicode(`k${i}`), ["dereference", 1]])],
        ...repeated(n, (): Sexp => ["dictionary", [unicode("a"), 1], [1, 1]]),
        ["reference", 1, ["list"]],
      ),
    "references and dereferences": (n) =>
      call(
        ...repeated(n, (i): Sexp => ["reference", i, ["list"]]),
        ...repeated(n, (i): Sexp => ["dereference", n - 1 - i]),
      ),
    "sets that wait for one value": (n) =>
      call(...repeated(n, () => ["set", ["dereference", 1]]), ["reference", 1, ["list"]]),
    "lists within lists that are too deep": (n) => {
      const lists = Buffer.alloc(n * 4, Buffer.from("02800887", "hex"));
      return callOf(lists, Uint8Array.of(1, 0x81));
    },
    "integers of many digits": (n) => call(...repeated(n >> 2, () => 2n ** 447n)),
    "one large integer key after another": (n) =>
      call(["dictionary", ...repeated(n, (i): Sexp => [unicode(`${n - i}`), i]), [1, 1]]),
    "calls of what is not there": (n) => Buffer.concat(new Array(n >> 2).fill(call([]))),
  };

  for (const [name, make] of Object.entries(tricks)) {
    it(name, { timeout: 60_000 }, () => {
      const feed = (bytes: Uint8Array) => {
        const end = new CodecEnd();
        end.feed(bytes, 64 * KIB);
        expect(end.told.length).toBeGreaterThan(0);
      };
      const count = 4000;
      const [small, large] = [make(count), make(count * 2)];
      feed(small); // warm
      expect(
        ratio(
          () => feed(small),
          () => feed(large),
          NOT_QUADRATIC,
        ),
      ).toBeLessThanOrEqual(NOT_QUADRATIC);
    });
  }
});

describe("writing", () => {
  it("is linear in the number of shared objects and of large byte strings between them", { timeout: 60_000 }, () => {
    const graph = (count: number): unknown => {
      const items = Array.from({ length: count }, (_, i) => (i % 100 === 0 ? [large] : [i]));
      return [items, items, [...items].reverse()];
    };
    const large = new Uint8Array(16 * KIB);
    const [few, many] = [graph(10_000), graph(20_000)];
    const send = (value: unknown) => {
      const end = new CodecEnd();
      end.codec.sendCall("object", 1, "root", "f", [value], undefined, Wants.answer, null, undefined);
      end.written();
    };
    send(few);
    expect(
      ratio(
        () => send(few),
        () => send(many),
        NOT_QUADRATIC,
      ),
    ).toBeLessThanOrEqual(NOT_QUADRATIC);
  });
});
