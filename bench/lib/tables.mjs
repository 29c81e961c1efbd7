// The tables that a run prints and RESULTS.md holds: headings and rows of text, drawn for a terminal or as Markdown.
import { FIGURES, RIVALS, rivalsOf } from "./goals.mjs";
import { judge } from "./judged.mjs";
import { figure } from "./numbers.mjs";
import { ratio, workloadInfo } from "./summary.mjs";

const OURS = "perspective-broker";

/** Our library against its rivals: one row for each workload and variant of ours. */
export function ratioTable(cells, summary) {
  const ours = summary.filter((line) => line.peer.split(":")[0] === OURS && !(line.peer in RIVALS));
  const beside = new Set(ours.map((line) => line.workload));
  const rivals = Object.entries(RIVALS).filter(([peer]) =>
    cells.some((cell) => cell.peer === peer && beside.has(cell.workload)),
  );
  const headings = ["workload", "peer", "median", ...rivals.map(([, title]) => `÷ ${title}`)];
  const rows = ours.map((line) => [
    line.workload,
    line.peer,
    medianOf(line),
    ...rivals.map(([peer]) => figure(ratio(cells, line.workload, line.peer, peer))),
  ]);
  return { headings, rows, left: new Set([0, 1]) };
}

/** One row for each goal that the run could judge. */
export function goalTable(cells) {
  const rows = judge(cells).map((goal) => [
    goal.workload,
    goal.peer,
    phrase(goal),
    figure(goal.got / (FIGURES[goal.figure]?.scale ?? 1)),
    goal.met ? "met" : Number.isNaN(goal.got) ? "NOT MEASURED" : "MISSED",
  ]);
  return { headings: ["workload", "peer", "goal", "measured", ""], rows, left: new Set([0, 1, 2, 4]) };
}

/** What a reader of README.md wants to know: our figures in pb7, else in pb, and the others by their names. */
export function speedTable(cells, summary) {
  const ran = (peer) => summary.some((line) => line.peer === peer && line.rounds > 0);
  const peer = [`${OURS}:pb7`, `${OURS}:pb`].find(ran);
  const shown = summary.filter((line) => line.peer === peer && line.workload !== "W5leak");
  const columns = Object.entries(SPEED_OF)
    .map(([rival, title]) => [title, (line) => figure(ratio(cells, line.workload, peer, rival))])
    .filter(([, text]) => shown.some((line) => text(line) !== figure(Number.NaN)));
  return {
    headings: ["", "here", ...columns.map(([title]) => `÷ ${title}`)],
    rows: shown.map((line) => [
      `${workloadInfo(line.workload).title}${workloadInfo(line.workload).less ? " (less is better)" : ""}`,
      medianOf(line),
      ...columns.map(([, text]) => text(line)),
    ]),
    left: new Set([0]),
  };
}

const SPEED_OF = {
  rawtcp: "raw TCP",
  "rawtcp:batch": "raw TCP, writes joined",
  capnweb: "Cap'n Web",
  grpc: "grpc-js",
  socketio: "socket.io",
  pb: "Twisted",
};

function medianOf(line) {
  return line.rounds === 0 ? "failed" : `${figure(line.median)} ${workloadInfo(line.workload).unit}`;
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
    ["bytes", (line) => figure(line.messageBytes)],
    ["encode ns", (line) => figure(line.encodeNs)],
    ["decode ns", (line) => figure(line.decodeNs)],
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

function phrase(goal) {
  const { atLeast, atMost, aim } = goal;
  const bound = atLeast === undefined ? `≤ ${size(goal, atMost)}` : `≥ ${size(goal, atLeast)}`;
  return aim === undefined ? bound : `${bound} (aim: ${aim})`;
}

function size(goal, bound) {
  const known = FIGURES[goal.figure];
  if (known) return `${(bound / known.scale).toLocaleString("en")} ${known.unit}`;
  return `${bound} × ${rivalsOf(goal)
    .map((rival) => RIVALS[rival])
    .join(" and ")}`;
}
