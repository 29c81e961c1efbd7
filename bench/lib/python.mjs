// A Python that has Twisted: the one asked for, else the one that the project sets up for its interop tests.
import { execFileSync } from "node:child_process";
import { findPython as setUp } from "../../scripts/python.mjs";

const PROBE = "import platform, twisted.spread.pb; print(platform.python_version(), twisted.__version__)";

/** `{ command, version, twisted }`, or null where there is none. */
export function findPython(asked = setUp().newest?.path) {
  if (!asked) return null;
  try {
    const answer = execFileSync(asked, ["-c", PROBE], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const [version, twisted] = answer.trim().split(" ");
    return { command: asked, version, twisted };
  } catch {
    return null;
  }
}
