// Peers by name: "capnweb:tcp" is the file peers/capnweb.mjs with the variant "tcp".
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");

export function splitPeer(name) {
  const [file, variant = ""] = name.split(":");
  return { file, variant };
}

export function peerFile(name) {
  const { file } = splitPeer(name);
  for (const extension of [".mjs", ".py"]) {
    const found = path.join(ROOT, "peers", file + extension);
    if (fs.existsSync(found)) return found;
  }
  throw new Error(`no such peer: ${name}`);
}

export function loadPeer(name) {
  return import(pathToFileURL(peerFile(name)).href);
}

/** What a peer says about itself, its variant's own words laid over it. */
export async function metaOf(name) {
  const file = peerFile(name);
  const { variant } = splitPeer(name);
  const python = file.endsWith(".py");
  const meta = python
    ? JSON.parse(/^#\s*META\s+(.*)$/m.exec(fs.readFileSync(file, "utf8"))[1])
    : (await loadPeer(name)).meta;
  if (variant !== "" && meta.variants?.[variant] === undefined) throw new Error(`no such variant: ${name}`);
  const title = variant === "" ? meta.title : `${meta.title}, ${variant}`;
  const whole = { ...meta, title, ...meta.variants?.[variant], file, python };
  if (whole.workloads.length === 0)
    throw new Error(`${name} needs a variant: ${Object.keys(meta.variants).join(", ")}`);
  return whole;
}
