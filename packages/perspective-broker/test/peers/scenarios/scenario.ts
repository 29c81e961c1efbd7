// What a scenario is, and what it may use: connections to the server under test, closed when it is over.
import {
  type Connection,
  type ConnectOptions,
  type Credentials,
  connect,
  type LoginOptions,
  type RemoteReference,
  UsernamePassword,
} from "perspective-broker";
import { wireClasses } from "../wire-classes.ts";

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

export const alice = new UsernamePassword("alice", "secret");
export const bob = new UsernamePassword("bob", "hunter2");

/** What every server of the interface understands, real Twisted too. */
export const byMD5: LoginOptions = { allowMD5: "only" };

export interface PeerAddress {
  readonly host: string;
  /** Of the root object. */
  readonly port: number;
  /** Of the Portal; without it the scenarios with logins fail. */
  readonly port2: number | undefined;
}

/** The server under test, as one scenario sees it. */
export class Peer {
  readonly address: PeerAddress;
  readonly #options: ConnectOptions;
  readonly #connections: Connection[] = [];

  constructor(address: PeerAddress, options: ConnectOptions) {
    this.address = address;
    this.#options = options;
  }

  /** A new connection to the root object. */
  connect(options: ConnectOptions = {}): Promise<Connection> {
    return this.#connect(this.address.port, options);
  }

  /** The root object over a new connection. */
  async root(options: ConnectOptions = {}): Promise<RemoteReference> {
    return (await this.connect(options)).root;
  }

  /** A new connection to the Portal. */
  async portal(): Promise<Connection> {
    if (this.address.port2 === undefined) throw new Error("--port2 is missing");
    return this.#connect(this.address.port2, {});
  }

  /** An avatar over a new connection. */
  async login(credentials: Credentials, options: LoginOptions = byMD5): Promise<RemoteReference> {
    return (await this.portal()).login(credentials, options);
  }

  /** Closes this one with the others. */
  adopt(connection: Connection): void {
    this.#connections.push(connection);
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.close()));
  }

  async #connect(port: number, options: ConnectOptions): Promise<Connection> {
    const defaults: ConnectOptions = { floats: "exact", registry: classes, ...this.#options };
    const connection = await connect(`tcp://${this.address.host}:${port}`, { ...defaults, ...options });
    this.#connections.push(connection);
    return connection;
  }
}

const classes = wireClasses();
