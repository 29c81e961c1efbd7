// What is worth telling somebody who is not in the middle of a call. One function, given by the application or the default
// below; no secrets, no arguments of calls.

export interface LogRecord {
  /** `error`: this program did something unexpected; `warn`: something was lost; `debug`: a peer's mistake, answered already. */
  readonly level: "error" | "warn" | "debug";
  readonly message: string;
  readonly error?: unknown;
}

export type Log = (record: LogRecord) => void;

/** Errors and warnings on the console. */
export const consoleLog: Log = (record) => {
  if (record.level === "debug") return;
  const print = record.level === "error" ? console.error : console.warn;
  if (record.error === undefined) print(record.message);
  else print(record.message, record.error);
};

/** A log that throws must not take a connection with it. */
export function safeLog(log: Log): Log {
  return (record) => {
    try {
      log(record);
    } catch {
      // There is nobody left to tell.
    }
  };
}
