// The tables of examples in docs/pb7.md, both ways: what each value is on the wire, and what comes of it.
import { describe, expect, it } from "vitest";
import * as library from "../../src/index.ts";
import { Referenceable, RemoteCache, RemoteReference } from "../../src/index.ts";
import { pageAt, tableBelow } from "../docs/pages.ts";
import { scope } from "./support/scope.ts";
import { ANSWER, framesIn, hex, Sides, unhex } from "./support/sides.ts";

const page = pageAt("docs/pb7.md");
const plain = (cell: string): string => cell.replace(/^`(.*)`$/, "$1");
const rowsBelow = (heading: string): [value: string, bytes: string][] =>
  tableBelow(page, heading).map((row) => row.map(plain) as [string, string]);

function evaluated(expression: string, names: Record<string, unknown>): unknown {
  const all = { ...library, ...names };
  return new Function(...Object.keys(all), `return (${expression});`)(...Object.values(all));
}

/** Objects of either side are told apart by what the tables of the test make of them. */
function shown(value: unknown): unknown {
  if (Array.isArray(value) && value.some((one) => one instanceof RemoteCache)) return value.map(shown);
  if (value instanceof Referenceable || (value as any)?.reference !== undefined) return "an object of the sender";
  if (value instanceof RemoteReference || (value as any)?.local !== undefined) return "an object of the receiver";
  if (value instanceof library.Cacheable || (value instanceof RemoteCache && "price" in value && value.price === 5)) {
    return "a copy of the Cacheable";
  }
  if (value instanceof RemoteCache || (value as any)?.cache !== undefined) return "the receiver's Cacheable";
  if (typeof value === "object" && value !== null && (Symbol.asyncIterator in value || "stream" in value)) {
    return "a stream";
  }
  if (Array.isArray(value) && value.some((one) => one instanceof library.Cacheable)) return value.map(shown);
  return value;
}

describe("docs/pb7.md, Examples: values", () => {
  const rows = rowsBelow("Examples: values");

  it("is a table of all tags but those that need another message", () => {
    const first = new Set(rows.map(([, bytes]) => Number.parseInt(bytes.slice(0, 2), 16)));
    for (let tag = 0; tag <= 0x2a; tag++) {
      if ([0x0d, 0x0e, 0x0f, 0x11, 0x13, 0x1c, 0x22].includes(tag)) continue;
      expect(first.has(tag), tag.toString(16)).toBe(true);
    }
  });

  it.each(rows)("%s", (expression, bytes) => {
    const sides = new Sides({ registry: scope.registry, values: { floats: "exact" } });
    const value = evaluated(expression, scope.prepare(sides));
    const frames = sides.send(value);
    const [body] = sides.define(frames);
    expect(hex(body?.subarray(1) as Uint8Array)).toBe(bytes);
    const flags = bytes.includes(" 1c ") ? 4 : 0;
    expect(shown(sides.read(Uint8Array.of(flags, ...unhex(bytes))))).toStrictEqual(shown(value));
  });

  it.each(messageRows())("%s as a whole message", (expression, bytes) => {
    const sides = new Sides({ registry: scope.registry });
    const value = evaluated(expression, scope.prepare(sides));
    sides.encoder.begin(ANSWER, 0, null);
    sides.encoder.varint(1);
    sides.encoder.value(value);
    sides.encoder.commit();
    expect(hex(Buffer.concat(sides.outbox.take()))).toBe(bytes);
    const [body] = sides.define(framesIn(unhex(bytes)));
    const { decoder } = sides;
    decoder.read(body as Uint8Array, 0, body?.length as number);
    decoder.flags(decoder.byte());
    expect(decoder.varint()).toBe(1);
    const read = decoder.value();
    decoder.finish();
    decoder.complete();
    if (!expression.includes("stock")) expect(read).toStrictEqual(value);
  });
});

/** The second table of the section. */
function messageRows(): [string, string][] {
  const [, section] = page.text.split("Whole messages, each the first");
  const lines =
    section
      ?.split("\n## ")[0]
      ?.split("\n")
      .filter((line) => line.startsWith("| `")) ?? [];
  return lines.map((line) => line.slice(2, -2).split(" | ").map(plain) as [string, string]);
}
