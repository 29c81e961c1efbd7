// The Pythons with real Twisted that are on this machine, as `scripts/python.mjs` found or made them.
// Interop tests run once for each; without any they are left out, which `CI=true` turns into a failure.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export interface Python {
  /** `newest` is the newest Twisted there is, `distribution` the operating system's own. */
  readonly name: "newest" | "distribution";
  readonly path: string;
  /** Of Twisted, not of Python. */
  readonly version: string;
}

/** Each Python once; empty where there is none. */
export function pythons(): readonly Python[] {
  const { newest, distribution } = found();
  const list: Python[] = [];
  if (newest && newest.path !== distribution?.path) list.push({ name: "newest", ...newest });
  if (distribution) list.push({ name: "distribution", ...distribution });
  return list;
}

interface Found {
  readonly newest: { readonly path: string; readonly version: string } | null;
  readonly distribution: { readonly path: string; readonly version: string } | null;
}

function found(): Found {
  const root = new URL("../../../../", import.meta.url);
  const record = new URL(".venv/interpreters.json", root);
  if (!existsSync(record)) {
    const script = fileURLToPath(new URL("scripts/python.mjs", root));
    spawnSync(process.execPath, [script], { stdio: "inherit" });
  }
  const result = JSON.parse(readFileSync(record, "utf8")) as Found;
  if (!result.newest && process.env.CI === "true") throw new Error("CI=true and no Python with Twisted");
  return result;
}
