// The conversation of docs/pb7.md: the page shows what is really sent, byte by byte, and what the reader in Python says of it, which
// was written from the page.
import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import * as library from "../../src/index.ts";
import { pageAt, root, tableBelow } from "../docs/pages.ts";
import { captured, hasPython, readInPython } from "./support/captured.ts";
import { converse, One } from "./support/conversation.ts";
import { scope } from "./support/scope.ts";
import { Sides } from "./support/sides.ts";

// The number of this process in chains, which it chooses once.
vi.spyOn(Math, "random").mockReturnValue(2 ** -40);

const page = pageAt("docs/pb7.md");
const section = page.text.slice(page.text.indexOf("\n## A conversation\n"));
const fenced = (language: string): string => section.split(`\`\`\`${language}\n`)[1]?.split("\n```")[0] ?? "";

describe("docs/pb7.md, A conversation", () => {
  const shown = fenced("text");

  it("is that of the program on the page", () => {
    const file = readFileSync(`${root}packages/perspective-broker/test/pb7/support/conversation.ts`, "utf8");
    expect(fenced("ts check")).toBe(file.split("// -----\n")[1]?.trim());
  });

  it("is what is sent", async () => {
    expect(bytesOf(shown)).toEqual(joined(await captured(new One(), converse as never)));
  });

  it.skipIf(!hasPython)("is what the reader says of it", () => {
    expect(readInPython(bytesOf(shown)).trimEnd()).toBe(shown);
  });
});

/** What the reader says of values, where that is not how the table on the page spells them. */
const words: Readonly<Record<string, string>> = {
  "new Float(1)": "Float(1)",
  "2n ** 64n": "18446744073709551616n",
  '"x".repeat(64)': `"${"x".repeat(64)}"`,
  "new Uint8Array([1, 2])": "Uint8Array(01 02)",
  "new ArrayBuffer(2)": "ArrayBuffer(00 00)",
  "new Int8Array([-1])": "Int8Array(ff)",
  "new Uint8ClampedArray([255])": "Uint8ClampedArray(ff)",
  "new Int16Array([1])": "Int16Array(01 00)",
  "new Uint16Array([1])": "Uint16Array(01 00)",
  "new Int32Array([1])": "Int32Array(01 00 00 00)",
  "new Uint32Array([1])": "Uint32Array(01 00 00 00)",
  "new Float32Array([1])": "Float32Array(00 00 80 3f)",
  "new Float64Array([1])": "Float64Array(00 00 00 00 00 00 f0 3f)",
  "new BigInt64Array([-1n])": "BigInt64Array(ff ff ff ff ff ff ff ff)",
  "new BigUint64Array([1n])": "BigUint64Array(01 00 00 00 00 00 00 00)",
  "new DataView(new ArrayBuffer(1))": "DataView(00)",
  "[1, , undefined]": "[1, hole, undefined]",
  "{ a: 1, b: undefined }": "{a: 1, b: undefined}",
  "JSON.parse('{\"__proto__\": 1}')": "{__proto__: 1}",
  'new Map([[1, "a"]])': 'Map{1: "a"}',
  "new Set([1])": "Set{1}",
  "new FrozenSet([1])": "FrozenSet{1}",
  "tuple(1, 2)": "Tuple(1, 2)",
  "new Date(0)": "Date(0)",
  "new Date(NaN)": "Date(NaN)",
  'new URL("http://a/")': 'URL("http://a/")',
  'new Error("m")': 'Error("m")',
  'new TypeError("m", { cause: 1 })': 'TypeError("m", cause 1)',
  'new AggregateError([1], "m")': 'AggregateError("m", errors [1])',
  'Object.defineProperty(Object.assign(new Error("m"), { code: 7 }), "name", { value: "E" })':
    'Error named "E"("m", {code: 7})',
  "new PlainDateTime(2020, 7, 11, 1, 16, 5, 0, 344)": "PlainDateTime(2020 7 11 1 16 5 344)",
  "new PlainDate(2020, 7, 11)": "PlainDate(2020 7 11)",
  "new PlainTime(1, 16)": "PlainTime(1 16 0 0)",
  "new Duration(1, 2, 3)": "Duration(1 2 3)",
  'Decimal.from("9.95")': "Decimal(995n, -2)",
  'new Unpersistable("why")': 'Unpersistable("why")',
  own: "object 1 of the sender",
  theirs: "object 3 of the receiver",
  published: 'object "root" of the receiver',
  "new Point(1)": "geo.Point{x: 1}",
  stock: "Cacheable 1 of the sender, shop.Stock{price: 5}",
  "[stock, stock]": "[Cacheable 1 of the sender, shop.Stock{price: 5}, #1]",
  copy: "Cacheable 4 of the receiver",
  stream: "stream 1",
};

