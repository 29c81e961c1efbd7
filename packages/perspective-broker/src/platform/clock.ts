// Time, injected everywhere so that tests run it as they like. No other file reads a clock or sets a timer.

/** Monotonic milliseconds and one-shot timers. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /** Calls `fn` once after `milliseconds`; the returned function stops it. A timer does not keep the program alive. */
  after(milliseconds: number, fn: () => void): () => void;
}

/** Seconds since 1970, for what is told to others; it may be set back. */
export function wallClock(): number {
  return Date.now() / 1000;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, fn) {
    const timer = setTimeout(fn, Math.min(milliseconds, 2 ** 31 - 1));
    // Node's timers are objects that keep the program alive unless told not to; elsewhere they are numbers.
    (timer as { unref?: () => void }).unref?.();
    return () => clearTimeout(timer);
  },
};
