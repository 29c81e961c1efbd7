// From cells to figures: medians over the rounds, and ratios between peers within one round.
import { splitWorkload } from "./cell.mjs";
import { median } from "./numbers.mjs";

/** The peer that every table divides by. */
export const FLOOR = "rawtcp";

/** What each workload is about, by its parameter where it has one, and how it is measured; `less` of it is better. */
export const WORKLOADS = {
  W1: { title: () => "Sequential echo of a short string, one call in flight", metric: "rate", unit: "calls/s" },
  W1pinned: { title: () => "Sequential echo, both processes on one core", metric: "rate", unit: "calls/s" },
  W2: { title: (n = 128) => `Pipelined echo, ${n} calls in flight`, metric: "rate", unit: "calls/s" },
  W3: { title: () => "Echo of 1 KB of structure with 20 records, 32 in flight", metric: "rate", unit: "calls/s" },
  W4a: { title: () => "Echo of 1 MiB of bytes, 4 in flight", metric: "mbps", unit: "MB/s" },
  W4b: { title: () => "Echo of 64 KiB of bytes, 16 in flight", metric: "mbps", unit: "MB/s" },
  W5: { title: () => "A new reference, a call on it, its release, 32 in flight", metric: "rate", unit: "cycles/s" },
  W5p: { title: () => "The same, pipelined where the peer can", metric: "rate", unit: "cycles/s" },
  W5leak: { title: () => "Many such cycles: memory of the server before and after", metric: "rate", unit: "cycles/s" },
  W6: { title: (n = 1000) => `100 busy connections beside ${n} idle ones`, metric: "rate", unit: "calls/s" },
  W6mem: {
    title: (n = 5000) => `Server memory of an idle connection, ${n} open`,
    metric: "perConnBytes",
    unit: "bytes",
    less: true,
  },
  W7: {
    title: () => "The server calls a client's object once per call, 32 in flight",
    metric: "rate",
    unit: "calls/s",
  },
  W8: {
    title: (n = 1000) => `One event to ${n} subscribers on ${n} connections`,
    metric: "rate",
    unit: "deliveries/s",
  },
  W9: {
    title: () => "Start-up: from import to the first answered call",
    metric: "importAndCallMs",
    unit: "ms",
    less: true,
  },
  codec: {
    title: () =>
      "Encode and decode of the W3 value in one process; json to and from bytes, msgpackr with shared structures",
    metric: "rate",
    unit: "times/s",
  },
};

export function workloadInfo(workload) {
  const { base, parameter } = splitWorkload(workload);
  const info = WORKLOADS[base];
  return info && { ...info, title: info.title(parameter) };
}

/** One line for each workload and peer, in the order in which they ran. */
export function summarize(cells) {
  const groups = groupBy(cells, key);
  return [...groups.values()].map((group) => {
    const { workload, peer } = group[0];
    const good = group.filter((cell) => !cell.result.error);
    const values = good.map(valueIn);
    return {
      workload,
      peer,
      rounds: good.length,
      median: median(values),
      min: Math.min(...values),
      max: Math.max(...values),
      vsFloor: ratio(cells, workload, peer, FLOOR),
      error: group.find((cell) => cell.result.error)?.result.error,
      failed: group.length - good.length,
      ...medians(good),
    };
  });
}

/** Median over the rounds of (peer / other in the same round); NaN when no round has both. */
export function ratio(cells, workload, peer, other) {
  const ratios = [];
  const find = (name, round) =>
    cells.find((c) => c.peer === name && c.workload === workload && c.round === round && !c.result.error);
  for (const round of new Set(cells.map((cell) => cell.round))) {
    const ours = find(peer, round);
    const theirs = find(other, round);
    if (ours && theirs) ratios.push(valueIn(ours) / valueIn(theirs));
  }
  return median(ratios);
}

function valueIn(cell) {
  return cell.result[workloadInfo(cell.workload).metric];
}

const EXTRA = [
  "p50us",
  "p99us",
  "clientCpuPer100k",
  "serverCpuPer100k",
  "perConnBytes",
  "rssBefore",
  "rssAfter",
  "heapBefore",
  "heapAfter",
  "liveAfter",
  "messageBytes",
  "encodeNs",
  "decodeNs",
];

function medians(cells) {
  const out = {};
  for (const name of EXTRA) {
    const values = cells.map((cell) => cell.result[name]).filter((x) => typeof x === "number");
    if (values.length > 0) out[name] = median(values);
  }
  return out;
}

function key(cell) {
  return `${cell.workload} ${cell.peer}`;
}

function groupBy(items, of) {
  const groups = new Map();
  for (const item of items) {
    const name = of(item);
    if (groups.has(name)) groups.get(name).push(item);
    else groups.set(name, [item]);
  }
  return groups;
}
