// What holds for every value and every sequence of bytes, tried with many (fast-check). Always the same ones, unless asked
// for others: `PROPERTY_SEED=5 PROPERTY_TIMES=50 npx vitest run test/wire/properties` looks further.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BananaError, LimitExceeded, ProtocolError } from "../../src/errors.ts";
import { type CloseCode, Keywords, Referenceable, RemoteReference } from "../../src/index.ts";
import { defaultLimits } from "../../src/limits.ts";
import { Inbox } from "../../src/wire/banana/inbox.ts";
import { Wants } from "../../src/wire/message.ts";
import { RemoteStock, Stock } from "../peers/wire-caches.ts";
import { wireClasses } from "../peers/wire-classes.ts";
import { Point, Tagged } from "../peers/wire-copies.ts";
import { expression, graph, leaf, message, sendable } from "./support/arbitraries.ts";
import { CodecEnd, type Told, valueBytes, valueBytesFrom, valueFrom, valueFromAt } from "./support/codecs.ts";
import { Echo } from "./support/echo.ts";
import { cut, type DialectName, decodeAll, encode, encodeAll, hex, type Sexp } from "./support/elements.ts";
import { difference } from "./support/graph.ts";
import { anotherStranger, strangerAtClient, strangerAtServer } from "./support/stranger.ts";
import { unjelly } from "./support/unjelly.ts";
import { sessions } from "./support/vectors.ts";

const { PROPERTY_SEED = "20260101", PROPERTY_TIMES = "1" } = process.env;
const runs = (numRuns: number) => ({ seed: Number(PROPERTY_SEED), numRuns: numRuns * Number(PROPERTY_TIMES) });
/** With copies and caches. */
const registry = wireClasses();
const dialect = fc.constantFrom<DialectName>("pb", "none");

/** Cuts bytes into chunks of the given sizes, over and over. */
function chunks(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const cut: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] as number;
    cut.push(bytes.slice(at, at + size));
    at += size;
  }
  return cut;
}

const sizes = fc.oneof(fc.constant([1]), fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 }));

describe("any sendable value", () => {
  it("comes back the same, with its sharing and cycles, in both dialects, and is sent on as the same bytes", () => {
    fc.assert(
      fc.property(sendable, dialect, (value, dialect) => {
        const bytes = valueBytes(value, dialect);
        const back = valueFrom(bytes, dialect);
        expect(difference(back, value)).toBeUndefined();
        expect(hex(valueBytes(back, dialect))).toBe(hex(bytes));
      }),
      runs(400),
    );
  });

  it("is what another decoder reads from its bytes", () => {
    fc.assert(
      fc.property(sendable, dialect, (value, dialect) => {
        const [form] = decodeAll(valueBytes(value, dialect), dialect) as [Sexp];
        const objects = { remote: () => undefined, local: () => undefined };
        expect(difference(unjelly(form, objects), value)).toBeUndefined();
        expect(hex(encode(form, dialect))).toBe(hex(valueBytes(value, dialect)));
      }),
      runs(200),
    );
  });

  it("may hold objects and caches of both sides, which come home as themselves, and copies", () => {
    class Mine extends Referenceable {}
    const [near, far] = [new CodecEnd("pb", { registry }), new CodecEnd("pb", { registry })];
    const objects = () => [new Mine(), new Mine(), new Stock("ACME", 10), new Stock("OTHER", 11)];
    const mine = objects();
    const theirs = objects().map((object) => valueFromAt(near, valueBytesFrom(far, object)));
    const copies = [new Point(1, 2), new Tagged("a", new Tagged("b"))];
    fc.assert(
      fc.property(graph(fc.constantFrom<unknown>(...mine, ...theirs, ...copies)), (value) => {
        const there = valueFromAt(far, valueBytesFrom(near, value));
        const back = valueFromAt(near, valueBytesFrom(far, there));
        expect(difference(back, value)).toBeUndefined();
      }),
      runs(150),
    );
    const kinds = [RemoteReference, RemoteReference, RemoteStock, RemoteStock];
    expect(theirs.map((object) => (object as object).constructor)).toEqual(kinds);
  });

  it("is an argument, a keyword and a result", () => {
    // Names that look like integers would come first, as they do in every object.
    const name = fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => `k${text}`);
    fc.assert(
      fc.property(
        fc.array(sendable, { maxLength: 3 }),
        fc.array(fc.tuple(name, leaf)),
        dialect,
        fc.boolean(),
        (args, named, dialect, wanted) => {
          const keywords = Keywords.fromEntries(named);
          const [near, far] = [new CodecEnd(dialect), new CodecEnd(dialect)];
          near.codec.sendCall(
            "object",
            7,
            "root",
            "method",
            args,
            keywords.size === 0 ? undefined : keywords,
            wanted ? Wants.answer : Wants.nothing,
            null,
            undefined,
          );
          far.feed(near.written());
          const told = far.told[0] as Extract<Told, { kind: "called" }>;
          expect(told).toMatchObject({ kind: "called", id: 7, target: "root", method: "method", wantsAnswer: wanted });
          expect(difference(told.args, args)).toBeUndefined();
          expect(difference([...(told.keywords ?? [])], [...keywords])).toBeUndefined();
        },
      ),
      runs(150),
    );
  });

  it("of any size is written whole, one after the other", () => {
    const size = fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 15_000, max: 80_000 }));
    const large = fc.tuple(size, fc.boolean(), fc.boolean());
    fc.assert(
      fc.property(
        fc.array(fc.array(large, { maxLength: 6 }), { minLength: 1, maxLength: 8 }),
        sizes,
        (calls, sizes) => {
          const [near, far] = [new CodecEnd(), new CodecEnd()];
          const sent = calls.map((items) => {
            const shared: unknown[] = [];
            const args = items.map(([n, asText, share]) => {
              const value = asText ? "ü".repeat(n) : new Uint8Array(n).fill(n);
              if (share) shared.push(value);
              return share ? shared : [value];
            });
            near.codec.sendCall("object", 1, "root", "f", args, undefined, Wants.answer, null, undefined);
            return args;
          });
          const bytes = near.written();
          for (const chunk of chunks(
            bytes,
            sizes.map((size) => size * 1000),
          )) {
            far.codec.receive(chunk);
            far.handleAll();
          }
          expect(
            difference(
              far.told.map((told) => (told as { args: unknown[] }).args),
              sent,
            ),
          ).toBeUndefined();
        },
      ),
      runs(25),
    );
  });
});

