// Garbage collection on demand: what is not held any more is gone, and finalizers have run, after a few rounds of it.
import { expect } from "vitest";
import { collectNow } from "./collect-now.ts";
import { turnOver } from "./ends.ts";

export { collectNow };

/** Collects until something holds; fails after some rounds. */
export async function collectUntil(holds: () => boolean, what: string): Promise<void> {
  for (let round = 0; round < 50; round++) {
    if (holds()) return;
    await collect();
  }
  expect.fail(`${what} did not come about, although everything was collected`);
}

/** Collects, and lets finalizers run. */
export async function collect(): Promise<void> {
  await turnOver();
  collectNow();
  for (let turn = 0; turn < 4; turn++) await turnOver();
}
