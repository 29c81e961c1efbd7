// What a scenario is, and what it may use: connections to the server under test, closed when it is over.
import { type Connection, type ConnectOptions, connect, Registry, type RemoteReference } from "perspective-broker";
import { KnownError, Unregistered, UnregisteredNoDot } from "../wire-errors.ts";

export interface Scenario {
  readonly name: string;
  /** One line. */
  readonly about: string;
  /** Rejects with the reason if the server does not do what the interface says. */
  readonly run: (peer: Peer) => Promise<void>;
}

export function scenario(name: string, about: string, run: (peer: Peer) => Promise<void>): Scenario {
  return { name, about, run };
}

/** The server under test, as one scenario sees it. */
export class Peer {
  readonly host: string;
  readonly port: number;
  readonly #options: ConnectOptions;
  readonly #connections: Connection[] = [];

  constructor(host: string, port: number, options: ConnectOptions) {
    this.host = host;
    this.port = port;
    this.#options = options;
  }

  /** A new connection. */
  async connect(options: ConnectOptions = {}): Promise<Connection> {
    const connection = await connect(`tcp://${this.host}:${this.port}`, { ...this.#defaults(), ...options });
    this.#connections.push(connection);
    return connection;
  }

  /** The root object over a new connection. */
  async root(options: ConnectOptions = {}): Promise<RemoteReference> {
    return (await this.connect(options)).root;
  }

  /** The options of this scenario's connections, for one that comes about in another way. */
  adopt(connection: Connection): void {
    this.#connections.push(connection);
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }

  #defaults(): ConnectOptions {
    return { floats: "exact", registry: classes, ...this.#options };
  }
}

/** What this side knows; the last two only to send them to a peer that does not. */
const classes = new Registry();
for (const kind of [KnownError, Unregistered, UnregisteredNoDot]) classes.registerError(kind);
