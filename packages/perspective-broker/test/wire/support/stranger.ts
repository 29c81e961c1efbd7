// A peer that writes whatever a test likes, byte by byte if need be, to a server or a client of ours, and keeps what comes.
import { onTestFinished } from "vitest";
import {
  type CloseReason,
  type Connection,
  type ConnectOptions,
  connect,
  type ListenOptions,
  type LogRecord,
  listen,
  memoryPair,
  none,
  pb,
  type RootFor,
  type Server,
  type Transport,
} from "../../../src/index.ts";
import { turnOver } from "../../support/ends.ts";
import { cut, type DialectName, decodeAll, encodeAll, type Sexp, unhex } from "./elements.ts";

/** What a server says first, with Twisted's dialects. */
export const GREETING = unhex("02800282706204826e6f6e65");
const VERSION = encodeAll([["version", 6]]);

export class Stranger {
  /** Of what it sends; and of what it is sent, behind the negotiation. */
  dialect: DialectName = "pb";
  /** Whether the other side has ended the connection. */
  ended = false;
  readonly #transport: Transport;
  readonly #role: "client" | "server";
  #chunks: Uint8Array[] = [];

  constructor(transport: Transport, role: "client" | "server") {
    this.#transport = transport;
    this.#role = role;
    transport.start({
      data: (chunk) => void this.#chunks.push(chunk),
      drain: () => {},
      closed: () => {
        this.ended = true;
      },
    });
  }

  /** Everything that came. */
  get bytes(): Uint8Array {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  /** Writes messages and gives the other side time to handle them. */
  async say(...messages: Sexp[]): Promise<void> {
    await this.write(encodeAll(messages, this.dialect));
  }

  async write(bytes: Uint8Array, size: number = bytes.length): Promise<void> {
    for (let at = 0; at < bytes.length; at += size) this.#transport.write(bytes.slice(at, at + size));
    await this.quiet();
  }

  close(): void {
    this.#transport.close();
  }

  /** Waits until all is delivered and nothing more comes for some turns of the event loop. */
  async quiet(): Promise<void> {
    for (let calm = 0, before = -1; calm < 5; calm++) {
      const now = this.bytes.length;
      if (now !== before || this.#transport.unsent > 0) calm = 0;
      before = now;
      await turnOver();
    }
  }

  /** What came behind the negotiation, cut into the bytes of each message. */
  frames(): Uint8Array[] {
    const bytes = this.bytes;
    const [negotiation] = cut(bytes, "none", 1);
    return cut(bytes.subarray(negotiation?.length ?? 0), this.dialect);
  }

  /** The messages that came, without the one about the version. */
  heard(): Sexp[] {
    const messages = this.frames().map((frame) => decodeAll(frame, this.dialect)[0] as Sexp);
    return messages.filter((message) => !(Array.isArray(message) && message[0] === "version"));
  }

  /** Its half of the negotiation. */
  async agree(dialect: DialectName = "pb"): Promise<void> {
    this.dialect = dialect;
    const negotiation = this.#role === "client" ? encodeAll([dialect], "none") : GREETING;
    await this.write(negotiation);
    await this.write(dialect === "pb" ? VERSION : encodeAll([["version", 6]], "none"));
  }
}

export interface AtServer {
  readonly stranger: Stranger;
  readonly server: Server;
  /** The server's end; there from the start, usable when the dialect is chosen. */
  readonly connection: Connection;
  readonly logged: LogRecord[];
}

let servers = 0;

/** A stranger as the client of a server of ours, which speaks Twisted's dialects if nothing else is said. */
export async function strangerAtServer(root: RootFor, options: ListenOptions = {}): Promise<AtServer> {
  const logged: LogRecord[] = [];
  const log = (record: LogRecord) => void logged.push(record);
  const server = await listen(root, `memory://stranger-${++servers}`, { log, dialects: [pb, none], ...options });
  onTestFinished(() => server.close());
  return { ...(await anotherStranger(server)), server, logged };
}

/** One more stranger at a server. */
export async function anotherStranger(server: Server): Promise<Pick<AtServer, "stranger" | "connection">> {
  const [near, far] = memoryPair();
  const before = new Set(server.connections);
  server.accept(far);
  const connection = [...server.connections].find((one) => !before.has(one)) as Connection;
  const stranger = new Stranger(near, "client");
  await stranger.quiet();
  return { stranger, connection };
}

export interface AtClient {
  readonly stranger: Stranger;
  /** Rejects if the stranger did not agree. */
  readonly connected: Promise<Connection>;
  readonly logged: LogRecord[];
}

/** A stranger as the server of a client of ours. */
export function strangerAtClient(options: ConnectOptions = {}): AtClient {
  const logged: LogRecord[] = [];
  const log = (record: LogRecord) => void logged.push(record);
  const [near, far] = memoryPair();
  const stranger = new Stranger(near, "server");
  const connected = connect(far, { log, ...options });
  connected.then(
    (connection) => onTestFinished(async () => void (await connection.close())),
    () => {},
  );
  return { stranger, connected, logged };
}

/** The reason for which a connection has ended; fails if it has not. */
export async function ending(connection: Connection): Promise<CloseReason> {
  const open = Symbol("open");
  const reason = await Promise.race([
    connection.closed,
    turnOver()
      .then(turnOver)
      .then(() => open),
  ]);
  if (typeof reason === "symbol") throw new Error("the connection is still open");
  return reason;
}

/** Whether it has not. */
export async function isOpen(connection: Connection): Promise<boolean> {
  return ending(connection).then(
    () => false,
    () => true,
  );
}
