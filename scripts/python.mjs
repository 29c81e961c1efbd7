// Finds or makes the Pythons with Twisted that the interop tests talk to, and writes what it found to
// .venv/interpreters.json. Run it as `node scripts/python.mjs`; it is quick when nothing is left to do.
// It must not touch any Python outside of .venv.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, ".venv");
const record = join(folder, "interpreters.json");
const windows = process.platform === "win32";
const venvPython = join(folder, windows ? "Scripts/python.exe" : "bin/python");
const distributionPython = "/usr/bin/python3";

/** One Python that has Twisted. @typedef {{ path: string, version: string }} Interpreter */

/**
 * The Pythons with Twisted, from the record of the last set-up.
 * `newest` has the newest Twisted there is, `distribution` is the operating system's own; they may be the same one.
 * @returns {{ newest: Interpreter | null, distribution: Interpreter | null }}
 */
export function findPython() {
  if (!existsSync(record)) return setUpPython();
  return JSON.parse(readFileSync(record, "utf8"));
}

/** Makes the virtual environment where it is missing, looks at every Python, and records the result. */
export function setUpPython() {
  let own = twistedOf(venvPython);
  if (!own) {
    makeEnvironment();
    own = twistedOf(venvPython);
  }
  const distribution = twistedOf(distributionPython);
  const found = [own, distribution, ...(own ? [] : pythonsOnPath().map(twistedOf))].filter((one) => one !== null);
  const newest = found.reduce((best, one) => (best && !isNewer(one.version, best.version) ? best : one), null);
  const result = { newest, distribution };
  mkdirSync(folder, { recursive: true });
  writeFileSync(record, `${JSON.stringify(result, null, 2)}\n`);
  return result;
}

/** Tries each Python until one makes an environment into which pip installs Twisted. */
function makeEnvironment() {
  for (const base of pythonsOnPath()) {
    rmSync(folder, { recursive: true, force: true });
    if (!succeeds(base, ["-m", "venv", folder], 120_000)) continue;
    console.log("Python: installing Twisted into .venv ...");
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "2", "--timeout", "20"];
    if (succeeds(venvPython, [...pip, "twisted"], 300_000)) return;
  }
  rmSync(folder, { recursive: true, force: true });
}

/** @returns {Interpreter | null} */
function twistedOf(path) {
  if (!existsSync(path)) return null;
  const program = "import twisted, twisted.spread.pb as pb; print(twisted.__version__)";
  const run = spawnSync(path, ["-c", program], { encoding: "utf8", timeout: 30_000 });
  const version = run.status === 0 ? run.stdout.trim() : "";
  return version ? { path, version } : null;
}

/** Every python3 and python3.N of the PATH and of the usual folders; the PATH's order, each real program once. */
function pythonsOnPath() {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
  const isPython = windows ? /^python3?\.exe$/ : /^python3(\.\d+)?$/;
  const seen = new Map();
  for (const place of folders.filter((one) => one && existsSync(one))) {
    for (const name of readdirSync(place)
      .filter((one) => isPython.test(one))
      .sort()) {
      const path = resolve(place, name);
      const real = realName(path);
      if (real && !seen.has(real)) seen.set(real, path);
    }
  }
  return [...seen.values()];
}

function realName(path) {
  try {
    // Shims of version managers are one file under many names: keep their names apart.
    return path.includes("shims") ? path : realpathSync(path);
  } catch {
    return null;
  }
}

function succeeds(program, args, timeout) {
  return spawnSync(program, args, { stdio: "ignore", timeout }).status === 0;
}

function isNewer(version, than) {
  const numbers = (text) => text.split(/[^0-9]+/).map(Number);
  const [left, right] = [numbers(version), numbers(than)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    if ((left[i] ?? 0) !== (right[i] ?? 0)) return (left[i] ?? 0) > (right[i] ?? 0);
  }
  return false;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { newest, distribution } = setUpPython();
  if (newest) {
    const other =
      distribution && distribution.path !== newest.path ? `, and ${distribution.version} of the system` : "";
    console.log(`Python: Twisted ${newest.version}${other}`);
  } else {
    console.log("Python: no Twisted could be installed or found; the tests against real Twisted are left out.");
    if (process.env.CI === "true") process.exitCode = 1;
  }
}
