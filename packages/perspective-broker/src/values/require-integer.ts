// The range check of the calendar values. One message shape for all of them, so that a peer whose date is
// refused reads which field it was.

/** Gives `value` back when it is an integer in `low..high` (never -0), else throws RangeError naming the field. */
export function requireInteger(name: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value + 0;
  throw new RangeError(`${name} must be an integer in ${low}..${high}, not ${String(value)}`);
}
