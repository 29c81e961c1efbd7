// What a run needs and a fresh clone lacks: the peers' packages here, the built library above.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { ROOT } from "./peers.mjs";

const PROJECT = path.resolve(ROOT, "..");

/** Installs bench's own dependencies when one is missing or has another version than package.json names. */
export function installPeers() {
  const { dependencies } = readJson(path.join(ROOT, "package.json"));
  const stale = Object.entries(dependencies).filter(([name, version]) => installedVersion(name) !== version);
  if (stale.length === 0) return;
  console.error(`installing the peers' packages: ${stale.map(([name]) => name).join(", ")}`);
  npm(ROOT, ["install", "--no-audit", "--no-fund"]);
}

/** Builds the library, so that what is measured is what the sources say. */
export function buildLibrary() {
  console.error("building the library");
  npm(PROJECT, ["run", "--silent", "build"]);
}

/** Version of a package as a peer would load it, or undefined. */
export function installedVersion(name) {
  for (const folder of [ROOT, PROJECT]) {
    const file = path.join(folder, "node_modules", name, "package.json");
    if (fs.existsSync(file)) return readJson(file).version;
  }
  return undefined;
}

/** npm hands its settings on by the environment; without them a nested npm works for its own folder. */
function npm(cwd, args) {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle)_|^npm_config_local_prefix$/i.test(name)),
  );
  const script = process.env.npm_execpath;
  const [command, ...first] = script?.endsWith("js") ? [process.execPath, script] : ["npm"];
  execFileSync(command, [...first, ...args], { cwd, env, stdio: ["ignore", 2, 2] });
}

function readJson(file) {
  return JSON.parse(fs.readFileSync(file, "utf8"));
}
