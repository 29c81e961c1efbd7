// A time of day without a date or time zone: Python's datetime.time under Temporal's field names, to the
// microsecond. Its form on the wire is jelly's business.

import { printedAs } from "./printed-as.ts";
import { requireInteger } from "./require-integer.ts";
import { formatSubsecond, parseSubsecond } from "./subsecond.ts";

/** The fields of a time of day; what is missing is 0. Microseconds count within the millisecond, 0 to 999. */
export interface PlainTimeFields {
  readonly hour?: number | undefined;
  readonly minute?: number | undefined;
  readonly second?: number | undefined;
  readonly millisecond?: number | undefined;
  readonly microsecond?: number | undefined;
}

/** A time of day: `new PlainTime(1, 16, 5)`. */
export class PlainTime {
  declare readonly "~pb": "value";
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  readonly microsecond: number;

  /** Throws RangeError for a time that does not exist; there are no leap seconds. */
  constructor(hour = 0, minute = 0, second = 0, millisecond = 0, microsecond = 0) {
    this.hour = requireInteger("hour", hour, 0, 23);
    this.minute = requireInteger("minute", minute, 0, 59);
    this.second = requireInteger("second", second, 0, 59);
    this.millisecond = requireInteger("millisecond", millisecond, 0, 999);
    this.microsecond = requireInteger("microsecond", microsecond, 0, 999);
  }

  /** From "01:16", "01:16:05" or "01:16:05.000344", or from fields. */
  static from(source: string | PlainTimeFields): PlainTime {
    if (typeof source !== "string") {
      return new PlainTime(source.hour, source.minute, source.second, source.millisecond, source.microsecond);
    }
    const match = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?$/.exec(source);
    if (!match) throw new RangeError(`not a time like 01:16:05.000344: ${JSON.stringify(source)}`);
    const subsecond = parseSubsecond(match[4]);
    const millisecond = Math.floor(subsecond / 1000);
    return new PlainTime(Number(match[1]), Number(match[2]), Number(match[3] ?? 0), millisecond, subsecond % 1000);
  }

  /** -1, 0 or 1, for sorting: the earlier first. */
  static compare(a: PlainTimeFields, b: PlainTimeFields): -1 | 0 | 1 {
    return compareTimes(a, b);
  }

  /** Milliseconds and microseconds together, 0 to 999999: what Python calls `microsecond`. */
  get subsecondMicroseconds(): number {
    return this.millisecond * 1000 + this.microsecond;
  }

  equals(other: PlainTimeFields): boolean {
    return compareTimes(this, other) === 0;
  }

  /** As ISO 8601, with seconds and as many digits after them as needed: "01:16:05.000344". */
  toString(): string {
    return formatTime(this);
  }

  toJSON(): string {
    return this.toString();
  }

  /** Always throws TypeError, as Temporal's do: `<` on times would compare their text. */
  valueOf(): never {
    throw new TypeError("use PlainTime.compare() or equals() to compare times");
  }

  static {
    printedAs(PlainTime, (time) => `PlainTime <${time}>`);
  }
}

export function compareTimes(a: PlainTimeFields, b: PlainTimeFields): -1 | 0 | 1 {
  return Math.sign(microsecondOfDay(a) - microsecondOfDay(b)) as -1 | 0 | 1;
}

export function formatTime(time: Required<PlainTimeFields> & { readonly subsecondMicroseconds: number }): string {
  const [hour, minute, second] = [time.hour, time.minute, time.second].map((field) => String(field).padStart(2, "0"));
  return `${hour}:${minute}:${second}${formatSubsecond(time.subsecondMicroseconds)}`;
}

function microsecondOfDay(time: PlainTimeFields): number {
  const { hour = 0, minute = 0, second = 0, millisecond = 0, microsecond = 0 } = time;
  return (((hour * 60 + minute) * 60 + second) * 1000 + millisecond) * 1000 + microsecond;
}
