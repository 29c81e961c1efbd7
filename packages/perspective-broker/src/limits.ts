// Every bound of a connection in one table, with its default. What is reached is named in the error: LimitExceeded.limit.

/** Bounds of one connection; pass some of them as `limits` to `connect` or `listen`. */
export interface Limits {
  /** Bytes of one byte string or text, both directions (spec §2.8: SIZE_LIMIT). */
  string: number;
  /** Elements of one list, both directions (spec §2.8: SIZE_LIMIT). */
  list: number;
  /** Elements of one whole message received, lists and what is in them: each costs memory, however few bytes it has. */
  elements: number;
  /** Base-128 digits of an integer, both directions (spec §2.8: the prefix limit). */
  prefix: number;
  /** Bytes of one whole message, both directions. */
  message: number;
  /** How deep values may be nested, both directions; real peers on CPython give up at about 320 lists (spec §2.6). */
  depth: number;
  /** Own objects that the peer may hold references to, names included (spec §5.6: MAX_BROKER_REFS). */
  references: number;
  /** References to the peer's objects that may be alive here; as many copies of its Cacheables, too. */
  imports: number;
  /** Calls of this side that are not answered yet; the next ones fail. */
  awaited: number;
  /** Calls of the peer that run at the same time; the next ones wait. */
  calls: number;
  /** Results that are kept for the peer, which calls through them (pb7); the next ones are refused. */
  results: number;
  /** Streams that are open at the same time, in each direction (pb7). */
  streams: number;
  /** Calls above each other in one chain, from process to process; deeper ones are refused (pb7). */
  chain: number;
  /** Bytes of one byte string or text that comes in pieces, and of all that are on their way at the same time (pb7). */
  bytes: number;
  /** Bytes of the peer's calls that wait; the next ones are answered with an error. */
  queuedBytes: number;
  /** Bytes written and not yet taken by the platform: above it calls fail, above twice that the connection is closed. */
  outputBytes: number;
  /** Messages handled in one turn of the event loop before others get theirs. */
  turnCalls: number;
  /** Milliseconds in one turn of the event loop before others get theirs. */
  turnMilliseconds: number;
}

export const defaultLimits: Readonly<Limits> = {
  string: 640 * 1024,
  list: 640 * 1024,
  elements: 1_000_000,
  prefix: 64,
  message: 16 * 1024 * 1024,
  depth: 512,
  references: 1024,
  imports: 65_536,
  awaited: 65_536,
  calls: 1000,
  results: 16_384,
  streams: 65_536,
  chain: 1000,
  bytes: 256 * 1024 * 1024,
  queuedBytes: 1024 * 1024,
  outputBytes: 64 * 1024 * 1024,
  turnCalls: 256,
  turnMilliseconds: 4,
};

/** Below these the protocol itself, its own errors included, would not get through. */
const smallest: Partial<Limits> = { string: 256, list: 16, prefix: 10, message: 512, elements: 100 };

/** The defaults with some replaced; a bound that is no positive number is a RangeError, an unknown one a TypeError. */
export function limitsFrom(given: Partial<Limits> | undefined): Limits {
  const limits = { ...defaultLimits };
  for (const [name, value] of Object.entries(given ?? {})) {
    if (!Object.hasOwn(defaultLimits, name)) throw new TypeError(`limits.${name}: there is no such limit`);
    if (value === undefined) continue;
    if (typeof value !== "number" || !(value > 0)) throw new RangeError(`limits.${name}: must be a number above 0`);
    const least = smallest[name as keyof Limits] ?? 0;
    if (value < least) throw new RangeError(`limits.${name}: must be at least ${least}`);
    limits[name as keyof Limits] = value;
  }
  return limits;
}
