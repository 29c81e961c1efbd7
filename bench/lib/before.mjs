// --before PATH: a second build of the library, measured beside this one. The peer perspective-broker:pb-before takes it
// from the environment, because it is loaded in processes of its own.
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

export const VARIABLE = "PERSPECTIVE_BROKER_BEFORE";

/** PATH is a clone or the folder of its package, built. Returns what RESULTS.md says about it. */
export function useBefore(given) {
  const folders = [path.resolve(given), path.resolve(given, "packages/perspective-broker")];
  const folder = folders.find((one) => fs.existsSync(path.join(one, "dist/index.js")));
  if (!folder) throw new Error(`--before: no dist/index.js in ${given}: build the library there first`);
  process.env[VARIABLE] = pathToFileURL(path.join(folder, "dist/index.js")).href;
  const { name, version } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
  const commit = commitOf(folder);
  return `${name} ${version}${commit ? `, commit ${commit}` : ""}`;
}

function commitOf(folder) {
  try {
    const options = { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
    return execFileSync("git", ["rev-parse", "--short", "HEAD"], options).trim();
  } catch {
    return null;
  }
}