/** What an end makes of bytes that come in these chunks: what it told, and how it failed. */
function outcome(parts: readonly Uint8Array[], dialect: DialectName): { told: string[]; failed: string | undefined } {
  const end = new CodecEnd(dialect, { registry });
  end.awaited = new Set([1, 2, 3]);
  let failed: string | undefined;
  let messages = 0;
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  try {
    for (const part of parts) {
      end.codec.receive(part);
      while (end.codec.next()) {
        // Each message has a byte at least: if not, this would never end.
        if (++messages > bytes) throw new Error("more messages than bytes");
      }
    }
  } catch (error) {
    const named = error instanceof BananaError || error instanceof ProtocolError || error instanceof LimitExceeded;
    if (!named) throw error;
    failed = `${error.code}: ${error.message}`;
  }
  return { told: end.told.map(asText), failed };
}

/** For comparing what two ends were told; cyclic and unprintable values by the bytes that they are sent as. */
function asText(told: Told): string {
  const error = "error" in told ? told.error : undefined;
  if (error !== undefined && !(error instanceof Error)) throw new Error("what a call fails with is an error");
  const { kind, id } = told as { kind: string; id?: unknown };
  const held = "args" in told ? [told.args, [...(told.keywords ?? [])]] : "value" in told ? told.value : undefined;
  return `${kind} ${id} ${String(error)} ${printed(held)}`;
}

function printed(value: unknown): string {
  const end = new CodecEnd("none", { values: { unsendable: "unpersistable" } });
  end.codec.sendAnswer(1, value, null);
  return hex(end.written());
}

