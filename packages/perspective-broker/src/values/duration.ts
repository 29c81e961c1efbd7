// A length of time: Python's timedelta. Like it, always kept as days, seconds of the day and microseconds of the
// second, of which only the days can be negative: minus one second is -1 day and 86399 seconds. No arithmetic.

import { printedAs } from "./printed-as.ts";
import { requireInteger } from "./require-integer.ts";
import { formatSubsecond, parseSubsecond } from "./subsecond.ts";

/** The parts of a duration: integers of either sign, in any mixture and size; what is missing is 0. */
export type DurationFields = { readonly [Unit in DurationUnit]?: number | undefined };

export type DurationUnit = "weeks" | "days" | "hours" | "minutes" | "seconds" | "milliseconds" | "microseconds";

/** A duration: `Duration.from({ hours: 1, minutes: 30 })`. */
export class Duration {
  declare readonly "~pb": "value";
  /** Whole days, -999999999 to 999999999, rounded down. */
  readonly days: number;
  /** 0 to 86399. */
  readonly seconds: number;
  /** 0 to 999999. */
  readonly microseconds: number;

  /** Takes integers of any size and sign, as `timedelta(days, seconds, microseconds)` does, and carries them over. */
  constructor(days = 0, seconds = 0, microseconds = 0) {
    if (!isNormal(days, seconds, microseconds)) {
      const total = BigInt(integer("days", days)) * MICROSECONDS.days + inMicroseconds({ seconds, microseconds });
      [days, seconds, microseconds] = normalise(total);
    }
    this.days = requireInteger("days of a duration", days, -MAX_DAYS, MAX_DAYS);
    this.seconds = seconds + 0;
    this.microseconds = microseconds + 0;
  }

  /** From ISO 8601 text ("P1DT2H", "-PT0.5S"), or from fields. There are no years and months. */
  static from(source: string | DurationFields): Duration {
    return new Duration(...normalise(typeof source === "string" ? parse(source) : inMicroseconds(source)));
  }

  /** -1, 0 or 1, for sorting: the shorter first, negative ones before. */
  static compare(a: Duration, b: Duration): -1 | 0 | 1 {
    return Math.sign(a.days - b.days || a.seconds - b.seconds || a.microseconds - b.microseconds) as -1 | 0 | 1;
  }

  /** The whole duration in one unit, fractions included: half a second is 500 milliseconds, or 0.5 seconds. */
  total(unit: DurationUnit): number {
    const whole = inMicroseconds(this);
    const size = MICROSECONDS[unit];
    if (size === undefined) throw new RangeError(`not a unit of a duration: ${String(unit)}`);
    // One division of exact numbers is rounded once; only beyond 285 years it must be done in two parts.
    if (Number.isSafeInteger(Number(whole))) return Number(whole) / Number(size);
    return Number(whole / size) + Number(whole % size) / Number(size);
  }

  equals(other: Duration): boolean {
    return Duration.compare(this, other) === 0;
  }

  /** As ISO 8601 in days, hours, minutes and seconds, one sign in front: "P1DT2H", "-PT1S", "PT0S". */
  toString(): string {
    const whole = inMicroseconds(this);
    const [days, secondOfDay, microseconds] = normalise(whole < 0n ? -whole : whole);
    const [hours, minutes] = [Math.floor(secondOfDay / 3600), Math.floor(secondOfDay / 60) % 60];
    const seconds = `${secondOfDay % 60}${formatSubsecond(microseconds)}`;
    const date = days ? `${days}D` : "";
    const time = `${hours ? `${hours}H` : ""}${minutes ? `${minutes}M` : ""}${seconds === "0" ? "" : `${seconds}S`}`;
    if (date === "" && time === "") return "PT0S";
    return `${whole < 0n ? "-" : ""}P${date}${time && `T${time}`}`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** Always throws TypeError, as Temporal's does: `<` on durations would compare their text. */
  valueOf(): never {
    throw new TypeError("use Duration.compare() or equals() to compare durations, total() to get a number");
  }

  static {
    printedAs(Duration, (duration) => `Duration <${duration}>`);
  }
}

const MAX_DAYS = 999_999_999;

const MICROSECONDS: { readonly [Unit in DurationUnit]: bigint } = {
  weeks: 604_800_000_000n,
  days: 86_400_000_000n,
  hours: 3_600_000_000n,
  minutes: 60_000_000n,
  seconds: 1_000_000n,
  milliseconds: 1_000n,
  microseconds: 1n,
};

const UNITS = Object.keys(MICROSECONDS) as DurationUnit[];

// What arrives on the wire is normal already and needs no big integers.
function isNormal(days: number, seconds: number, microseconds: number): boolean {
  return (
    Number.isInteger(days) &&
    Number.isInteger(seconds) &&
    Number.isInteger(microseconds) &&
    seconds >= 0 &&
    seconds < 86_400 &&
    microseconds >= 0 &&
    microseconds < 1_000_000
  );
}

function normalise(total: bigint): [days: number, seconds: number, microseconds: number] {
  const rest = ((total % MICROSECONDS.days) + MICROSECONDS.days) % MICROSECONDS.days;
  const days = (total - rest) / MICROSECONDS.days;
  return [Number(days), Number(rest / MICROSECONDS.seconds), Number(rest % MICROSECONDS.seconds)];
}

function inMicroseconds(fields: DurationFields): bigint {
  let total = 0n;
  let known = 0;
  for (const unit of UNITS) {
    const value = fields[unit];
    if (value === undefined) continue;
    total += BigInt(integer(unit, value)) * MICROSECONDS[unit];
    known++;
  }
  // A misspelt unit must not become a duration of nothing.
  if (known === 0) throw new TypeError(`a duration is given by at least one of ${UNITS.join(", ")}`);
  return total;
}

function integer(unit: string, value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new RangeError(`${unit} of a duration must be a safe integer, not ${String(value)}`);
}

const ISO = /^([+-])?P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d{1,6}))?S)?)?$/i;

function parse(text: string): bigint {
  const match = ISO.exec(text);
  if (!match) throw new RangeError(`not a duration like P1DT2H30M or -PT0.5S: ${JSON.stringify(text)}`);
  const [weeks, days, hours, minutes, seconds] = match.slice(2, 7).map((digits) => Number(digits ?? 0));
  const microseconds = parseSubsecond(match[7]);
  const total = inMicroseconds({ weeks, days, hours, minutes, seconds, microseconds });
  return match[1] === "-" ? -total : total;
}
