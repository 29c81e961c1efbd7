// The flags of calls and failures (docs/pb7.md, Calls), beside those of every message with values.
import type { Destinee } from "../message.ts";

export const KEYWORDS = 0x08;
export const ENVELOPE = 0x10;
export const TARGET = 0x60;

/** What the bits of TARGET say, in their order. */
export const targets: readonly (Destinee | "name")[] = ["object", "name", "cache", "result"];

/** Of a failure. */
export const NOT_RUN = 0x01;
export const DEPENDENCY = 0x02;
