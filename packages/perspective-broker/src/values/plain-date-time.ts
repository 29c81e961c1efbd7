// A date and time of day without a time zone: Python's naive datetime under Temporal's field names. By
// convention it is UTC, which is how a Date becomes one and back. Its form on the wire is jelly's business.

import { compareDates, daysInMonth, formatDate, PlainDate, type PlainDateFields } from "./plain-date.ts";
import { compareTimes, formatTime, PlainTime, type PlainTimeFields } from "./plain-time.ts";
import { printedAs } from "./printed-as.ts";
import { requireInteger } from "./require-integer.ts";

/** The fields of a date and time; a time field that is missing is 0. */
export interface PlainDateTimeFields extends PlainDateFields, PlainTimeFields {}

/** A date and time: `new PlainDateTime(2020, 7, 11, 1, 16, 5)`. */
export class PlainDateTime {
  declare readonly "~pb": "value";
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
  readonly microsecond: number;

  /** Throws RangeError for what does not exist, or outside the years 1 to 9999. */
  // biome-ignore format: one line per half
  constructor(
    year: number, month: number, day: number,
    hour = 0, minute = 0, second = 0, millisecond = 0, microsecond = 0,
  ) {
    this.year = requireInteger("year", year, 1, 9999);
    this.month = requireInteger("month", month, 1, 12);
    this.day = requireInteger("day", day, 1, daysInMonth(year, month));
    this.hour = requireInteger("hour", hour, 0, 23);
    this.minute = requireInteger("minute", minute, 0, 59);
    this.second = requireInteger("second", second, 0, 59);
    this.millisecond = requireInteger("millisecond", millisecond, 0, 999);
    this.microsecond = requireInteger("microsecond", microsecond, 0, 999);
  }

  /** From "2020-07-11T01:16:05.000344" (the time may be missing), or from fields. Zones and offsets are refused. */
  static from(source: string | PlainDateTimeFields): PlainDateTime {
    if (typeof source !== "string") return join(source, source);
    const match = /^(\d{4}-\d\d-\d\d)(?:[T ]([\d:.]+))?$/.exec(source);
    if (!match) throw new RangeError(`not a date and time like 2020-07-11T01:16:05: ${JSON.stringify(source)}`);
    return join(PlainDate.from(match[1] as string), match[2] === undefined ? {} : PlainTime.from(match[2]));
  }

  /** The date and time that a Date shows in UTC. */
  static fromDate(date: Date): PlainDateTime {
    if (Number.isNaN(date.getTime())) throw new RangeError("an invalid Date has no date and time");
    return new PlainDateTime(
      date.getUTCFullYear(),
      date.getUTCMonth() + 1,
      date.getUTCDate(),
      date.getUTCHours(),
      date.getUTCMinutes(),
      date.getUTCSeconds(),
      date.getUTCMilliseconds(),
    );
  }

  /** -1, 0 or 1, for sorting: the earlier first. */
  static compare(a: PlainDateTimeFields, b: PlainDateTimeFields): -1 | 0 | 1 {
    return compareDates(a, b) || compareTimes(a, b);
  }

  /** Milliseconds and microseconds together, 0 to 999999: what Python calls `microsecond`. */
  get subsecondMicroseconds(): number {
    return this.millisecond * 1000 + this.microsecond;
  }

  /** The Date that shows this in UTC. A Date has milliseconds only: the microseconds are dropped. */
  toDate(): Date {
    const date = new Date(0);
    // Not Date.UTC: it takes the years 0 to 99 for 1900 to 1999.
    date.setUTCFullYear(this.year, this.month - 1, this.day);
    date.setUTCHours(this.hour, this.minute, this.second, this.millisecond);
    return date;
  }

  toPlainDate(): PlainDate {
    return PlainDate.from(this);
  }

  toPlainTime(): PlainTime {
    return PlainTime.from(this);
  }

  equals(other: PlainDateTimeFields): boolean {
    return PlainDateTime.compare(this, other) === 0;
  }

  /** As ISO 8601, with seconds and as many digits after them as needed: "2020-07-11T01:16:05.000344". */
  toString(): string {
    return `${formatDate(this)}T${formatTime(this)}`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** Always throws TypeError, as Temporal's do: `<` on them would compare their text. */
  valueOf(): never {
    throw new TypeError("use PlainDateTime.compare() or equals() to compare dates and times");
  }

  static {
    printedAs(PlainDateTime, (moment) => `PlainDateTime <${moment}>`);
  }
}

function join(date: PlainDateFields, time: PlainTimeFields): PlainDateTime {
  const { year, month, day } = date;
  const { hour, minute, second, millisecond, microsecond } = time;
  return new PlainDateTime(year, month, day, hour, minute, second, millisecond, microsecond);
}
