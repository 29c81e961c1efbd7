// Runs the compiler over this folder: the type tests hold, the types stay cheap, and what they leave in users' declaration
// files stays readable.
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import budget from "./budget/budget.json" with { type: "json" };

const folder = fileURLToPath(new URL(".", import.meta.url));
const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

describe("the types", () => {
  it("accept what is right and refuse what is wrong", async () => {
    const { output } = await compile("tsconfig.json", "--pretty", "false");
    expect(output).toBe("");
  });

  it("cost no more than a quarter over the figure in budget.json", async () => {
    const [program, baseline] = await Promise.all([
      instantiations("budget/program.tsconfig.json"),
      instantiations("budget/baseline.tsconfig.json"),
    ]);
    const cost = program - baseline;
    const limit = Math.floor(budget.instantiations * 1.25);
    expect(cost, `${cost} instantiations, recorded are ${budget.instantiations}`).toBeLessThanOrEqual(limit);
    expect(cost).toBeGreaterThan(0);
  });

  it("leave short names in the declarations of who uses them", async () => {
    const [declarations = ""] = await emitted("emitted.tsconfig.json", "emitted.d.ts");
    expect(declarations.match(/^export declare const .*$/gm)).toEqual([
      "export declare const root: RemoteReference<One>;",
      'export declare const pending: import("../../src/types.ts").PendingReference<Two>;',
      "export declare const two: RemoteReference<Two>;",
      "export declare const number: Promise<number>;",
      "export declare const maybe: Promise<RemoteReference<Two> | undefined>;",
      "export declare const view: RemoteReference<One>;",
      "export declare const calls: () => Promise<number>;",
    ]);
  });

  it("keep their brands in our own declarations", async () => {
    const brands = {
      "remote-reference.d.ts": ['readonly "~pb": "remote";'],
      "referenceable.d.ts": ['readonly "~pb": "ref";'],
      "avatar.d.ts": ['readonly "~pb": "avatar";', 'readonly "~pbStandsFor": T;'],
      "viewable.d.ts": ['readonly "~pb": "view";', 'readonly "~pbStandsFor": T;'],
      "copyable.d.ts": ['readonly "~pb": "copy";', 'readonly "~pbCopy": Copy;'],
      "cacheable.d.ts": ['readonly "~pb": "cache";', 'readonly "~pbCopy": Copy;'],
      "remote-cache.d.ts": ['readonly "~pb": "cached";'],
      "observer.d.ts": ['readonly "~pb": "observer";'],
    };
    const declarations = await emitted("emitted.tsconfig.json", ...Object.keys(brands));
    Object.values(brands).forEach((lines, i) => {
      for (const line of lines) expect(declarations[i]).toContain(line);
    });
  });
});

/** What the compiler prints for a project; an error is no failure here. */
async function compile(project: string, ...options: string[]): Promise<{ output: string }> {
  return new Promise((resolve) => {
    const args = [compiler, "-p", join(folder, project), ...options];
    execFile(process.execPath, args, { maxBuffer: 2 ** 26 }, (_error, stdout, stderr) =>
      resolve({ output: stdout + stderr }),
    );
  });
}

/** One thread, because the sum over several depends on how files are dealt out to them. */
async function instantiations(project: string): Promise<number> {
  const { output } = await compile(project, "--extendedDiagnostics", "--singleThreaded");
  const [, count] = /^Instantiations:\s*(\d+)$/m.exec(output) ?? [];
  expect(count, output).toBeDefined();
  return Number(count);
}

/** The declaration files of these names, made by compiling a project. */
async function emitted(project: string, ...names: string[]): Promise<string[]> {
  const target = await mkdtemp(join(tmpdir(), "pb-types-"));
  try {
    const emit = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--outDir", target];
    const { output } = await compile(project, "--pretty", "false", ...emit);
    const files = await readdir(target, { recursive: true });
    const read = names.map((name) => {
      const found = files.find((file) => basename(file) === name);
      expect(found, `${name} among ${files.join(" ")}\n${output}`).toBeDefined();
      return readFile(join(target, found as string), "utf8");
    });
    return await Promise.all(read);
  } finally {
    await rm(target, { recursive: true, force: true });
  }
}
