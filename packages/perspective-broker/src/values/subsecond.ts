// The text of microseconds within a second, as ISO 8601 and Temporal write it: a dot and as many digits as
// needed. Shared by the times of day and by durations.

/** 344 becomes ".000344", 500000 becomes ".5" and 0 becomes "". */
export function formatSubsecond(microseconds: number): string {
  if (microseconds === 0) return "";
  return `.${String(microseconds).padStart(6, "0").replace(/0+$/, "")}`;
}

/** The digits after the dot, at most six, as microseconds: "5" is 500000; absent is 0. */
export function parseSubsecond(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits.padEnd(6, "0"));
}
