// node pieces/large-transfer.mjs [pb7|pb …] [--megabytes 100] [--every 1] [--rounds 10]
// What a large Uint8Array does to the calls beside it, and they to it: an echo on another reference of the connection
// every millisecond, alone, while the bytes travel, and the transfer without it, in turns.
// Server and client are two processes on loopback TCP; `up` is an argument, `down` a result.
import assert from "node:assert";
import { fork } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { figure, median, quantile } from "../lib/numbers.mjs";
import { HELLO, makeBytes } from "../lib/payloads.mjs";
import { asText } from "../lib/tables.mjs";

/** What the issue asks for: p99 of the echo beside a transfer, and what the echo may take from the transfer. */
const P99_AT_MOST = 5;
const THROUGHPUT_AT_LEAST = 0.9;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    megabytes: { type: "string", default: "100" },
    every: { type: "string", default: "1" },
    rounds: { type: "string", default: "10" },
    role: { type: "string", default: "all" },
    address: { type: "string" },
  },
});
const size = Number(options.megabytes) * 1e6;
const every = Number(options.every);
const rounds = Number(options.rounds);
const library = await import("perspective-broker"); // whole: the dialect is named on the command line
const { connect, listen, Referenceable, Root } = library;

if (options.role === "server") await serve(positionals[0]);
else if (options.role === "client") await measure(positionals[0]);
else for (const dialect of positionals.length > 0 ? positionals : ["pb7", "pb"]) await both(dialect);

async function both(dialect) {
  if (!library[dialect]) return console.log(`${dialect}: this build of perspective-broker does not have it`);
  const known = ["megabytes", "every", "rounds"].map((name) => `--${name}=${options[name]}`);
  const start = (...args) =>
    fork(fileURLToPath(import.meta.url), [dialect, ...known, ...args], { execArgv: ["--expose-gc"] });
  const server = start("--role=server");
  const address = await new Promise((resolve) => server.once("message", resolve));
  const client = start("--role=client", `--address=${address}`);
  const rows = await new Promise((resolve) => {
    client.once("message", resolve);
    client.once("exit", () => resolve(null));
  });
  server.kill();
  if (rows === null) return;
  const headings = [
    "",
    "idle p99 µs",
    "p99 µs beside",
    "÷ idle",
    "calls",
    "MB/s alone",
    "MB/s with echo",
    "÷ alone",
    "",
  ];
  const table = asText({ headings, rows, left: new Set([0, headings.length - 1]) });
  console.log(`${dialect}, ${options.megabytes} MB, an echo every ${every} ms\n${table}\n`);
}

/** In pb the bytes are one string, which by default may not be so large; pb7 sends them in pieces. */
function settings(dialect) {
  const limits = dialect === "pb" ? { string: 4 * size, message: 4 * size, outputBytes: 4 * size } : {};
  return { dialects: [library[dialect]], limits };
}

async function serve(dialect) {
  const bytes = makeBytes(size);
  class Echoer extends Referenceable {
    remote_echo(value) {
      return value;
    }
  }
  class Api extends Root {
    remote_echoer() {
      return new Echoer();
    }
    remote_take(given) {
      return given.length;
    }
    remote_give() {
      return bytes;
    }
    remote_isSame(given) {
      return Buffer.compare(given, bytes) === 0;
    }
  }
  const server = await listen(new Api(), "tcp://127.0.0.1:0", settings(dialect));
  process.send(String(server.address));
}

async function measure(dialect) {
  const { root } = await connect(options.address, settings(dialect));
  const echoer = await root.callRemote("echoer");
  const echo = () => echoer.callRemote("echo", HELLO);
  const bytes = makeBytes(size);
  const ways = {
    up: async () => assert.strictEqual(await root.callRemote("take", bytes), size),
    down: async () => assert.strictEqual((await root.callRemote("give")).length, size),
  };
  assert.ok(await root.callRemote("isSame", bytes), "the bytes differ");
  await latenciesUntil(sleep(1000), echo); // warm
  const rows = [];
  for (const [way, transfer] of Object.entries(ways)) {
    await transfer();
    const idle = [];
    const alone = [];
    const beside = [];
    const latencies = [];
    for (let round = 0; round < rounds; round++) {
      globalThis.gc();
      idle.push(...(await latenciesUntil(sleep(300), echo)));
      alone.push(await rate(transfer));
      globalThis.gc();
      const running = rate(transfer);
      latencies.push(...(await latenciesUntil(running, echo)));
      beside.push(await running);
    }
    rows.push(row(way, idle, latencies, median(alone), median(beside)));
  }
  process.send(rows, () => process.exit());
}

function row(way, idleLatencies, latencies, alone, beside) {
  const idle = p99(idleLatencies);
  const busy = p99(latencies);
  const met = busy <= P99_AT_MOST * idle && beside >= THROUGHPUT_AT_LEAST * alone;
  const figures = [idle, busy, busy / idle, latencies.length, alone, beside, beside / alone];
  return [way, ...figures.map(figure), met ? "met" : "MISSED"];
}

async function rate(transfer) {
  const t0 = performance.now();
  await transfer();
  return size / 1e6 / ((performance.now() - t0) / 1000);
}

function p99(latencies) {
  return (
    quantile(
      [...latencies].sort((a, b) => a - b),
      0.99,
    ) ?? Number.NaN
  );
}

/** Latencies in µs of one echo after the other, one begun every so often, until `end` settles. */
async function latenciesUntil(end, echo) {
  let going = true;
  const stop = () => {
    going = false;
  };
  end.then(stop, stop);
  const latencies = [];
  while (going) {
    const t0 = performance.now();
    await echo();
    latencies.push((performance.now() - t0) * 1000);
    const rest = every - (performance.now() - t0);
    if (rest > 0) await sleep(rest);
  }
  return latencies;
}
