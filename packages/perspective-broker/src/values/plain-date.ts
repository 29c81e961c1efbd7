// A calendar date without a time zone: Python's datetime.date under Temporal's field names. Years 1 to 9999,
// as in Python. Its form on the wire is jelly's business.

import { printedAs } from "./printed-as.ts";
import { requireInteger } from "./require-integer.ts";

/** The fields of a date. Months count from 1. */
export interface PlainDateFields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** A date: `new PlainDate(2020, 7, 11)`. */
export class PlainDate {
  declare readonly "~pb": "value";
  readonly year: number;
  readonly month: number;
  readonly day: number;

  /** Throws RangeError for a date that does not exist, or outside the years 1 to 9999. */
  constructor(year: number, month: number, day: number) {
    this.year = requireInteger("year", year, 1, 9999);
    this.month = requireInteger("month", month, 1, 12);
    this.day = requireInteger("day", day, 1, daysInMonth(year, month));
  }

  /** From "2020-07-11", or from fields. Unlike Temporal it never moves a date that does not exist to one that does. */
  static from(source: string | PlainDateFields): PlainDate {
    if (typeof source !== "string") return new PlainDate(source.year, source.month, source.day);
    const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(source);
    if (!match) throw new RangeError(`not a date like 2020-07-11: ${JSON.stringify(source)}`);
    return new PlainDate(Number(match[1]), Number(match[2]), Number(match[3]));
  }

  /** -1, 0 or 1, for sorting: the earlier first. */
  static compare(a: PlainDateFields, b: PlainDateFields): -1 | 0 | 1 {
    return compareDates(a, b);
  }

  equals(other: PlainDateFields): boolean {
    return compareDates(this, other) === 0;
  }

  /** As ISO 8601: "2020-07-11". */
  toString(): string {
    return formatDate(this);
  }

  toJSON(): string {
    return this.toString();
  }

  /** Always throws TypeError, as Temporal's do: `<` on dates would compare their text. */
  valueOf(): never {
    throw new TypeError("use PlainDate.compare() or equals() to compare dates");
  }

  static {
    printedAs(PlainDate, (date) => `PlainDate <${date}>`);
  }
}

/** The number of days of a month of the Gregorian calendar. */
export function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

export function compareDates(a: PlainDateFields, b: PlainDateFields): -1 | 0 | 1 {
  return Math.sign(a.year - b.year || a.month - b.month || a.day - b.day) as -1 | 0 | 1;
}

export function formatDate({ year, month, day }: PlainDateFields): string {
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
