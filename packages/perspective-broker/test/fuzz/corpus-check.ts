import { record } from "./corpus.ts";
const t = performance.now();
const c = await record();
const c2 = await record();
console.log(c.hash, c2.hash, performance.now() - t);
for (const k of c.conversations) {
  console.log(k.scene.name, k.said.client.length, k.said.server.length);
  if (process.argv[2] === k.scene.name) for (const r of ["client","server"] as const) for (const f of k.said[r]) console.log(r, f.after, Buffer.from(f.bytes.subarray(0, 40)).toString("hex"), f.bytes.length);
}
const types = new Set([...c.frames.client, ...c.frames.server].map((f) => f[0]!.toString(16)));
console.log([...types].sort().join(" "));
