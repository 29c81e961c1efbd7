// Our end of a conversation with a Twisted program, inside of the test's own process, where options can be set and tables
// looked at.
import { type Connection, type ConnectOptions, connect, type ListenOptions, type LogRecord } from "perspective-broker";
import { onTestFinished } from "vitest";
import { listenPeer, portOf } from "../peers/served/listen-peer.ts";

export interface OurServer {
  readonly port: number;
  /** In the order of their handshakes. */
  readonly connections: readonly Connection[];
  /** What was logged as an error or a warning. */
  readonly logged: readonly LogRecord[];
}

/** Serves the interface of test/peers until the test is over. */
export async function ourServer(options: ListenOptions = {}): Promise<OurServer> {
  const logged: LogRecord[] = [];
  const [first, second] = await listenPeer({}, { log: (record) => void notable(record, logged), ...options });
  onTestFinished(async () => {
    await Promise.all([first.close(), second.close()]);
  });
  const connections: Connection[] = [];
  first.on("connection", (connection) => connections.push(connection));
  return { port: portOf(first), connections, logged };
}

/** Connects to a server on this machine until the test is over. */
export async function ourClient(port: number, options: ConnectOptions = {}): Promise<Connection> {
  const connection = await connect(`tcp://127.0.0.1:${port}`, { floats: "exact", ...options });
  onTestFinished(async () => void (await connection.close()));
  return connection;
}

function notable(record: LogRecord, logged: LogRecord[]): void {
  if (record.level !== "debug") logged.push(record);
}
