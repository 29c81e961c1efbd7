// RESULTS.md: what a run measured, on what machine, with which versions, by which command. Written by runs only.
import os from "node:os";
import { judge } from "./judged.mjs";
import { gist } from "./numbers.mjs";
import { END, START } from "./quote.mjs";
import { workloadInfo } from "./summary.mjs";
import { asMarkdown, goalTable, ratioTable, speedTable, workloadTable } from "./tables.mjs";

export function report({ cells, summary, metas, run }) {
  const parts = [
    "# Benchmark results",
    "Written by `npm run bench`; edits are lost. What the workloads are and how they run: [README.md](README.md).",
    conditions(run, metas)
      .map((line) => `- ${line}`)
      .join("\n"),
  ];
  const speed = speedTable(cells, summary);
  if (speed.rows.length > 0) {
    parts.push("## In short", [START, asMarkdown(speed), measuredOn(run), END].join("\n\n"));
  }
  const goals = judge(cells);
  if (goals.length > 0) {
    parts.push(
      "## Goals",
      `Met: ${goals.filter((goal) => goal.met).length} of ${goals.length}. A goal "× other" is about our figure divided by the other's in the same round, the median over the rounds.`,
      asMarkdown(goalTable(cells)),
    );
  }
  const ratios = ratioTable(cells, summary);
  if (ratios.rows.length > 0) {
    parts.push(
      "## Ratios",
      "Our figure divided by the other's in the same round; the median over the rounds.",
      asMarkdown(ratios),
    );
  }
  for (const workload of new Set(summary.map((line) => line.workload))) {
    const lines = summary.filter((line) => line.workload === workload);
    parts.push(`## ${workload}: ${workloadInfo(workload).title}`, asMarkdown(workloadTable(lines)));
  }
  const failed = summary.filter((line) => line.failed > 0);
  if (failed.length > 0) {
    parts.push(
      "## Cells that failed",
      failed.map((l) => `- ${l.workload} ${l.peer}, ${l.failed} rounds: ${gist(l.error)}`).join("\n"),
    );
  }
  return `${parts.join("\n\n")}\n`;
}

/** The foot of the table that other pages quote: it has to stand alone. */
function measuredOn(run) {
  const cpus = os.cpus();
  return `Calls over TCP between two processes on one machine (${cpus.length} × ${cpus[0].model.trim()}, Node ${process.version}, ${run.started.slice(0, 10)}); ratios within one run, median of ${run.rounds} rounds.`;
}

function conditions(run, metas) {
  const cpus = os.cpus();
  const kernel = /^\d+(\.\d+)*/.exec(os.release())?.[0] ?? "";
  return [
    `Date: ${run.started.slice(0, 16).replace("T", " ")} UTC, took ${run.minutes.toFixed(1)} minutes; 1-minute load at the start ${run.loadBefore.toFixed(1)} (the benchmark itself makes about 1.5)`,
    `Machine: ${cpus.length} × ${cpus[0].model.trim()}, ${Math.round(os.totalmem() / 2 ** 30)} GB, ${os.type()} ${kernel} ${os.arch()}`,
    `Node ${process.version}${run.python ? `; Python ${run.python.version}, Twisted ${run.python.twisted}` : ""}`,
    `Packages: ${run.versions.map(([name, version]) => `${name} ${version}`).join(", ")}`,
    `Peers: ${metas.map(([name, meta]) => `\`${name}\` ${meta.title}`).join("; ")}`,
    ...(run.before ? [`\`perspective-broker:pb-before\` is ${run.before}`] : []),
    `Command: \`${run.command}\` (${run.rounds} interleaved rounds, ${run.warmMs} ms warm-up, ${run.runMs} ms measured)`,
    "Client and server are two processes on loopback TCP, fresh for every cell. CPU is seconds of user and system time per 100,000 calls.",
  ];
}
