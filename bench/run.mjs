// npm run bench -- [options]: our library beside the floor and its rivals, in interleaved rounds, held to its goals.
// Every cell is a fresh server process and a fresh client process. README.md says what the options are.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { useBefore } from "./lib/before.mjs";
import { isPinned, plainWorkload, runCell } from "./lib/cell.mjs";
import { runCodecs } from "./lib/codecs.mjs";
import { coresToPin } from "./lib/cores.mjs";
import { judge } from "./lib/judged.mjs";
import { figure, gist } from "./lib/numbers.mjs";
import { metaOf, ROOT } from "./lib/peers.mjs";
import { BEFORE, defaultPlan, usualPeers } from "./lib/plan.mjs";
import { buildLibrary, installedVersion, installPeers } from "./lib/prepare.mjs";
import { findPython } from "./lib/python.mjs";
import { quoteResults } from "./lib/quote.mjs";
import { report } from "./lib/report.mjs";
import { summarize, WORKLOADS, workloadInfo } from "./lib/summary.mjs";
import { asText, goalTable, ratioTable, workloadTable } from "./lib/tables.mjs";

const { values: options, tokens } = readOptions();
const rounds = Number(options.rounds);
const before = readBefore();
const plan = readPlan();

installPeers();
const metas = new Map();
for (const peer of new Set(plan.flatMap((entry) => entry.peers))) {
  metas.set(peer, await metaOf(peer).catch((error) => fail(error.message)));
}
for (const entry of plan) {
  entry.peers = entry.peers.filter((peer) => metas.get(peer).workloads.includes(plainWorkload(entry.workload)));
}
if (!options["skip-build"] && [...metas.keys()].some((peer) => peer.startsWith("perspective-broker"))) buildLibrary();

let complete = true;
const python = findPython(options.python);
if (!python) {
  leaveOut(({ peers }) => peers.filter((peer) => metas.get(peer).python), "there is no Python with Twisted (--python)");
}
const [pinnedCore] = coresToPin();
if (pinnedCore === undefined) {
  leaveOut(({ workload, peers }) => (isPinned(workload) ? peers : []), "processes cannot be pinned (taskset)");
}

const started = new Date();
const loadBefore = os.loadavg()[0];
const cells = [];
for (let round = 0; round < rounds; round++) {
  for (const entry of plan) {
    if (round >= entry.rounds) continue;
    for await (const { peer, result } of resultsOf(entry, round)) {
      const { workload } = entry;
      cells.push({ round, workload, peer, load: os.loadavg()[0], result });
      const text = result.error ? `FAILED ${gist(result.error)}` : figure(result[workloadInfo(workload).metric]);
      console.error(`${minutes().toFixed(1)} min  round ${round + 1}  ${workload}  ${peer}  ${text}`);
    }
  }
}

const summary = summarize(cells);
for (const { workload } of plan) {
  const lines = summary.filter((line) => line.workload === workload);
  if (lines.length > 0) console.log(`\n${workload}  ${workloadInfo(workload).title}\n${asText(workloadTable(lines))}`);
}
const ratios = ratioTable(cells, summary);
if (ratios.rows.length > 0) console.log(`\nRatios, median over the rounds\n${asText(ratios)}`);
const goals = judge(cells);
if (goals.length > 0) {
  console.log(
    `\nGoals met: ${goals.filter((goal) => goal.met).length} of ${goals.length}\n${asText(goalTable(cells))}`,
  );
}

const ran = [...metas].filter(([peer]) => cells.some((cell) => cell.peer === peer));
const run = {
  started: started.toISOString(),
  minutes: minutes(),
  loadBefore,
  command: commandLine(),
  before,
  rounds,
  runMs: Number(options["run-ms"]),
  warmMs: Number(options["warm-ms"]),
  python: ran.some(([, meta]) => meta.python) ? python : null,
  versions: [
    ...new Set([...ran.flatMap(([, meta]) => meta.packages ?? []), ...(cells.some(isCodec) ? ["msgpackr"] : [])]),
  ].map((name) => [name, installedVersion(name)]),
};
if (options.out) {
  fs.mkdirSync(path.dirname(path.resolve(options.out)), { recursive: true });
  fs.writeFileSync(options.out, JSON.stringify({ run: { ...run, python: undefined }, summary, goals, cells }, null, 1));
}
if (options.write || isDefaultRun()) {
  fs.writeFileSync(path.join(ROOT, "RESULTS.md"), report({ cells, summary, metas: ran, run }));
  console.log(`\nwritten: ${["bench/RESULTS.md", ...quoteResults()].join(", ")}`);
} else {
  console.log("\nbench/RESULTS.md is left as it is: a run with options of its own writes it only with --write");
}
if (cells.some((cell) => cell.result.error)) process.exitCode = 1;

/** The cells of one workload in one round. Every second round goes backwards, so that nobody is always first. */
async function* resultsOf({ workload, peers }, round) {
  if (workload === "codec") {
    yield* await runCodecs();
    return;
  }
  for (const peer of round % 2 === 0 ? peers : peers.toReversed()) {
    const result = await runCell(peer, workload, {
      python: python?.command,
      pinnedCore,
      runMs: Number(options["run-ms"]),
      warmMs: Number(options["warm-ms"]),
      leakCount: Number(options["leak-count"]),
      leakMs: Number(options["leak-ms"]),
    });
    yield { peer, result };
  }
}

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
        before: { type: "string" },
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

function readBefore() {
  if (!options.before) return null;
  try {
    return useBefore(options.before);
  } catch (error) {
    fail(error.message);
  }
}

/** `[{ workload, peers, rounds }]`: the default run, or what the options ask for. */
function readPlan() {
  const all = defaultPlan({ before });
  if (!options.peers && !options.workloads) return all;
  const workloads = options.workloads?.split(",") ?? all.map((entry) => entry.workload);
  for (const workload of workloads) {
    if (!workloadInfo(workload)) fail(`no such workload: ${workload} (there are ${Object.keys(WORKLOADS).join(", ")})`);
  }
  const asked = options.peers?.split(",");
  if (asked && before && !asked.includes(BEFORE)) asked.push(BEFORE);
  return workloads.map((workload) => ({
    workload,
    peers: asked ?? usualPeers(workload, { before }),
    rounds: Number.POSITIVE_INFINITY,
  }));
}

/** A run that says something about every goal: no option but such as change nothing in it, and nothing left out. */
function isDefaultRun() {
  return complete && tokens.every(({ name }) => ["python", "out", "skip-build", "before"].includes(name));
}

/** The command as somebody else would give it: without paths of this machine. */
function commandLine() {
  const given = tokens.filter(({ name }) => name !== "python" && name !== "out");
  const words = given.flatMap(({ name, value }) => {
    if (value === undefined) return [`--${name}`];
    return [`--${name}`, name === "before" ? "PATH" : value];
  });
  return ["npm run bench", ...(words.length > 0 ? ["--", ...words] : [])].join(" ");
}

function leaveOut(which, why) {
  for (const entry of plan) {
    const out = which(entry);
    if (out.length === 0) continue;
    complete = false;
    entry.peers = entry.peers.filter((peer) => !out.includes(peer));
    console.error(`left out in ${entry.workload}: ${out.join(", ")}, because ${why}`);
  }
}

function isCodec({ workload }) {
  return workload === "codec";
}

function minutes() {
  return (Date.now() - started.getTime()) / 60_000;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
