// What a negotiation reads of Banana: a text, or the texts of a list, within narrow bounds (spec §2.9).
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NegotiationError } from "../../src/errors.ts";
import { GreetingReader } from "../../src/session/greeting.ts";
import { encode, Real, type Sexp } from "./support/elements.ts";

const text = fc.stringMatching(/^[a-z0-9-]{0,20}$/);
const { member } = fc.letrec<{ member: Sexp; list: Sexp[] }>((tie) => ({
  member: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.integer(),
    fc.bigInt(),
    fc.double().map((n) => new Real(n)),
    tie("list"),
  ),
  list: fc.array(tie("member"), { maxLength: 5 }),
}));

function heard(bytes: Uint8Array, size: number) {
  const reader = new GreetingReader();
  for (let at = 0; at < bytes.length; at += size) {
    const found = reader.receive(bytes.subarray(at, at + size));
    if (found !== undefined) return { said: found.said, behind: [...found.rest, ...bytes.subarray(at + size)] };
  }
  return undefined;
}

describe("a greeting", () => {
  it("is its texts, in pieces of any size, and what is behind it is untouched", () => {
    const greeting = fc.oneof(fc.array(member, { maxLength: 12 }), member);
    fc.assert(
      fc.property(greeting, fc.uint8Array({ maxLength: 20 }), fc.integer({ min: 1, max: 50 }), (said, behind, size) => {
        const texts = Array.isArray(said) ? said.filter((one) => typeof one === "string") : said;
        const bytes = Buffer.concat([encode(said, "none"), behind]);
        const expected = typeof texts === "string" || Array.isArray(texts) ? texts : undefined;
        expect(heard(bytes, size)).toEqual({ said: expected, behind: [...behind] });
      }),
    );
  });

  it("may be as large as its bounds, and wants all of its bytes", () => {
    const most = Array.from({ length: 100 }, () => "x".repeat(38));
    const bytes = encode(most, "none");
    expect(bytes.length).toBeLessThanOrEqual(4096);
    for (const size of [1, 7, 5000]) expect(heard(bytes, size)?.said).toEqual(most);
    expect(heard(bytes.subarray(0, -1), 100)).toBeUndefined();
  });

  it.each<[string, Uint8Array]>([
    ["a text of 256 bytes", Uint8Array.of(0, 2, 0x82)],
    ["a list of 101 elements", Uint8Array.of(101, 0x80)],
    ["such a list inside of it", Uint8Array.of(1, 0x80, 101, 0x80)],
    ["a prefix of 65 bytes", new Uint8Array(65)],
    ["more than 4096 bytes", encode([...Array.from({ length: 17 }, () => "x".repeat(250)), "pb"], "none")],
    [
      "more than 4096 bytes that are not all there",
      encode(
        Array.from({ length: 99 }, () => "x".repeat(60)),
        "none",
      ),
    ],
    ["a word of a vocabulary", Uint8Array.of(1, 0x80, 16, 0x87)],
  ])("is refused for %s, whatever the pieces", (_what, bytes) => {
    for (const size of [1, bytes.length]) expect(() => heard(bytes, size)).toThrow(NegotiationError);
  });
});
