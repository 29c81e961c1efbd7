// node pieces/count-writes.mjs [PEER …]: socket writes per call by the client, 128 echo calls in flight.
import { spawn } from "node:child_process";
import net from "node:net";
import readline from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { HELLO } from "../lib/payloads.mjs";
import { loadPeer, ROOT, splitPeer } from "../lib/peers.mjs";

const asked = process.argv.slice(2);
const peers =
  asked.length > 0
    ? asked
    : ["rawtcp", "rawtcp:batch", "proto", "perspective-broker:pb", "perspective-broker:pb7", "capnweb"];

let writes = 0;
for (const name of ["_write", "_writev"]) {
  const original = net.Socket.prototype[name];
  net.Socket.prototype[name] = function (...args) {
    writes++;
    return original.apply(this, args);
  };
}

for (const peer of peers) {
  const server = spawn(process.execPath, ["lib/server-host.mjs", peer, "W2"], {
    cwd: ROOT,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const port = await new Promise((resolve) => {
    const lines = readline.createInterface({ input: server.stdout });
    lines.on("line", (line) => line.startsWith("READY") && resolve(JSON.parse(line.slice(6)).port));
    server.on("exit", () => resolve(null));
  });
  if (port === null) {
    console.log(peer.padEnd(24), "its server did not start");
    continue;
  }
  const { connect } = await loadPeer(peer);
  const client = await connect({ host: "127.0.0.1", port, variant: splitPeer(peer).variant, workload: "W2" });
  await client.echo(HELLO);
  await sleep(50);
  writes = 0;
  let calls = 0;
  const worker = async () => {
    while (calls < 5000) {
      calls++;
      await client.echo(HELLO);
    }
  };
  await Promise.all(Array.from({ length: 128 }, worker));
  await sleep(50);
  console.log(peer.padEnd(24), (writes / calls).toFixed(3), "socket writes a call");
  server.kill();
}
process.exit(0);
