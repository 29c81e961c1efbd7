// Dates, times, durations and decimals out of what the wire has for them (spec §3.2). What the value classes refuse is a malformed
// value here.
import { JellyError } from "../../errors.ts";
import { Decimal } from "../../values/decimal.ts";
import { Duration } from "../../values/duration.ts";
import { PlainDate } from "../../values/plain-date.ts";
import { PlainDateTime } from "../../values/plain-date-time.ts";
import { PlainTime } from "../../values/plain-time.ts";
import { formNames, forms } from "./forms.ts";

/** Decimal ASCII numbers, separated by white space, given to the constructor by position. */
export function calendarValue(form: number, text: string, asDate: boolean): unknown {
  const fields = text.length > 200 ? [] : text.split(/\s+/).filter((part) => part !== "");
  const n = fields.map((field) => {
    if (!/^[+-]?\d+$/.test(field)) throw new JellyError("a date with a field that is no number");
    return Number(field);
  });
  const [most, least] = form === forms.datetime ? [7, 3] : form === forms.time ? [4, 0] : [3, 3];
  if (n.length > most || n.length < least) throw new JellyError(`${formNames[form]} with ${n.length} fields`);
  const at = (i: number) => n[i] ?? 0;
  return checked(() => {
    if (form === forms.date) return new PlainDate(at(0), at(1), at(2));
    if (form === forms.timedelta) return new Duration(at(0), at(1), at(2));
    if (form === forms.time) return new PlainTime(at(0), at(1), at(2), ...split(at(3)));
    const value = new PlainDateTime(at(0), at(1), at(2), at(3), at(4), at(5), ...split(at(6)));
    return asDate ? value.toDate() : value;
  });
}

export function decimalValue(coefficient: number | bigint, exponent: number | bigint): Decimal {
  if (typeof exponent !== "number") throw new JellyError("the exponent of a decimal is out of range");
  return checked(() => new Decimal(BigInt(coefficient), exponent));
}

/** What the value classes refuse with RangeError is a malformed value here. */
export function checked<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw new JellyError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function split(microseconds: number): [number, number] {
  return [Math.floor(microseconds / 1000), microseconds % 1000];
}
