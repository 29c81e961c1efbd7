// The law of imports: inside src, imports go down only, type imports too. The order of the rooms is stated here once.
// `types.ts` may be imported by everyone, for types; transports know their own interface and their platform only.
import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/** From the bottom up. Rooms of one line do not know each other, unless `sameFloor` says so. */
const floors: readonly (readonly string[])[] = [
  ["errors", "limits", "platform", "values"],
  ["references"],
  ["flavors"],
  ["wire"],
  ["wire/jelly"],
  ["wire/banana", "wire/pb7"],
  ["broker", "session"],
  ["cred"],
  ["connection"],
  ["index"],
];

/** What one room may import from another of its own floor: values throw errors, and so does a platform. */
const sameFloor: Readonly<Record<string, readonly string[]>> = {
  values: ["errors", "platform", "limits"],
  platform: ["errors", "limits"],
};

/** The rooms that are one file, right under src. */
const singleFiles: readonly string[] = ["index", "types", "errors", "limits"];

/** Besides what lies below: the transports' interface for the session, all transports for the connection. */
const transportUsers: Readonly<Record<string, (target: string) => boolean>> = {
  session: (target) => target === "transport/transport.ts",
  connection: () => true,
  index: () => true,
};

/** What `package.json` makes of each `#name`, by the files that it may stand for. */
const subpaths: Readonly<Record<string, string>> = {
  "#crypto": "platform/node-crypto.ts",
  "#dialects": "connection/dialects/node.ts",
  "#platform": "platform/node.ts",
  "#transports": "transport/node.ts",
};

describe("the law of imports", () => {
  it("holds in src: imports go down only", () => {
    expect(offences(readSources())).toEqual([]);
  });

  it("names an import that goes up", () => {
    expect(
      offences({
        "flavors/root.ts": 'import type { Broker } from "../broker/broker.ts";',
        "broker/broker.ts": "export interface Broker {}",
      }),
    ).toEqual(["flavors/root.ts → broker/broker.ts"]);
  });

  it("sees every form of import", () => {
    const forms = [
      'import { a } from "../session/a.ts";',
      'import type { a } from "../session/a.ts";',
      'import "../session/a.ts";',
      'export { a } from "../session/a.ts";',
      'export * from "../session/a.ts";',
      'export type * from "../session/a.ts";',
      'const a = await import("../session/a.ts");',
      'let a: import("../session/a.ts").A;',
      "import {\n  a,\n  type B,\n} from '../session/a.ts';",
    ];
    for (const form of forms) expect(offences({ "broker/b.ts": form })).toEqual(["broker/b.ts → session/a.ts"]);
  });

  it("does not see imports in comments, strings that hold none, and names that end in from", () => {
    const text = [
      '// import { a } from "../session/a.ts";',
      '/* export * from "../session/a.ts"; */',
      'const url = "http://example"; const from = ["../session/a.ts"];',
    ].join("\n");
    expect(offences({ "broker/b.ts": text })).toEqual([]);
  });

  it("keeps the broker and the session apart, and the dialects too", () => {
    expect(
      offences({
        "session/a.ts": 'import "../broker/b.ts";',
        "wire/banana/a.ts": 'import "../pb7/b.ts"; import "../jelly/b.ts"; import "../dialect.ts";',
        "wire/jelly/a.ts": 'import "../message.ts"; import "../banana/b.ts";',
      }),
    ).toEqual(["session/a.ts → broker/b.ts", "wire/banana/a.ts → wire/pb7/b.ts", "wire/jelly/a.ts → wire/banana/b.ts"]);
  });

  it("lets transports know their interface and their platform, nothing else", () => {
    expect(
      offences({
        "transport/tcp.ts":
          'import net from "node:net"; import "./transport.ts"; import "#platform"; import "../errors.ts";',
        "session/a.ts": 'import "../transport/transport.ts"; import "../transport/tcp.ts"; import "#transports";',
        "connection/a.ts": 'import "../transport/memory.ts"; import "#transports";',
        "broker/a.ts": 'import "../transport/transport.ts";',
      }),
    ).toEqual([
      "transport/tcp.ts → errors.ts",
      "session/a.ts → transport/tcp.ts",
      "session/a.ts → #transports",
      "broker/a.ts → transport/transport.ts",
    ]);
  });

  it("exempts types.ts, for types only", () => {
    expect(
      offences({
        "types.ts": 'import type { A } from "./connection/a.ts";',
        "values/a.ts": 'import type { Received } from "../types.ts";',
        "values/b.ts": 'import { something } from "../types.ts";',
      }),
    ).toEqual(["values/b.ts → types.ts (types only)"]);
  });

  it("keeps Node's modules in the platform's and transports' files, and other packages out", () => {
    expect(
      offences({
        "platform/node.ts": 'import "node:crypto";',
        "platform/node-context.ts": 'import "node:async_hooks";',
        "platform/web.ts": 'import "node:crypto";',
        "broker/a.ts": 'import { x } from "node:events"; import ws from "ws"; import "#other";',
      }),
    ).toEqual([
      "platform/web.ts → node:crypto",
      "broker/a.ts → node:events",
      "broker/a.ts → ws",
      "broker/a.ts → #other",
    ]);
  });

  it("wants every file in a room that it knows", () => {
    expect(offences({ "helpers/a.ts": "", "broker/b.ts": 'import "../helpers/a.ts";' })).toEqual([
      "helpers/a.ts is in no room that the law knows",
      "broker/b.ts → helpers/a.ts",
    ]);
  });
});

