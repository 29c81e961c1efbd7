// What the two programs have in common: options by name, and an end with one line for whoever called them wrongly.
import { type ParseArgsConfig, parseArgs } from "node:util";

type Options = NonNullable<ParseArgsConfig["options"]>;

/** The options of this process; a wrong one prints the usage and ends it with status 2. */
export function readOptions<const O extends Options>(options: O, usage: string) {
  try {
    return parseArgs({ options, strict: true }).values;
  } catch (error) {
    return misused(error instanceof Error ? error.message : String(error), usage);
  }
}

/** Ends the process with status 2. */
export function misused(message: string, usage: string): never {
  console.error(`${message}\nusage: ${usage}`);
  process.exit(2);
}

/** A whole number from 0 on, or nothing if it was not given. */
export function numberFrom(name: string, text: string | undefined, usage: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) return misused(`--${name} takes a whole number, not ${JSON.stringify(text)}`, usage);
  return Number(text);
}
