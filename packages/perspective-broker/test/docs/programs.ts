// Runs what the documentation shows. The blocks of all pages are written to a folder inside of the repository, so that
// `perspective-broker` is found there as in a user's own file, and the folder goes when the tests are over.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { format } from "node:util";
import { vi } from "vitest";
import { type Block, pages, root } from "./pages.ts";
import { printed } from "./processes.ts";

mkdirSync(join(root, ".vitest"), { recursive: true });
const folder = mkdtempSync(join(root, ".vitest", "docs-"));

/** Port numbers that the pages use; each run takes free ones in their place. */
const ports = /\b(8800|8789)\b/g;

export function removePrograms(): void {
  rmSync(folder, { recursive: true, force: true });
}

/** The folder of a page, which is where its programs run. */
export function folderOf(page: string): string {
  return join(folder, page.replace(/\.md$/, "").replaceAll("/", "_"));
}

/** Writes a block where it can be run, and returns its path. */
export function write(block: Block, port?: number, more = ""): string {
  const extension = block.language === "python" ? "py" : "ts";
  const name = block.file ?? `line-${block.line}.${extension}`;
  const path = join(folderOf(block.page), name);
  mkdirSync(dirname(path), { recursive: true });
  const setup = block.setup === "" || extension === "py" ? "" : `${block.setup}\n`;
  const text = `${setup}${block.code}\n${more}`;
  writeFileSync(path, port === undefined ? text : text.replace(ports, String(port)));
  return path;
}

/** What the compiler says about all TypeScript blocks, with the lines of the pages. */
export async function typeErrors(): Promise<string> {
  const starts = new Map<string, { block: Block; offset: number }>();
  for (const { blocks } of pages) {
    for (const block of blocks) {
      if (block.language !== "ts") continue;
      const path = write(block, undefined, "export {};\n");
      const offset = block.setup === "" ? 0 : block.setup.split("\n").length;
      starts.set(join(basename(dirname(path)), basename(path)), { block, offset });
    }
  }
  const project = join(folder, "tsconfig.json");
  writeFileSync(project, JSON.stringify({ extends: join(root, "tsconfig.base.json"), include: ["."] }));
  const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  const { all } = await printed(process.execPath, [compiler, "-p", project, "--pretty", "false"], folder);
  // Each error is a line, and lines that are indented. Errors elsewhere, in the sources, are others' to find.
  const errors = all.split(/\n(?=\S)/).map((error) => {
    const [, path = "", line, text] = /^(?:\S*\/)?([^/\n]+\/[^/\n(]+)\((\d+),\d+\): ([\s\S]*)$/.exec(error) ?? [];
    const start = starts.get(path);
    return start && `${start.block.page}:${start.block.line + Number(line) - start.offset}: ${text}`;
  });
  return errors.filter((error) => error !== undefined).join("\n");
}

/** Runs a block here, with a library of its own, and returns the lines that it prints. */
export async function run(block: Block, port?: number): Promise<string[]> {
  const { lines } = await imported(write(block, port, "export {};\n"));
  return port === undefined ? lines : lines.map((line) => line.replaceAll(String(port), "8800"));
}

/** Runs a block that has a `server`, and returns that. */
export async function serve(block: Block, port: number): Promise<{ close(): Promise<void> }> {
  const { module } = await imported(write(block, port, "export { server as served };\n"));
  return (module as { served: { close(): Promise<void> } }).served;
}

async function imported(path: string): Promise<{ module: unknown; lines: string[] }> {
  vi.resetModules();
  const lines: string[] = [];
  const spies = (["log", "warn", "error"] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation((...args: unknown[]) => {
      lines.push(...format(...args).split("\n"));
    }),
  );
  try {
    return { module: await import(/* @vite-ignore */ path), lines };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** What a block prints when it runs, as its page says. */
export function promised(block: Block): string[] {
  if (block.output !== undefined) return block.output.split("\n");
  return block.code
    .split("\n")
    .map((line) => /console\.log\(.*; \/\/ (.*)$/.exec(line)?.[1])
    .filter((comment) => comment !== undefined);
}
