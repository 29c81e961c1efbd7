import type { Clock } from "./clock.ts";
/** What can be told that its time is over. */
export interface Expiring {
    expired(): void;
}
/** All deadlines that follow one clock. */
export declare class Deadlines {
    #private;
    private constructor();
    static of(clock: Clock): Deadlines;
    /** Tells `entry` after `milliseconds`; returns the slot, which `remove` wants back. */
    add(entry: Expiring, milliseconds: number): number;
    remove(entry: Expiring, slot: number): void;
}
