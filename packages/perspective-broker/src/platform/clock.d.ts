/** Monotonic milliseconds and one-shot timers. */
export interface Clock {
    /** Milliseconds since some moment; never goes back. */
    now(): number;
    /** Calls `fn` once after `milliseconds`; the returned function stops it. A timer does not keep the program alive. */
    after(milliseconds: number, fn: () => void): () => void;
}
export declare const systemClock: Clock;