describe.skipIf(!hasPython)("the reader", () => {
  const rows = tableBelow(page, "Examples: values").map((row) => row.map((cell) => cell.replace(/^`(.*)`$/, "$1")));

  it("knows every value of the table", () => {
    const name = (text: string): string => Buffer.from([text.length | 0x40, ...Buffer.from(text)]).toString("hex");
    for (const [text, of] of [
      ["geo.Point", (value = "") => value.includes("Point")],
      ["shop.Stock", (value = "") => !value.includes("Point")],
    ] as const) {
      const some = rows.filter(([value]) => of(value));
      const bodies = some.map(([value, bytes = ""]) => `${value?.includes("[stock") ? "04" : "00"}01${bytes}`);
      const frames = [["11", name(text)], ...bodies.map((body) => ["14", body])].map(([type, body = ""]) => {
        const length = Buffer.from(body.replaceAll(" ", ""), "hex").length;
        return `C ${type} ${Buffer.of(length, length >> 8, 0).toString("hex")} ${body}`;
      });
      const said = readInPython(frames, "--bare", "--words").trimEnd().split("\n").slice(1);
      expect(said).toEqual(some.map(([value = ""]) => `C ANSWER to call 1: ${words[value] ?? value}`));
    }
  });

  it("knows a conversation with many values", async () => {
    class Echo extends library.Root {
      remote_echo(value: unknown): unknown {
        return value;
      }
    }
    const ours = rows.filter(([value = ""]) => !(value in scope.prepare(new Sides())) && !/Point|stock/.test(value));
    const values = ours.map(([value]) =>
      new Function(...Object.keys(library), `return (${value})`)(...Object.values(library)),
    );
    const objects = [0, 1, 2].map((n) => ({ n, even: n % 2 === 0 }));
    const capture = await captured(new Echo(), async (connection) => {
      await connection.root.callRemote("echo", values, objects, objects[1]);
    });
    const all = ours.map(([value = ""]) => words[value] ?? value).join(", ");
    const said = readInPython(capture, "--words");
    const records = "{n: 0, even: true}, {n: 1, even: false}, {n: 2, even: true}";
    const [, again] = /echo\(.*, (#\d+)\), ANSWER\n/.exec(said) ?? [];
    expect(said).toContain(`C CALL 1 of object "root": echo([${all}], [${records}], ${again}), ANSWER\n`);
    expect(said).toContain(`S ANSWER to call 1: [${all.replace("Float(1)", "1")}]\n`);
    // The second of the three records has that number; it is the first one of a shape.
    const lines = readInPython(capture).split("\n");
    const numbered = lines.filter((line) => line.includes("object of shape 0, #"));
    expect(numbered.map((line) => line.split(", ")[1])).toEqual([again, expect.anything()]);
  });

  it("knows what comes in pieces", async () => {
    class Measure extends library.Root {
      remote_lengths(bytes: Uint8Array, text: string): number[] {
        return [bytes.length, text.length];
      }
    }
    const capture = await captured(new Measure(), async (connection) => {
      await connection.root.callRemote("lengths", new Uint8Array(150_000), "é".repeat(70_000));
    });
    const said = readInPython(capture, "--words").split("\n").slice(6);
    const sent = said.filter((line) => line.startsWith("C"));
    expect(sent).toEqual([
      'C CALL 1 of object "root": lengths(Uint8Array of 150000 bytes in pieces, transfer 1, string of 140000 bytes in pieces, transfer 2), ANSWER',
      "C PIECE of transfer 1: 65536 bytes, 84464 to come",
      "C PIECE of transfer 2: 65536 bytes, 74464 to come",
      "C PIECE of transfer 1: 65536 bytes, 18928 to come",
      "C PIECE of transfer 2: 65536 bytes, 8928 to come",
      "C PIECE of transfer 1: 18928 bytes, 0 to come",
      "C PIECE of transfer 2: 8928 bytes, 0 to come",
      'C BYE "CLOSED" ""',
    ]);
    const taken = said.map((line) => Number(/^S TAKEN (\d+)$/.exec(line)?.[1] ?? 0));
    expect(taken.reduce((sum, bytes) => sum + bytes)).toBe(290_000);
  });
});

/** The bytes of each side, in the order of the page: a line for each turn. */
function bytesOf(text: string): string[] {
  const lines: string[] = [];
  for (const line of text.split("\n")) {
    const bytes = line.slice(2, 56).trim();
    if (line[0] !== " ") lines.push(line[0] as string);
    lines.push(`${lines.pop()} ${bytes}`);
  }
  return joined(lines);
}

/** Neighbouring lines of one side as one. */
function joined(lines: readonly string[]): string[] {
  const turns: string[] = [];
  for (const line of lines) {
    if (turns.at(-1)?.[0] === line[0]) turns.push(`${turns.pop()}${line.slice(1)}`);
    else turns.push(line);
  }
  return turns;
}
