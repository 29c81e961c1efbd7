// The tables that a run prints and RESULTS.md holds: headings and rows of text, drawn for a terminal or as Markdown.
import { GOALS, RIVALS } from "./goals.mjs";
import { figure } from "./numbers.mjs";
import { ratio, workloadInfo } from "./summary.mjs";

const OURS = "perspective-broker";

/** Our library against its rivals: one row for each workload and variant of ours. */
export function ratioTable(cells, summary) {
  const rivals = Object.entries(RIVALS).filter(([peer]) => cells.some((cell) => cell.peer === peer));
  const headings = ["workload", "peer", "median", ...rivals.map(([, title]) => `÷ ${title}`), "goals"];
  const rows = summary
    .filter((line) => line.peer.split(":")[0] === OURS)
    .map((line) => [
      line.workload,
      line.peer,
      line.rounds === 0 ? "failed" : `${figure(line.median)} ${workloadInfo(line.workload).unit}`,
      ...rivals.map(([peer]) => figure(ratio(cells, line.workload, line.peer, peer))),
      goalsOf(cells, line).map(phrase).join("; "),
    ]);
  return { headings, rows, left: new Set([0, 1, headings.length - 1]) };
}

/** Goals of the peers and workloads that ran, those whose rival did not run left out. */
export function goalResults(cells, summary) {
  return summary.flatMap((line) => goalsOf(cells, line));
}

/** Every peer of one workload; columns that no peer fills are left out. */
export function workloadTable(lines) {
  const { unit } = workloadInfo(lines[0].workload);
  const columns = [
    [`${unit}, median`, (line) => (line.rounds === 0 ? "failed" : figure(line.median))],
    ["min", (line) => figure(line.min)],
    ["max", (line) => figure(line.max)],
    ["÷ floor", (line) => figure(line.vsFloor)],
    ["p50 µs", (line) => figure(line.p50us)],
    ["p99 µs", (line) => figure(line.p99us)],
    ["client CPU", (line) => figure(line.clientCpuPer100k)],
    ["server CPU", (line) => figure(line.serverCpuPer100k)],
    ["KiB an idle connection", (line) => figure(line.perConnBytes / 1024)],
    ["server RSS MB", (line) => fromTo(line.rssBefore, line.rssAfter)],
    ["server heap MB", (line) => fromTo(line.heapBefore, line.heapAfter)],
    ["live objects after", (line) => figure(line.liveAfter)],
  ].filter(([, text]) => lines.some((line) => text(line) !== figure(Number.NaN)));
  return {
    headings: ["peer", ...columns.map(([heading]) => heading)],
    rows: lines.map((line) => [line.peer, ...columns.map(([, text]) => text(line))]),
    left: new Set([0]),
  };
}

function fromTo(before, after) {
  return before === undefined ? figure(Number.NaN) : `${figure(before / 1e6)} → ${figure(after / 1e6)}`;
}

export function asText({ headings, rows, left }) {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => row[i].length)));
  const draw = (row) =>
    row
      .map((text, i) => (left.has(i) ? text.padEnd(widths[i]) : text.padStart(widths[i])))
      .join("  ")
      .trimEnd();
  return [headings, ...rows].map(draw).join("\n");
}

export function asMarkdown({ headings, rows, left }) {
  const draw = (row) => `| ${row.join(" | ")} |`;
  return [
    draw(headings),
    `|${headings.map((_, i) => (left.has(i) ? "---|" : "---:|")).join("")}`,
    ...rows.map(draw),
  ].join("\n");
}

function goalsOf(cells, { workload, peer }) {
  const ran = (rival) => cells.some((cell) => cell.workload === workload && cell.peer === rival && !cell.result.error);
  return GOALS.filter((goal) => goal.workload === workload && goal.peer === peer && ran(goal.rival))
    .map((goal) => ({ ...goal, ratio: ratio(cells, workload, peer, goal.rival) }))
    .map((goal) => ({ ...goal, met: goal.ratio >= goal.atLeast }));
}

function phrase(goal) {
  return `≥ ${goal.atLeast} × ${RIVALS[goal.rival]}: ${goal.met ? "met" : "MISSED"}`;
}
