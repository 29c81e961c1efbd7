// node pieces/pinned.mjs [PEER …]: W1 and W2 with both processes on the same core, split over two, or free (taskset).
// On two cores a sequential call is mostly the kernel waking the other process; on one core the libraries show.
import { runCell } from "../lib/cell.mjs";
import { coresToPin } from "../lib/cores.mjs";
import { figure, gist, median } from "../lib/numbers.mjs";
import { FLOOR, ratio, summarize } from "../lib/summary.mjs";
import { asText } from "../lib/tables.mjs";

const ROUNDS = 5;
const [first, second] = coresToPin();
if (first === undefined) {
  console.error("processes cannot be pinned here: this needs Linux and taskset");
  process.exit(1);
}
const PLACEMENTS = {
  free: {},
  same: { server: first, client: first },
  ...(second === undefined ? {} : { split: { server: second, client: first } }),
};
const asked = process.argv.slice(2);
const peers = [FLOOR, ...(asked.length > 0 ? asked : ["perspective-broker:pb", "perspective-broker:pb7", "proto"])];

for (const [placement, cores] of Object.entries(PLACEMENTS)) {
  const cells = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const workload of ["W1", "W2"]) {
      for (const peer of peers) {
        const result = await runCell(peer, workload, { cores, runMs: 700, warmMs: 500, leakMs: 0 });
        if (result.error) console.error(`${workload} ${peer}: ${gist(result.error)}`);
        cells.push({ round, workload, peer, result });
      }
    }
  }
  const rows = summarize(cells).map(({ workload, peer, ...line }) => [
    workload,
    peer,
    line.rounds === 0 ? "failed" : figure(line.median),
    figure(ratio(cells, workload, peer, FLOOR)),
    figure(line.p50us),
    figure(cpuPerCall(cells, workload, peer)),
  ]);
  const headings = ["workload", "peer", "calls/s", "÷ floor", "p50 µs", "CPU µs a call, both"];
  console.log(`\n${placement}\n${asText({ headings, rows, left: new Set([0, 1]) })}`);
}

function cpuPerCall(cells, workload, peer) {
  const good = cells.filter((cell) => cell.workload === workload && cell.peer === peer && !cell.result.error);
  return median(good.map(({ result }) => (result.clientCpuPer100k + result.serverCpuPer100k) * 10));
}
