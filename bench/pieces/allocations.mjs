// node pieces/allocations.mjs [PEER …]: bytes allocated per echo call with 128 in flight, of both sides together.
// Each peer has a process of its own with server and client in it, and a new space so large that no collection falls into
// a measured part; where one does, the part is left out and the next ones are smaller. `loop` is what the loop and its promise take themselves.
import { fork } from "node:child_process";
import { PerformanceObserver } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { figure, gist, median } from "../lib/numbers.mjs";
import { HELLO } from "../lib/payloads.mjs";
import { loadPeer, ROOT, splitPeer } from "../lib/peers.mjs";
import { asText } from "../lib/tables.mjs";

const PEERS = ["loop", "rawtcp:batch", "proto", "perspective-broker:pb", "perspective-broker:pb7", "capnweb"];
const FLAGS = ["--expose-gc", "--min-semi-space-size=128", "--max-semi-space-size=128"];
const INFLIGHT = 128;
const WARM_UP = 50_000;
const CALLS = 100_000;
const PART = 5000;
const LEAST = 300; // a part that is smaller measures its beginning and end

if (process.send) await measure(process.argv[2]);
else await compare(process.argv.slice(2));

async function compare(asked) {
  const rows = [];
  for (const peer of asked.length > 0 ? ["loop", ...asked] : PEERS) {
    const answer = await inOwnProcess(peer);
    if (answer.error) console.error(`${peer}: ${gist(answer.error)}`);
    rows.push([peer, figure(answer.heap), figure(answer.buffers), figure(answer.calls)]);
  }
  const headings = ["peer", "heap bytes a call", "bytes of buffers a call", "calls measured"];
  console.log(asText({ headings, rows, left: new Set([0]) }));
}

function inOwnProcess(peer) {
  return new Promise((resolve) => {
    const child = fork(fileURLToPath(import.meta.url), [peer], { cwd: ROOT, execArgv: FLAGS, silent: true });
    let errors = "";
    child.stderr.on("data", (text) => {
      errors += text;
    });
    child.on("message", resolve);
    child.on("exit", () => resolve({ error: errors || "it ended without a result" }));
  });
}

async function measure(peer) {
  const echo = await echoOf(peer);
  let collections = 0;
  new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  }).observe({ entryTypes: ["gc"] });
  await run(echo, WARM_UP);
  const parts = [];
  let size = PART;
  for (let left = CALLS; left > 0 && size >= LEAST; left -= size) {
    globalThis.gc();
    await sleep(20); // the observer hears of a collection late
    collections = 0;
    const before = process.memoryUsage();
    await run(echo, size);
    const after = process.memoryUsage();
    await sleep(20);
    if (collections > 0) size = Math.floor(size / 2);
    else
      parts.push({ size, heap: after.heapUsed - before.heapUsed, buffers: after.arrayBuffers - before.arrayBuffers });
  }
  const perCall = (name) => median(parts.map((part) => part[name] / part.size));
  const calls = parts.reduce((sum, part) => sum + part.size, 0);
  process.send({ heap: perCall("heap"), buffers: perCall("buffers"), calls });
  setTimeout(() => process.exit(), 100);
}

async function echoOf(peer) {
  if (peer === "loop") return () => Promise.resolve(HELLO);
  const { startServer, connect } = await loadPeer(peer);
  const where = { host: "127.0.0.1", variant: splitPeer(peer).variant, workload: "W2" };
  const { port } = await startServer({ ...where, port: 0 });
  const client = await connect({ ...where, port });
  if ((await client.echo(HELLO)) !== HELLO) throw new Error("the echo differs");
  return () => client.echo(HELLO);
}

async function run(echo, count) {
  let left = count;
  const worker = async () => {
    while (left-- > 0) await echo();
  };
  await Promise.all(Array.from({ length: INFLIGHT }, worker));
}
