// What a bundler makes of a program for the browser: minified, tree-shaken, and how many bytes each source file is of it.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

export interface Bundle {
  /** What a page loads first, minified. */
  readonly bytes: number;
  /** The same with gzip, level 9. */
  readonly gzip: number;
  /** The files under src that are in it, with their bytes of it, largest first. */
  readonly files: ReadonlyMap<string, number>;
  /** The files that are only loaded when they are asked for. */
  readonly later: ReadonlyMap<string, number>;
}

/** Bundles a program that imports the package by its name. An import of a Node module is an error. */
export async function bundled(program: string): Promise<Bundle> {
  const { metafile, outputFiles } = await build({
    stdin: { contents: program, resolveDir: fileURLToPath(new URL(".", import.meta.url)), sourcefile: "program.ts" },
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    conditions: ["perspective-broker:source"],
    logLevel: "silent",
    outdir: "out",
  });
  const outputs = Object.entries(metafile.outputs).map(([path, output]) => ({ path, ...output }));
  const entry = outputs.find((output) => output.entryPoint !== undefined && output.path.endsWith("stdin.js"));
  if (entry === undefined) throw new Error("the bundle has no entry");
  const static_ = new Set([entry.path]);
  for (const path of static_) {
    const { imports } = metafile.outputs[path] as (typeof metafile.outputs)[string];
    for (const { kind, path: next } of imports) if (kind === "import-statement") static_.add(next);
  }
  const isFirst = (path: string) => [...static_].some((name) => path.endsWith(name.replace(/^.*\//, "/")));
  const first = outputFiles.filter(({ path }) => isFirst(path));
  return {
    bytes: first.reduce((sum, { contents }) => sum + contents.length, 0),
    gzip: first.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0),
    files: filesOf(outputs.filter(({ path }) => static_.has(path))),
    later: filesOf(outputs.filter(({ path }) => !static_.has(path))),
  };
}

function filesOf(outputs: readonly { inputs: Record<string, { bytesInOutput: number }> }[]): Map<string, number> {
  const files = outputs
    .flatMap(({ inputs }) => Object.entries(inputs))
    .map(([path, { bytesInOutput }]) => [path.replace(/^.*\/src\//, ""), bytesInOutput] as const)
    .filter(([, bytes]) => bytes > 0);
  return new Map(files.sort(([, a], [, b]) => b - a));
}
