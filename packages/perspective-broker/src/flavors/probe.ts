// The search for calls that wait for each other (Chandy, Misra and Haas, 1983: edge chasing). Somebody waits for a lock: whoever
// holds it waits for the calls that it has made; some of these wait for locks, too; if one of them waits for the lock where the
// search began, none of them can ever go on. The search goes from process to process along the calls, as a Probe.
//
// It begins at a lock, not at a call that waits: all that wait for one lock have the same question.
import { DeadlockError } from "../errors.ts";
import type { Activation } from "./activation.ts";
import { type Chain, chainName, compareChains } from "./chain.ts";

/** A search on its way. */
export interface Probe {
  /**
   * Names the search: the process where it began and a random number. Only who serves a call that the holder of the lock waits
   * for, at first or second hand, is told the number, so nobody else can pretend to be waited for.
   */
  readonly search: Chain;
  /** The calls that wait, from the lock on: the chain of each and the object that it waits for. */
  readonly path: readonly Step[];
}

export interface Step {
  readonly chain: Chain;
  readonly object: string;
}

/** What a search may cost: calls looked at, and calls elsewhere that are asked about. */
export interface Budget {
  left: number;
}

/** The longest path; a cycle of more calls is not found. docs/pb7.md has the same number. */
export const LONGEST_PATH = 64;

const COST_OF_PASSING = 10;

/** Looks whether something that `from` waits for leads back to where the search began. */
export function search(from: readonly Activation[], probe: Probe, budget: Budget): void {
  const seen = new Set<Activation>();
  const next = from.map((activation) => ({ activation, path: probe.path }));
  for (let one = next.pop(); one !== undefined && budget.left > 0; one = next.pop()) {
    const { activation, path } = one;
    if (seen.has(activation)) continue;
    seen.add(activation);
    budget.left--;
    const lock = activation.waitsFor;
    if (lock === undefined) {
      for (const branch of activation.branches ?? []) {
        if (branch.activation !== undefined) next.push({ activation: branch.activation, path });
        else if (budget.left > 0) {
          budget.left -= COST_OF_PASSING;
          branch.pass({ search: probe.search, path });
        }
      }
      continue;
    }
    const further = [...path, { chain: activation.chain, object: lock.name }];
    if (lock.isSearched(probe.search, activation)) {
      // Each lock of the cycle has a search of its own, so each of its calls is found by one of them: one call has to go.
      if (isGreatest(further)) lock.refuse(activation, deadlockOf(further));
    } else if (further.length < LONGEST_PATH && !path.some(({ object }) => object === lock.name)) {
      budget.left -= lock.holders;
      for (const holder of lock.heldAgainst(activation)) next.push({ activation: holder, path: further });
    }
  }
}

/** Whether the last step has the greatest chain; between calls of one chain the name of the object decides. */
function isGreatest(cycle: readonly Step[]): boolean {
  const last = cycle.at(-1) as Step;
  return cycle.every((step) => {
    const order = compareChains(last.chain, step.chain);
    return step === last || order > 0 || (order === 0 && last.object > step.object);
  });
}

function deadlockOf(cycle: readonly Step[]): DeadlockError {
  return new DeadlockError(
    cycle.map(({ chain, object }, i) => {
      const held = (cycle.at(i - 1) as Step).object;
      return `${chainName(chain)} holds ${held} and waits for ${object}`;
    }),
  );
}
