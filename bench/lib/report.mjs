// RESULTS.md: what a run measured, on what machine, with which versions, by which command. Written by runs only.
import os from "node:os";
import { workloadInfo } from "./summary.mjs";
import { asMarkdown, goalResults, ratioTable, workloadTable } from "./tables.mjs";

export function report({ cells, summary, metas, run }) {
  const parts = [
    "# Benchmark results",
    "Written by `npm run bench`; edits are lost. What the workloads are and how they run: [README.md](README.md).",
    conditions(run, metas)
      .map((line) => `- ${line}`)
      .join("\n"),
  ];
  const ratios = ratioTable(cells, summary);
  if (ratios.rows.length > 0) {
    const goals = goalResults(cells, summary);
    const met = goals.filter((goal) => goal.met).length;
    parts.push(
      "## Ratios",
      "Our figure divided by the other's in the same round; the median over the rounds." +
        (goals.length > 0 ? ` Goals met: ${met} of ${goals.length}.` : ""),
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
      failed.map((l) => `- ${l.workload} ${l.peer}, ${l.failed} rounds: ${oneLine(l.error)}`).join("\n"),
    );
  }
  return `${parts.join("\n\n")}\n`;
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
    `Command: \`${run.command}\` (${run.rounds} interleaved rounds, ${run.warmMs} ms warm-up, ${run.runMs} ms measured)`,
    "Client and server are two processes on loopback TCP, fresh for every cell. CPU is seconds of user and system time per 100,000 calls.",
  ];
}

function oneLine(text) {
  return String(text).replace(/\s+/g, " ").slice(0, 200);
}
