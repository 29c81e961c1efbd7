// node lib/server-host.mjs PEER WORKLOAD: starts the peer's server in this process.
// stdout: one line READY {port, pid}. stdin: "gc" answers MEM {…}. Ends when stdin closes.
import readline from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { loadPeer, splitPeer } from "./peers.mjs";

const [, , name, workload] = process.argv;
const peer = await loadPeer(name);
const server = await peer.startServer({ host: "127.0.0.1", port: 0, variant: splitPeer(name).variant, workload });
console.log(`READY ${JSON.stringify({ port: server.port, pid: process.pid })}`);

const input = readline.createInterface({ input: process.stdin });
input.on("close", () => process.exit(0));
input.on("line", async (line) => {
  if (line !== "gc") return;
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await sleep(30);
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  console.log(`MEM ${JSON.stringify({ rss, heapUsed, external, live: server.live?.() })}`);
});
