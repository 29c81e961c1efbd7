// The figures that the library is held to, as ratios within one run; stated here and nowhere else.

/** What the library is compared with, and what the tables call it. */
export const RIVALS = {
  rawtcp: "floor",
  "rawtcp:batch": "batched floor",
  pb: "Twisted",
  capnweb: "capnweb",
};

/** `atLeast`: our figure divided by the rival's, median over the rounds. */
export const GOALS = [
  { peer: "perspective-broker:pb", workload: "W1", rival: "rawtcp", atLeast: 0.9 },
  { peer: "perspective-broker:pb", workload: "W2", rival: "pb", atLeast: 15 },
  { peer: "perspective-broker:pb", workload: "W3", rival: "pb", atLeast: 40 },
  { peer: "perspective-broker:pb", workload: "W3", rival: "capnweb", atLeast: 1 },
  { peer: "perspective-broker:pb", workload: "W4b", rival: "rawtcp", atLeast: 0.6 },
];
