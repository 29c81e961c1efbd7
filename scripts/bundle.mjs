// node scripts/bundle.mjs: joins the package's modules into few files for Node, in dist/node. A program that starts loads four
// files then and not two hundred, which took most of the time until its first call (bench, W9). What is only needed at times
// (logins, TLS) stays apart. Bundlers and browsers take the modules one by one, as before.
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../packages/perspective-broker/", import.meta.url));

await build({
  absWorkingDir: root,
  entryPoints: ["src/index.ts"],
  outdir: "dist/node",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  conditions: ["perspective-broker:source"],
  minifyWhitespace: true,
  sourcemap: true,
  sourcesContent: false,
  logLevel: "warning",
});
