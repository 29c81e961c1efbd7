import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Duration } from "../src/values/duration.ts";
import { PlainDate } from "../src/values/plain-date.ts";
import { PlainDateTime } from "../src/values/plain-date-time.ts";
import { PlainTime } from "../src/values/plain-time.ts";

const instants = fc.date({
  min: new Date("0001-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
  noInvalidDate: true,
});
const dateTimes = fc
  .tuple(instants, fc.integer({ min: 0, max: 999 }))
  .map(([date, microsecond]) => PlainDateTime.from({ ...PlainDateTime.fromDate(date), microsecond }));

describe("a PlainDate", () => {
  it("is made of fields or of text", () => {
    const date = new PlainDate(2020, 7, 11);
    expect(date).toMatchObject({ year: 2020, month: 7, day: 11 });
    expect(PlainDate.from("2020-07-11")).toEqual(date);
    expect(PlainDate.from({ year: 2020, month: 7, day: 11 })).toEqual(date);
    expect(`${date} ${JSON.stringify([date])} ${inspect(date)}`).toBe(
      '2020-07-11 ["2020-07-11"] PlainDate <2020-07-11>',
    );
    expect(`${new PlainDate(1, 2, 3)}`).toBe("0001-02-03");
  });

  it("refuses days that do not exist, and names the field", () => {
    expect(() => new PlainDate(2020, 13, 11)).toThrow(new RangeError("month must be an integer in 1..12, not 13"));
    expect(() => new PlainDate(2021, 2, 29)).toThrow(new RangeError("day must be an integer in 1..28, not 29"));
    expect(() => new PlainDate(1900, 2, 29)).toThrow(RangeError);
    expect(() => new PlainDate(2021, 4, 31)).toThrow(RangeError);
    expect(() => new PlainDate(0, 1, 1)).toThrow(new RangeError("year must be an integer in 1..9999, not 0"));
    expect(() => new PlainDate(10_000, 1, 1)).toThrow(RangeError);
    expect(() => new PlainDate(2020, 1.5, 1)).toThrow(RangeError);
    expect(() => PlainDate.from({ year: 2020 } as never)).toThrow(RangeError);
    expect(new PlainDate(2000, 2, 29).day).toBe(29);
    expect(new PlainDate(2024, 2, 29).day).toBe(29);
  });

  it("refuses text that is more or less than a date", () => {
    for (const text of ["", "2020-7-11", "20200711", "2020-07-11T00:00:00", "2020-07-11\n", "2020-02-30"]) {
      expect(() => PlainDate.from(text)).toThrow(RangeError);
    }
  });

  it("is compared by date, and refuses < and >", () => {
    const texts = ["0999-12-31", "2020-01-31", "2020-02-01", "2020-02-02"];
    const dates = [2, 0, 3, 1].map((i) => PlainDate.from(texts[i]!));
    expect(dates.sort(PlainDate.compare).map(String)).toEqual(texts);
    expect(dates[0]!.equals(PlainDate.from("0999-12-31"))).toBe(true);
    expect(dates[0]!.equals(dates[1]!)).toBe(false);
    expect(() => (dates[0] as any) < (dates[1] as any)).toThrow(TypeError);
  });
});

describe("a PlainTime", () => {
  it("is made of fields or of text", () => {
    const time = new PlainTime(1, 16, 5, 0, 344);
    expect(PlainTime.from("01:16:05.000344")).toEqual(time);
    expect(PlainTime.from({ hour: 1, minute: 16, second: 5, microsecond: 344 })).toEqual(time);
    expect(PlainTime.from("01:16")).toEqual(new PlainTime(1, 16));
    expect(PlainTime.from({})).toEqual(new PlainTime());
    expect(PlainTime.from("00:00:00.5")).toEqual(new PlainTime(0, 0, 0, 500));
  });

  it("is written with the digits it needs", () => {
    expect(`${new PlainTime()}`).toBe("00:00:00");
    expect(`${new PlainTime(1, 16, 5, 0, 344)}`).toBe("01:16:05.000344");
    expect(`${new PlainTime(1, 16, 5, 120)}`).toBe("01:16:05.12");
    expect(JSON.stringify(new PlainTime(23, 59))).toBe('"23:59:00"');
    expect(inspect(new PlainTime(23, 59))).toBe("PlainTime <23:59:00>");
  });

  it("tells Python's microsecond", () => {
    expect(new PlainTime(0, 0, 0, 12, 345).subsecondMicroseconds).toBe(12_345);
  });

  it("refuses times that do not exist", () => {
    expect(() => new PlainTime(24)).toThrow(new RangeError("hour must be an integer in 0..23, not 24"));
    expect(() => new PlainTime(0, 60)).toThrow(RangeError);
    expect(() => new PlainTime(0, 0, 60)).toThrow(RangeError);
    expect(() => new PlainTime(0, 0, 0, 1000)).toThrow(RangeError);
    expect(() => new PlainTime(0, 0, 0, 0, -1)).toThrow(RangeError);
    for (const text of ["", "1:16", "01:16:05.", "01:16:05.0000001", "01:16Z", "25:00"]) {
      expect(() => PlainTime.from(text)).toThrow(RangeError);
    }
  });

  it("is compared by time of day", () => {
    const texts = ["00:00:00", "00:00:00.000001", "00:01:00", "23:00:00"];
    const times = [2, 0, 3, 1].map((i) => PlainTime.from(texts[i]!));
    expect(times.sort(PlainTime.compare).map(String)).toEqual(texts);
    expect(times[0]!.equals(new PlainTime())).toBe(true);
    expect(() => (times[0] as any) < (times[1] as any)).toThrow(TypeError);
  });
});

describe("a PlainDateTime", () => {
  it("is made of fields or of text", () => {
    const moment = new PlainDateTime(2020, 7, 11, 1, 16, 5, 0, 344);
    expect(PlainDateTime.from("2020-07-11T01:16:05.000344")).toEqual(moment);
    expect(PlainDateTime.from("2020-07-11 01:16:05.000344")).toEqual(moment);
    expect(PlainDateTime.from({ ...moment })).toEqual(moment);
    expect(PlainDateTime.from("2020-07-11")).toEqual(new PlainDateTime(2020, 7, 11));
    expect(`${new PlainDateTime(1999, 1, 2)}`).toBe("1999-01-02T00:00:00");
    expect(inspect(moment)).toBe("PlainDateTime <2020-07-11T01:16:05.000344>");
    expect(moment.subsecondMicroseconds).toBe(344);
  });

  it("has a date and a time", () => {
    const moment = PlainDateTime.from("2020-07-11T01:16:05.5");
    expect(moment.toPlainDate()).toEqual(new PlainDate(2020, 7, 11));
    expect(moment.toPlainTime()).toEqual(new PlainTime(1, 16, 5, 500));
  });

  it("refuses what does not exist, and time zones", () => {
    expect(() => new PlainDateTime(2020, 13, 11)).toThrow(RangeError);
    expect(() => new PlainDateTime(2020, 2, 30)).toThrow(RangeError);
    expect(() => new PlainDateTime(2020, 2, 1, 24)).toThrow(RangeError);
    for (const text of ["2020-07-11T01:16:05Z", "2020-07-11T01:16+02:00", "2020-07-11T", "2020-07-11T1:16"]) {
      expect(() => PlainDateTime.from(text)).toThrow(RangeError);
    }
  });

  it("is what a Date shows in UTC", () => {
    const date = new Date("2020-07-11T01:16:05.123Z");
    expect(`${PlainDateTime.fromDate(date)}`).toBe("2020-07-11T01:16:05.123");
    expect(PlainDateTime.fromDate(date).toDate()).toEqual(date);
    expect(PlainDateTime.from("0050-01-01").toDate().toISOString()).toBe("0050-01-01T00:00:00.000Z");
    expect(() => PlainDateTime.fromDate(new Date(Number.NaN))).toThrow(RangeError);
    expect(() => PlainDateTime.fromDate(new Date(8.64e15))).toThrow(RangeError);
  });

  it("survives its own text, and a Date but for the microseconds", () => {
    fc.assert(
      fc.property(dateTimes, (moment) => {
        expect(PlainDateTime.from(moment.toString())).toEqual(moment);
        expect(PlainDate.from(moment.toPlainDate().toString())).toEqual(moment.toPlainDate());
        expect(PlainTime.from(moment.toPlainTime().toString())).toEqual(moment.toPlainTime());
        expect({ ...PlainDateTime.fromDate(moment.toDate()) }).toEqual({ ...moment, microsecond: 0 });
      }),
    );
  });

  it("is put in order as its text is", () => {
    fc.assert(
      fc.property(dateTimes, dateTimes, (a, b) => {
        const [x, y] = [a.toString(), b.toString()];
        expect(PlainDateTime.compare(a, b)).toBe(x < y ? -1 : x > y ? 1 : 0);
        expect(a.equals(b)).toBe(x === y);
      }),
    );
    expect(() => (new PlainDateTime(1, 1, 1) as any) < 1).toThrow(TypeError);
  });
});

describe("a Duration", () => {
  it("is kept as Python keeps it: only the days can be negative", () => {
    expect({ ...Duration.from({ seconds: -1 }) }).toEqual({ days: -1, seconds: 86_399, microseconds: 0 });
    expect({ ...new Duration(0, 0, -1) }).toEqual({ days: -1, seconds: 86_399, microseconds: 999_999 });
    expect({ ...new Duration(1, 90_000, 2_000_001) }).toEqual({ days: 2, seconds: 3602, microseconds: 1 });
    expect({ ...new Duration() }).toEqual({ days: 0, seconds: 0, microseconds: 0 });
  });

  it("is made of parts in any mixture", () => {
    const parts = { weeks: 1, days: 1, hours: 2, minutes: -56, seconds: 5, milliseconds: 1, microseconds: -656 };
    expect(Duration.from(parts)).toEqual(new Duration(8, 3845, 344));
    expect(Duration.from({ hours: 1.5 * 2 })).toEqual(new Duration(0, 10_800));
    expect(Duration.from(new Duration(8, 4565, 344))).toEqual(new Duration(8, 4565, 344));
  });

  it("refuses fractions, what is too long, and misspelt parts", () => {
    expect(() => Duration.from({ hours: 1.5 })).toThrow(RangeError);
    expect(() => new Duration(0.5)).toThrow(RangeError);
    expect(() => new Duration(0, Number.NaN)).toThrow(RangeError);
    expect(new Duration(999_999_999, 86_399, 999_999).days).toBe(999_999_999);
    expect(() => new Duration(999_999_999, 86_399, 1_000_000)).toThrow(RangeError);
    expect(() => new Duration(-1_000_000_000)).toThrow(RangeError);
    expect(() => Duration.from({ hour: 1 } as never)).toThrow(TypeError);
  });

  it.each([
    ["PT0S", new Duration()],
    ["PT1S", new Duration(0, 1)],
    ["-PT1S", new Duration(0, -1)],
    ["P8DT1H16M5.000344S", new Duration(8, 4565, 344)],
    ["-P1DT0.5S", new Duration(-1, 0, -500_000)],
    ["P1D", new Duration(1)],
    ["PT1H", new Duration(0, 3600)],
    ["PT10M", new Duration(0, 600)],
  ])("is %s in ISO 8601", (text, duration) => {
    expect(`${duration}`).toBe(text);
    expect(Duration.from(text)).toEqual(duration);
    expect(JSON.stringify(duration)).toBe(JSON.stringify(text));
    expect(inspect(duration)).toBe(`Duration <${text}>`);
  });

  it("reads other ways to write one, and refuses what is none", () => {
    expect(Duration.from("+P2W")).toEqual(new Duration(14));
    expect(Duration.from("pt90m")).toEqual(new Duration(0, 5400));
    expect(Duration.from("PT0,5S")).toEqual(new Duration(0, 0, 500_000));
    for (const text of ["", "P", "PT", "P1DT", "P1Y", "P1M", "1D", "PT1.5H", "PT0.0000001S", "P-1D"]) {
      expect(() => Duration.from(text)).toThrow(RangeError);
    }
  });

  it("gives its total in any unit", () => {
    const duration = Duration.from({ days: 1, hours: 12, milliseconds: 1 });
    expect(duration.total("days")).toBeCloseTo(1.5);
    expect(duration.total("seconds")).toBe(129_600.001);
    expect(duration.total("milliseconds")).toBe(129_600_001);
    expect(duration.total("microseconds")).toBe(129_600_001_000);
    expect(Duration.from({ seconds: -1 }).total("minutes")).toBe(-1 / 60);
    expect(new Duration(999_999_999, 86_399, 999_999).total("days")).toBe(1e9);
    expect(() => duration.total("years" as never)).toThrow(RangeError);
  });

  it("is put in order by length", () => {
    const texts = ["-P1D", "-PT0.5S", "PT0S", "PT0.000001S", "PT59M", "P1D"];
    const durations = [4, 2, 0, 5, 1, 3].map((i) => Duration.from(texts[i]!));
    expect(durations.sort(Duration.compare).map(String)).toEqual(texts);
    expect(Duration.from("PT60S").equals(Duration.from("PT1M"))).toBe(true);
    expect(() => (durations[0] as any) < (durations[1] as any)).toThrow(TypeError);
  });

  it("survives its own text, and its total is exact", () => {
    const parts = fc.tuple(
      fc.integer({ min: -999_999_998, max: 999_999_998 }),
      fc.integer({ min: -86_400, max: 86_400 }),
      fc.integer({ min: -999_999, max: 999_999 }),
    );
    fc.assert(
      fc.property(parts, ([days, seconds, microseconds]) => {
        const duration = new Duration(days, seconds, microseconds);
        expect(Duration.from(duration.toString())).toEqual(duration);
        expect(Duration.from({ days, seconds, microseconds })).toEqual(duration);
        const exact = (BigInt(days) * 86_400n + BigInt(seconds)) * 1_000_000n + BigInt(microseconds);
        expect(duration.total("microseconds")).toBe(Number(exact));
      }),
    );
  });
});
