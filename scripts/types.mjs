// Type checks every project of the workspace, all of them even when one fails.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const tsc = join(root, "node_modules/typescript/bin/tsc");
const packages = readdirSync(join(root, "packages")).map((name) => `packages/${name}`);

const projects = [
  "tsconfig.json",
  ...packages.map((folder) => `${folder}/tsconfig.json`),
  ...packages.map((folder) => `${folder}/tsconfig.portable.json`),
  ...packages.map((folder) => `${folder}/test/tsconfig.json`),
  "examples/tsconfig.json",
].filter((project) => existsSync(join(root, project)));

for (const project of projects) {
  const { status } = spawnSync(process.execPath, [tsc, "-p", project], { cwd: root, stdio: "inherit" });
  console.log(`${status === 0 ? "ok  " : "FAIL"} ${project}`);
  if (status !== 0) process.exitCode = 1;
}
