// npm run bench -- [options]: our library beside the floor, Twisted and capnweb, in interleaved rounds.
// Every cell is a fresh server process and a fresh client process. README.md says what the options are.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { runCell, splitWorkload } from "./lib/cell.mjs";
import { figure } from "./lib/numbers.mjs";
import { metaOf, ROOT } from "./lib/peers.mjs";
import { buildLibrary, installedVersion, installPeers } from "./lib/prepare.mjs";
import { findPython } from "./lib/python.mjs";
import { report } from "./lib/report.mjs";
import { summarize, WORKLOADS, workloadInfo } from "./lib/summary.mjs";
import { asText, goalResults, ratioTable, workloadTable } from "./lib/tables.mjs";

/** The default run. `pb-sync` runs where the call context shows most, and nowhere else. */
const PEERS = ["rawtcp", "rawtcp:batch", "perspective-broker:pb", "perspective-broker:pb-sync", "capnweb", "pb"];
const ONLY = { "perspective-broker:pb-sync": ["W2"] };

const { values: options, tokens } = readOptions();
const peers = options.peers?.split(",") ?? PEERS;
const workloads = options.workloads?.split(",") ?? ["W1", "W2", "W3", "W4b", "W5", "W7"];
const only = options.peers ? {} : ONLY;

for (const workload of workloads) {
  if (!workloadInfo(workload)) fail(`no such workload: ${workload} (there are ${Object.keys(WORKLOADS).join(", ")})`);
}
installPeers();
const metas = [];
for (const peer of peers) {
  metas.push([peer, await metaOf(peer).catch((error) => fail(error.message))]);
}
if (!options["skip-build"] && peers.some((peer) => peer.startsWith("perspective-broker"))) buildLibrary();
const python = findPython(options.python);
if (!python) leaveOut((meta) => meta.python, "there is no Python with Twisted (--python PATH names one)");

const started = new Date();
const loadBefore = os.loadavg()[0];
const cells = [];
for (let round = 0; round < Number(options.rounds); round++) {
  for (const workload of workloads) {
    for (const [peer, meta] of metas) {
      const { base } = splitWorkload(workload);
      if (!meta.workloads.includes(base) || only[peer]?.includes(base) === false) continue;
      const result = await runCell(peer, workload, {
        python: python?.command,
        runMs: Number(options["run-ms"]),
        warmMs: Number(options["warm-ms"]),
        leakCount: Number(options["leak-count"]),
        leakMs: Number(options["leak-ms"]),
      });
      cells.push({ round, workload, peer, load: os.loadavg()[0], result });
      const text = result.error ? `FAILED ${result.error}` : figure(result[workloadInfo(workload).metric]);
      console.error(`round ${round + 1}  ${workload}  ${peer}  ${text}`);
    }
  }
}

const summary = summarize(cells);
for (const workload of workloads) {
  const lines = summary.filter((line) => line.workload === workload);
  if (lines.length > 0) console.log(`\n${workload}  ${workloadInfo(workload).title}\n${asText(workloadTable(lines))}`);
}
const ratios = ratioTable(cells, summary);
if (ratios.rows.length > 0) console.log(`\nRatios, median over the rounds\n${asText(ratios)}`);
const goals = goalResults(cells, summary);
if (goals.length > 0) console.log(`\nGoals met: ${goals.filter((goal) => goal.met).length} of ${goals.length}`);

const run = {
  started: started.toISOString(),
  minutes: (Date.now() - started.getTime()) / 60_000,
  loadBefore,
  command: commandLine(),
  rounds: Number(options.rounds),
  runMs: Number(options["run-ms"]),
  warmMs: Number(options["warm-ms"]),
  python: metas.some(([, meta]) => meta.python) ? python : null,
  versions: [...new Set(metas.flatMap(([, meta]) => meta.packages ?? []))].map((name) => [
    name,
    installedVersion(name),
  ]),
};
if (options.out) {
  fs.mkdirSync(path.dirname(path.resolve(options.out)), { recursive: true });
  fs.writeFileSync(options.out, JSON.stringify({ run: { ...run, python: undefined }, summary, cells }, null, 1));
}
if (options.write || isDefaultRun()) {
  fs.writeFileSync(path.join(ROOT, "RESULTS.md"), report({ cells, summary, metas, run }));
  console.log("\nwritten: bench/RESULTS.md");
} else {
  console.log("\nbench/RESULTS.md is left as it is: a run with options of its own writes it only with --write");
}
if (cells.some((cell) => cell.result.error)) process.exitCode = 1;

function readOptions() {
  try {
    return parseArgs({
      tokens: true,
      options: {
        peers: { type: "string" },
        workloads: { type: "string" },
        rounds: { type: "string", default: "5" },
        "run-ms": { type: "string", default: "800" },
        "warm-ms": { type: "string", default: "600" },
        "leak-count": { type: "string", default: "200000" },
        "leak-ms": { type: "string", default: "90000" },
        python: { type: "string" },
        out: { type: "string" },
        write: { type: "boolean", default: false },
        "skip-build": { type: "boolean", default: false },
      },
    });
  } catch (error) {
    fail(`${error.message}; bench/README.md has the options`);
  }
}

/** A run that says something about every goal: no option but such as change nothing in it, and no peer left out. */
function isDefaultRun() {
  return peers.length === metas.length && tokens.every(({ name }) => ["python", "out", "skip-build"].includes(name));
}

/** The command as somebody else would give it: without paths of this machine. */
function commandLine() {
  const given = tokens.filter(({ name }) => name !== "python" && name !== "out");
  const words = given.flatMap(({ name, value }) => (value === undefined ? [`--${name}`] : [`--${name}`, value]));
  return ["npm run bench", ...(words.length > 0 ? ["--", ...words] : [])].join(" ");
}

function leaveOut(which, why) {
  for (let i = metas.length - 1; i >= 0; i--) {
    if (!which(metas[i][1])) continue;
    console.error(`left out: ${metas[i][0]}, because ${why}`);
    metas.splice(i, 1);
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