describe("any sequence of bytes", () => {
  it("is read the same whatever the chunks are", () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 5 }), dialect, sizes, (messages, dialect, sizes) => {
        const bytes = encodeAll(messages, dialect);
        expect(outcome(chunks(bytes, sizes), dialect)).toEqual(outcome([bytes], dialect));
      }),
      runs(300),
    );
  });

  it("ends in messages and named errors, whatever it is", () => {
    const typeBytes = fc.constantFrom(0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0, 1, 2, 3, 7);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(typeBytes, { maxLength: 200 }).map((a) => Uint8Array.from(a)),
    );
    fc.assert(
      fc.property(bytes, dialect, sizes, (bytes, dialect, sizes) => {
        expect(outcome(chunks(bytes, sizes), dialect)).toEqual(outcome([bytes], dialect));
      }),
      runs(500),
    );
  });

  // Real sessions, cut into messages, as what is broken here and there.
  const recorded = sessions.flatMap(({ connections }) =>
    connections.flatMap((messages) =>
      messages.flatMap(({ bytes }) => (bytes !== undefined && bytes.length < 2000 ? [bytes] : [])),
    ),
  );
  const mutation = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    kind: fc.constantFrom("replace", "insert", "remove", "double", "flip"),
    length: fc.integer({ min: 1, max: 8 }),
    byte: fc.integer({ min: 0, max: 255 }),
  });
  const broken = fc
    .tuple(
      fc.array(fc.constantFrom(...recorded), { minLength: 1, maxLength: 4 }),
      fc.array(mutation, { minLength: 1, maxLength: 4 }),
    )
    .map(([parts, mutations]) => {
      let bytes = [...Buffer.concat(parts)];
      for (const { at, kind, length, byte } of mutations) {
        const from = Math.floor(at * bytes.length);
        if (kind === "replace") bytes[from] = byte;
        else if (kind === "flip") bytes[from] = (bytes[from] ?? 0) ^ (1 << (byte & 7));
        else if (kind === "insert") bytes.splice(from, 0, byte);
        else if (kind === "remove") bytes.splice(from, length);
        else bytes = [...bytes.slice(0, from + length), ...bytes.slice(from)];
      }
      return Uint8Array.from(bytes);
    });

  it("that was a session once and is broken is read the same in all chunks, and ends in a named way", () => {
    fc.assert(
      fc.property(broken, sizes, (bytes, sizes) => {
        expect(outcome(chunks(bytes, sizes), "pb")).toEqual(outcome([bytes], "pb"));
      }),
      runs(800),
    );
  });

  it("is held in memory of its own size, a few kibibytes aside", () => {
    fc.assert(
      fc.property(fc.oneof(broken, fc.uint8Array({ maxLength: 300 })), sizes, (bytes, sizes) => {
        const inbox = new Inbox(defaultLimits, true);
        let came = 0;
        try {
          for (const chunk of chunks(bytes, sizes)) {
            inbox.receive(chunk);
            came += chunk.length;
            while (inbox.next());
            expect(inbox.buffer.length).toBeLessThanOrEqual(128 * 1024 + 2 * came);
          }
        } catch (error) {
          expect(error instanceof BananaError || error instanceof LimitExceeded).toBe(true);
        }
      }),
      runs(300),
    );
  });

  const codes: readonly CloseCode[] = ["PROTOCOL_ERROR", "BANANA_ERROR", "LIMIT_EXCEEDED", "UNKNOWN_ID"];

  it("makes a server close with a named reason or go on; its neighbour never notices", async () => {
    const { server, stranger: neighbour, logged } = await strangerAtServer(new Echo(), { registry });
    await neighbour.agree();
    let calls = 0;
    const call = (id: number): Sexp => ["message", id, "root", "echo", 1, ["tuple", id], ["dictionary"]];
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          broken,
          fc.array(message, { maxLength: 4 }).map((m) => encodeAll(m)),
        ),
        async (bytes) => {
          const { stranger, connection } = await anotherStranger(server);
          await stranger.agree();
          await stranger.write(bytes);
          if (stranger.ended) {
            expect(codes).toContain((await connection.closed).code);
          } else {
            // All of what was written is whole messages, whatever was asked.
            expect(cut(stranger.bytes.subarray(12), "pb").length).toBeGreaterThan(0);
            stranger.close();
            await stranger.quiet();
            expect((await connection.closed).code).toBe("PEER_CLOSED");
          }
          await neighbour.say(call(++calls));
          expect(neighbour.heard().at(-1)).toEqual(["answer", calls, calls]);
        },
      ),
      runs(120),
    );
    expect(logged.filter(({ message }) => message.includes("inside of the library"))).toEqual([]);
  });

  it("makes a client close with a named reason or go on; each of its calls is settled in the end", async () => {
    const messages = fc.array(
      fc.oneof(message, fc.tuple(fc.constantFrom("answer", "error"), fc.constantFrom(1, 2), expression)),
      {
        maxLength: 4,
      },
    );
    await fc.assert(
      fc.asyncProperty(
        messages.map((m) => encodeAll(m as Sexp[])),
        async (bytes) => {
          const { stranger, connected, logged } = strangerAtClient({ registry });
          await stranger.agree();
          const connection = await connected;
          const echo = new Echo();
          const calls = Promise.allSettled([
            connection.root.callRemote("a", echo),
            connection.root.callRemote("b", echo.two),
          ]);
          await stranger.write(bytes);
          if (!stranger.ended) stranger.close();
          const { code } = await connection.closed;
          expect([...codes, "PEER_CLOSED"]).toContain(code);
          expect((await calls).length).toBe(2);
          expect(logged.filter(({ message }) => message.includes("inside of the library"))).toEqual([]);
        },
      ),
      runs(120),
    );
  });
});
