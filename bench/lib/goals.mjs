// The figures that the library is held to, within one run; stated here and nowhere else. lib/judged.mjs judges them.

/** What the library is compared with, and what the tables call it. */
export const RIVALS = {
  rawtcp: "floor",
  "rawtcp:batch": "batched floor",
  proto: "prototype",
  "proto:eager": "eager prototype",
  "perspective-broker:pb-before": "before",
  capnweb: "capnweb",
  grpc: "grpc-js",
  "grpc:bidi": "grpc-js bidi",
  socketio: "socket.io",
  pb: "Twisted",
  json: "JSON",
  msgpackr: "msgpackr",
};

/** Figures of a cell that a goal may name; `scale` is what one `unit` is in the figure's own. */
export const FIGURES = {
  perConnBytes: { unit: "KiB a connection", scale: 1024 },
  grownBytes: { unit: "KiB of growth", scale: 1024 },
  liveAfter: { unit: "live objects", scale: 1 },
  n: { unit: "cycles", scale: 1 },
};

const pb = "perspective-broker:pb";
const pb7 = "perspective-broker:pb7";

/** "Not slower", with some room for noise. */
const AS_FAST = 0.95;

/**
 * `atLeast`, `atMost`: our figure divided by the rival's, median over the rounds; of several rivals the hardest counts.
 * Without a rival: the figure itself. `aim` is what we would like to see beyond the goal.
 */
export const GOALS = [
  { peer: pb7, workload: "W1", rival: "rawtcp", atLeast: 0.95 },
  { peer: pb7, workload: "W1pinned", rival: "rawtcp", atLeast: 0.85 },
  { peer: pb7, workload: "W2", rival: "rawtcp:batch", atLeast: 0.75 },
  { peer: pb7, workload: "W2", rival: "capnweb", atLeast: 12 },
  { peer: pb7, workload: "W2", rival: "grpc", atLeast: 50 },
  { peer: pb7, workload: "W2", rival: "pb", atLeast: 25 },
  { peer: pb7, workload: "W2@4", rival: ["proto", "proto:eager"], atLeast: 0.9 },
  { peer: pb7, workload: "W2@16", rival: ["proto", "proto:eager"], atLeast: 0.9 },
  { peer: pb7, workload: "W3", rival: "rawtcp:batch", atLeast: 1.1, aim: 1.5 },
  { peer: pb7, workload: "W3", rival: "capnweb", atLeast: 4.5 },
  { peer: pb7, workload: "W4a", rival: "rawtcp", atLeast: 0.9 },
  { peer: pb7, workload: "W4a", rival: "capnweb", atLeast: 10 },
  { peer: pb7, workload: "W4b", rival: "rawtcp", atLeast: 0.9 },
  { peer: pb7, workload: "W4b", rival: "capnweb", atLeast: 10 },
  { peer: pb7, workload: "W5", rival: "capnweb", atLeast: 8 },
  { peer: pb7, workload: "W5p", rival: "capnweb", atLeast: 6 },
  // Flat: one word kept per cycle would be 1.6 MB after 200,000 cycles; a heap at rest differs by some hundred KiB.
  { peer: pb7, workload: "W5leak", figure: "n", atLeast: 200_000 },
  { peer: pb7, workload: "W5leak", figure: "grownBytes", atMost: 1024 * 1024 },
  { peer: pb7, workload: "W5leak", figure: "liveAfter", atMost: 10 },
  { peer: pb7, workload: "W6@5000", rival: "rawtcp", atLeast: 0.85 },
  { peer: pb7, workload: "W6mem@5000", figure: "perConnBytes", atMost: 10 * 1024 },
  { peer: pb7, workload: "W7", rival: "capnweb", atLeast: 6 },
  { peer: pb7, workload: "W8", rival: "rawtcp", atLeast: 0.85 },
  { peer: pb7, workload: "W8", rival: "socketio", atLeast: 1.6 },
  { peer: pb7, workload: "W9", rival: "rawtcp", atMost: 1.6 },
  { peer: "pb7", workload: "codec", rival: "json", atLeast: 3 },
  { peer: "pb7", workload: "codec", rival: "msgpackr", atLeast: 1 },

  { peer: pb, workload: "W1", rival: "rawtcp", atLeast: 0.9 },
  { peer: pb, workload: "W2", rival: "pb", atLeast: 15 },
  { peer: pb, workload: "W3", rival: "pb", atLeast: 40 },
  { peer: pb, workload: "W3", rival: "capnweb", atLeast: 1 },
  { peer: pb, workload: "W4b", rival: "rawtcp", atLeast: 0.6 },
  // Only with --before PATH.
  ...["W1", "W2", "W3", "W4b", "W5", "W7"].map((workload) => ({
    ...{ peer: pb, workload, rival: "perspective-broker:pb-before", atLeast: AS_FAST },
  })),
];

export function rivalsOf({ rival }) {
  return rival === undefined ? [] : [rival].flat();
}
