// What a browser's bundler gets: the package's portable halves, and not one module of Node.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const entry = fileURLToPath(new URL("../src/index.ts", import.meta.url));

describe("a bundle for the browser", () => {
  it.skipIf(!existsSync(entry))("holds the portable platform and transports only", async () => {
    const { metafile } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "browser", // an import of a Node module is an error of the build
      conditions: ["perspective-broker:source"],
      logLevel: "silent",
    });
    const files = Object.keys(metafile.inputs).map((file) => file.replace(/^.*\/src\//, ""));
    expect(files).toContain("platform/web.ts");
    expect(files).toContain("transport/portable.ts");
    expect(files.filter((file) => /node\.ts$|transport\/(tcp|tls|unix)/.test(file))).toEqual([]);
  });
});
