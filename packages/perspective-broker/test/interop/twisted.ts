// The Pythons with real Twisted, each with a `describe` of its own. Without any, one line says so and a skipped test stands for
// what is left out; with CI=true `pythons()` fails instead.
import { describe, it } from "vitest";
import { type Python, pythons } from "../support/python.ts";

const found = pythons();
if (found.length === 0) console.warn("There is no Python with Twisted: the tests against real Twisted are left out.");

/** Calls `tests` once for each Python, in a `describe` of its own. */
export function withEachTwisted(what: string, tests: (python: Python) => void): void {
  if (found.length === 0) it.skip(`${what}: left out, there is no Python with Twisted`);
  for (const python of found) describe(`${what} (Twisted ${python.version})`, () => tests(python));
}
