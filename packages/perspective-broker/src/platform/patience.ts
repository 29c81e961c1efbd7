// How long somebody waits: until a signal fires or a time is over. No listener and no timer of its own for each who waits.
import { type Abortable, Aborts } from "./aborts.ts";
import type { Clock } from "./clock.ts";
import { Deadlines, type Expiring } from "./deadlines.ts";

export interface Patience {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. */
  readonly timeout?: number | undefined;
}

/** Tells `entry` what happens, which has not happened yet; the returned function ends the waiting. */
export function waitWith({ signal, timeout }: Patience, entry: Abortable & Expiring, clock: Clock): () => void {
  const deadlines = Deadlines.of(clock);
  const slot = timeout === undefined ? undefined : deadlines.add(entry, timeout);
  const aborts = signal && Aborts.of(signal);
  aborts?.add(entry);
  return () => {
    aborts?.remove(entry);
    if (slot !== undefined) deadlines.remove(entry, slot);
  };
}
