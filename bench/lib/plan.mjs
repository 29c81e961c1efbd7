// What the default run measures: for each workload the peers that its goals name, and a few that its table should show.
import { GOALS, rivalsOf } from "./goals.mjs";
import { FLOOR } from "./summary.mjs";

export const BEFORE = "perspective-broker:pb-before";

/** The order of the tables. */
const ORDER = [
  "rawtcp",
  "rawtcp:batch",
  "proto",
  "proto:eager",
  BEFORE,
  "perspective-broker:pb",
  "perspective-broker:pb-sync",
  "perspective-broker:pb7",
  "perspective-broker:pb7-sync",
  "capnweb",
  "grpc",
  "grpc:bidi",
  "socketio",
  "pb",
];

/** The usual company, for workloads of which no goal says who is in it. */
const COMPANY = ["rawtcp", "rawtcp:batch", "perspective-broker:pb", "perspective-broker:pb7", "capnweb", "pb"];

/** Beside what the goals need. `-sync` runs where the call context shows most, and nowhere else. */
const ALSO = {
  W1: COMPANY,
  W2: [...COMPANY, "perspective-broker:pb-sync", "perspective-broker:pb7-sync", "grpc:bidi"],
  W3: COMPANY,
  W4b: COMPANY,
  W5: COMPANY,
  W5p: ["perspective-broker:pb"],
  "W6mem@5000": [FLOOR],
  W7: COMPANY,
};

/** One round tells all that more would: a count of what is left, and a piece that has rounds of its own. */
const ROUNDS = { W5leak: 1, codec: 1 };

/** `[{ workload, peers, rounds }]`; with `before`, the library as it was runs wherever a goal compares with it. */
export function defaultPlan({ before }) {
  return [...new Set(GOALS.map((goal) => goal.workload))].map((workload) => ({
    workload,
    peers: usualPeers(workload, { before }),
    rounds: ROUNDS[workload] ?? Number.POSITIVE_INFINITY,
  }));
}

/** Who runs a workload if nobody says who. */
export function usualPeers(workload, { before }) {
  const goals = GOALS.filter((goal) => goal.workload === workload);
  const named = goals.flatMap((goal) => [goal.peer, ...rivalsOf(goal)]);
  const peers = goals.length === 0 ? COMPANY : [FLOOR, ...named, ...(ALSO[workload] ?? [])];
  return ORDER.filter((peer) => peers.includes(peer) && (before || peer !== BEFORE));
}
