// Two connected ends for a test, closed and found without a trace when it is over.
import { afterEach, expect } from "vitest";
import {
  type Connection,
  type ConnectOptions,
  connect,
  type ListenOptions,
  type Log,
  type LogRecord,
  listen,
  type RootFor,
  type Server,
} from "../../src/index.ts";

/** A server with one client. */
export interface Ends<T> {
  readonly server: Server;
  /** The client's end. */
  readonly connection: Connection<T>;
  /** The server's end of the same connection. */
  readonly accepted: Connection;
  /** What both sides logged. */
  readonly logged: LogRecord[];
}

export interface EndsOptions {
  /** Default: a memory address of its own. */
  readonly address?: string;
  readonly client?: ConnectOptions;
  readonly server?: ListenOptions;
  /** The test leaves something in the tables on purpose. */
  readonly untidy?: boolean;
}

let names = 0;
let open: (Ends<unknown> & { untidy: boolean })[] = [];

afterEach(async () => {
  const ends = open;
  open = [];
  for (const end of ends) {
    try {
      if (!end.untidy) await emptied(end);
    } finally {
      await end.connection.close();
      await end.server.close();
    }
  }
});

/** Serves `root` and connects to it. After the test both tables must be empty (references released, calls settled). */
export async function ends<T = any>(root: RootFor, options: EndsOptions = {}): Promise<Ends<T>> {
  const logged: LogRecord[] = [];
  const log: Log = (record) => void logged.push(record);
  const server = await listen(root, options.address ?? `memory://ends-${++names}`, { log, ...options.server });
  const accepting = server.events("connection").next();
  const connection = await connect<T>(server.address, { log, ...options.client });
  const accepted = (await accepting).value as Connection;
  const made = { server, connection, accepted, logged };
  open.push({ ...made, untidy: options.untidy ?? false });
  return made;
}

/** Waits, a bounded number of turns, until the tables of both are empty, and says what is left in them. */
export async function emptied(end: Pick<Ends<unknown>, "connection" | "accepted">): Promise<void> {
  for (let turn = 0; turn < 200 && !(isEmpty(end.connection) && isEmpty(end.accepted)); turn++) await turnOver();
  expect(left(end.connection), "left at the client").toEqual(NOTHING);
  expect(left(end.accepted), "left at the server").toEqual(NOTHING);
}

/** One turn of the event loop. */
export function turnOver(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Turns of the event loop until something holds; fails after some thousand. */
export async function until(holds: () => boolean, what = "the condition"): Promise<void> {
  for (let turn = 0; turn < 5000; turn++) {
    if (holds()) return;
    await turnOver();
  }
  expect.fail(`${what} did not come about`);
}

const NOTHING = {
  ...{ exports: [], imports: [], cachesGiven: [], cachesHeld: [] },
  ...{ awaited: 0, running: 0, waiting: 0, streamsGiven: 0, streamsHeld: 0 },
};

/** What the tables of one end hold. */
function left(connection: Connection): typeof NOTHING {
  const { exports, imports, cachesGiven, cachesHeld, awaited, running, waiting, streams } = connection.inspect();
  const open = { streamsGiven: streams.given, streamsHeld: streams.held };
  return { exports, imports, cachesGiven, cachesHeld, awaited, running, waiting, ...open } as typeof NOTHING;
}

function isEmpty(connection: Connection): boolean {
  return Object.values(left(connection)).every((table) => (Array.isArray(table) ? table.length : table) === 0);
}
