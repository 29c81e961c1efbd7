// The places where the library must behave alike: every transport, in every dialect. A suite is written once and run in all.
import { describe, expect, onTestFinished } from "vitest";
import { type Dialect, type LogRecord, none, pb, pb7, type RootFor } from "../../src/index.ts";
import { type Ends, type EndsOptions, ends } from "./ends.ts";
import { kinds } from "./transports.ts";

/** Connects two ends at one of the places, as `ends` does. */
export type Meet = <T = any>(root: RootFor, options?: EndsOptions) => Promise<Met<T>>;

export interface Met<T> extends Ends<T> {
  /** What was logged as an error or a warning since it was last asked. What is never asked for fails the test. */
  takeLogged(): LogRecord[];
}

const dialects: readonly Dialect[] = [pb7, pb, none];

/** Runs a suite over memory, TCP, Unix sockets and TLS, in every dialect. */
export function everywhere(suite: Suite): void {
  over(["memory", "tcp", "unix", "tls"], suite);
}

/** Runs a suite over the same transports, in pb7 alone: for what other dialects do not have. */
export function everywhereInPb7(suite: Suite): void {
  over(["memory", "tcp", "unix", "tls"], suite, [pb7]);
}

/** Runs a suite in every dialect, in memory: for tables of cases that have nothing to do with the transport. */
export function inEveryDialect(suite: Suite): void {
  over(["memory"], suite);
}

type Suite = (meet: Meet, place: Place) => void;

export interface Place {
  readonly scheme: string;
  readonly dialect: string;
  /**
   * JavaScript's own values travel as they are (pb7): undefined is not null, and lone surrogates, errors, invalid dates, regular
   * expressions and array buffers can be sent; limits.string, list and prefix are those of Banana and do not hold. This is all
   * in which the dialects differ for these suites.
   */
  readonly native: boolean;
}

function over(transports: readonly string[], suite: Suite, among = dialects): void {
  for (const kind of kinds.filter(({ name }) => transports.includes(name))) {
    for (const dialect of among) {
      describe(`over ${kind.name}, dialect ${dialect.name}`, () => {
        const meet: Meet = (root, options = {}) =>
          quiet(root, {
            ...options,
            address: kind.address(),
            client: { dialects: [dialect], ...kind.dialOptions, ...options.client },
            server: { dialects: [dialect], ...kind.listenOptions, ...options.server },
          });
        suite(meet, { scheme: kind.name, dialect: dialect.name, native: dialect === pb7 });
      });
    }
  }
}

/** Two ends in memory, for what has nothing to do with the transport. */
export const meetInMemory: Meet = (root, options) => quiet(root, options);

async function quiet<T>(root: RootFor, options?: EndsOptions): Promise<Met<T>> {
  const met = await ends<T>(root, options);
  let taken = 0;
  const takeLogged = (): LogRecord[] => {
    const fresh = met.logged.slice(taken).filter(({ level }) => level !== "debug");
    taken = met.logged.length;
    return fresh;
  };
  onTestFinished(() => {
    expect(takeLogged(), "logged, and nobody asked").toEqual([]);
  });
  return { ...met, takeLogged };
}
