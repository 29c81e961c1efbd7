// What a bundler makes of a program for the browser: minified, tree-shaken, and how many bytes of it each source file is.
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, type Plugin } from "esbuild";

export interface Bundle {
  readonly code: string;
  /** Minified. */
  readonly bytes: number;
  /** The same with gzip, level 9. */
  readonly gzip: number;
  /** The files under src that are in it, with their bytes of it, largest first. */
  readonly files: ReadonlyMap<string, number>;
  /** What is loaded when it is asked for, and not counted here. */
  readonly later: readonly string[];
}

/** Bundles a program that imports the package by its name. An import of a Node module is an error. */
export async function bundled(program: string): Promise<Bundle> {
  const later: string[] = [];
  const apart: Plugin = {
    name: "what is loaded later stays apart",
    setup({ onResolve }) {
      onResolve({ filter: /./ }, ({ kind, path }) => {
        if (kind !== "dynamic-import") return undefined;
        later.push(path);
        return { path, external: true };
      });
    },
  };
  const { metafile, outputFiles } = await build({
    stdin: { contents: program, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    conditions: ["perspective-broker:source"],
    logLevel: "silent",
    plugins: [apart],
  });
  const [output] = Object.values(metafile.outputs);
  const [file] = outputFiles;
  if (output === undefined || file === undefined) throw new Error("nothing was bundled");
  const sizes = Object.entries(output.inputs)
    .map(([path, { bytesInOutput }]) => [path.replace(/^.*\/src\//, ""), bytesInOutput] as const)
    .filter(([, bytes]) => bytes > 0);
  return {
    code: file.text,
    bytes: file.contents.length,
    gzip: gzipSync(file.contents, { level: 9 }).length,
    files: new Map(sizes.sort(([, a], [, b]) => b - a)),
    later,
  };
}
