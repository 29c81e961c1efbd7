// Whether a run meets the goals of lib/goals.mjs.
import { GOALS, rivalsOf } from "./goals.mjs";
import { median } from "./numbers.mjs";
import { ratio } from "./summary.mjs";

/**
 * The goals about which the run could say something: our peer and all rivals were started, whatever became of them.
 * `got` is NaN for what was started and not measured, and such a goal is not met.
 */
export function judge(cells) {
  const started = (workload, peer) => cells.some((cell) => cell.workload === workload && cell.peer === peer);
  return GOALS.filter((goal) => [goal.peer, ...rivalsOf(goal)].every((peer) => started(goal.workload, peer))).map(
    (goal) => {
      const got = goal.rival === undefined ? absolute(cells, goal) : hardest(cells, goal);
      return { ...goal, got, met: goal.atLeast === undefined ? got <= goal.atMost : got >= goal.atLeast };
    },
  );
}

function hardest(cells, goal) {
  const ratios = rivalsOf(goal).map((rival) => ratio(cells, goal.workload, goal.peer, rival));
  return goal.atLeast === undefined ? Math.max(...ratios) : Math.min(...ratios);
}

function absolute(cells, { workload, peer, figure }) {
  const good = cells.filter((cell) => cell.workload === workload && cell.peer === peer && !cell.result.error);
  return median(good.map((cell) => cell.result[figure]).filter((x) => typeof x === "number"));
}
