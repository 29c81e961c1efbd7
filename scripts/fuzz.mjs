// Builds the fuzzer of pb7 as one file of plain JavaScript, which runs several times as fast as the sources do, and runs it with the
// arguments that are given here: CONTRIBUTING.md says which.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const folder = mkdtempSync(join(tmpdir(), "pb-fuzz-"));
const outfile = join(folder, "fuzz.mjs");
try {
  await build({
    entryPoints: [fileURLToPath(new URL("../packages/perspective-broker/test/fuzz/main.ts", import.meta.url))],
    ...{ bundle: true, platform: "node", format: "esm", target: "node20", outfile, logLevel: "warning" },
    conditions: ["perspective-broker:source"],
  });
  const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: "inherit" });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