/** Every import that breaks the law, as `file → target`. `sources` maps paths under src to their text. */
function offences(sources: Readonly<Record<string, string>>): string[] {
  const found: string[] = [];
  for (const [file, text] of Object.entries(sources)) {
    const room = roomOf(file);
    if (room === undefined) found.push(`${file} is in no room that the law knows`);
    for (const { specifier, typeOnly } of importsOf(text)) {
      const target = specifier.startsWith(".") ? posix.join(posix.dirname(file), specifier) : specifier;
      const complaint = judge(file, room, target, typeOnly);
      if (complaint !== undefined) found.push(`${file} → ${target}${complaint}`);
    }
  }
  return found;
}

/** Undefined when the import is lawful, else what to add to the report. */
function judge(file: string, room: string | undefined, target: string, typeOnly: boolean): string | undefined {
  const lawful = undefined;
  if (target.startsWith("node:")) return /^(platform\/node[^/]*|transport\/[^/]+)\.ts$/.test(file) ? lawful : "";
  const path = subpaths[target] ?? target;
  const targetRoom = path.endsWith(".ts") ? roomOf(path) : undefined;
  if (room === undefined || targetRoom === undefined) return "";
  if (targetRoom === "types") return typeOnly || room === "types" ? lawful : " (types only)";
  if (room === "types") return typeOnly ? lawful : " (types only)";
  if (room === targetRoom) return lawful;
  if (room === "transport") return targetRoom === "platform" ? lawful : "";
  if (targetRoom === "transport") return transportUsers[room]?.(path) ? lawful : "";
  const [from, to] = [floorOf(room), floorOf(targetRoom)];
  return to < from || sameFloor[room]?.includes(targetRoom) ? lawful : "";
}

function roomOf(path: string): string | undefined {
  const parts = path.split("/");
  const last = parts.pop()?.replace(/\.ts$/, "");
  if (parts.length === 0) return last !== undefined && singleFiles.includes(last) ? last : undefined;
  const room = parts[0] === "wire" ? parts.slice(0, 2).join("/") : parts[0];
  return room === "transport" || (room !== undefined && floorOf(room) >= 0) ? room : undefined;
}

function floorOf(room: string): number {
  return floors.findIndex((rooms) => rooms.includes(room));
}

function importsOf(text: string): { specifier: string; typeOnly: boolean }[] {
  const statement =
    /(?<![\w$.])(?:(import|export)(\s+type(?=[\s{*]))?(?:\s+(?!type[\s{*])|\s*(?=[{*"']))(?:[^;"'()=]*?(?<![\w$])from\s*)?|(import)\s*\(\s*)(["'])([^"'\n]+)\4/g;
  return [...withoutComments(text).matchAll(statement)].map((match) => ({
    specifier: match[5] ?? "",
    typeOnly: match[2] !== undefined || everyNameIsType(match[0]),
  }));
}

/** `import { type A, type B } from` imports types only as well. */
function everyNameIsType(statement: string): boolean {
  const names = /^(?:import|export)\s*\{([^}]*)\}/
    .exec(statement)?.[1]
    ?.split(",")
    .filter((name) => name.trim() !== "");
  return names !== undefined && names.length > 0 && names.every((name) => /^\s*type\s/.test(name));
}

/** Comments become spaces; strings stay. */
function withoutComments(text: string): string {
  return text.replace(
    /("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\/\/[^\n]*|\/\*[\s\S]*?\*\//g,
    (_, string) => string ?? " ",
  );
}

function readSources(): Record<string, string> {
  const root = fileURLToPath(new URL("../src/", import.meta.url));
  const files = readdirSync(root, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".ts"))
    .sort();
  return Object.fromEntries(files.map((file) => [file, readFileSync(root + file, "utf8")]));
}
