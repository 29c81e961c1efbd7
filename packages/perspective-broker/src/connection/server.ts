// A server: its connections, its named objects, and its end.
import type { CloseReason } from "../errors.ts";
import { Referenceable } from "../flavors/referenceable.ts";
import type { Listener, Transport } from "../transport/transport.ts";
import { Connection, type ConnectionHost, type ConnectionInspection } from "./connection.ts";
import { Events } from "./events.ts";
import type { Settings } from "./options.ts";

/** What can be listened to on a server. */
export interface ServerEvents {
  /** A client has finished its handshake. */
  connection: Connection;
  /** A connection has ended, also one that never finished its handshake. */
  disconnection: { readonly connection: Connection; readonly reason: CloseReason };
}

export interface ServerInspection {
  readonly address: string;
  readonly names: readonly string[];
  readonly connections: readonly ConnectionInspection[];
}

/** What `listen` returns. */
export class Server {
  readonly #rootFor: (connection: Connection) => Referenceable;
  readonly #settings: Settings;
  readonly #events: Events<ServerEvents>;
  readonly #host: ConnectionHost;
  readonly #connections = new Set<Connection>();
  readonly #published = new Map<string, { object: Referenceable; places: Map<Connection, Disposable> }>();
  #listener: Listener | undefined;
  #closed: Promise<void> | undefined;

  /** @internal Made by listen. */
  constructor(rootFor: (connection: Connection) => Referenceable, settings: Settings) {
    this.#rootFor = rootFor;
    this.#settings = settings;
    this.#events = new Events((error) => settings.log({ level: "error", message: "a server listener failed", error }));
    this.#host = {
      ready: (connection) => this.#events.emit("connection", connection),
      ended: (connection, reason) => this.#ended(connection, reason),
    };
  }

  /** @internal */
  opened(listener: Listener): void {
    this.#listener = listener;
  }

  /** The address to connect to, with the real port. */
  get address(): string {
    return this.#listener?.address ?? "";
  }

  /** The connections at this moment, those in their handshake included. */
  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** Offers an object under a name on every connection, those that are open included, until it is disposed. */
  publish(name: string, object: Referenceable): Disposable {
    Referenceable.checkDeclarations(object);
    const entry = { object, places: new Map<Connection, Disposable>() };
    this.#published.set(name, entry);
    for (const connection of this.#connections) entry.places.set(connection, connection.publish(name, object));
    return {
      [Symbol.dispose]: () => {
        if (this.#published.get(name) === entry) this.#published.delete(name);
        for (const place of entry.places.values()) place[Symbol.dispose]();
        entry.places.clear();
      },
    };
  }

  /** Serves a transport that came some other way. */
  accept(transport: Transport): void {
    if (this.#closed !== undefined) {
      transport.abort();
      return;
    }
    const connection = new Connection(transport, "server", this.#settings, this.#host);
    this.#connections.add(connection);
    for (const [name, { object, places }] of this.#published) places.set(connection, connection.publish(name, object));
    try {
      connection.offer("root", this.#rootFor(connection));
    } catch (error) {
      this.#settings.log({ level: "error", message: "the root object of a connection could not be made", error });
      void connection.close();
    }
    connection.start();
  }

  on<K extends keyof ServerEvents>(name: K, fn: (event: ServerEvents[K]) => void): Disposable {
    return this.#events.on(name, fn);
  }

  /** The events from now on, until the server is closed. */
  events<K extends keyof ServerEvents>(name: K): AsyncGenerator<ServerEvents[K], void, void> {
    return this.#events.events(name);
  }

  inspect(): ServerInspection {
    return {
      address: this.address,
      names: [...this.#published.keys()],
      connections: [...this.#connections].map((connection) => connection.inspect()),
    };
  }

  /** Stops accepting, closes every connection, and resolves when all have ended. A second close does nothing. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #ended(connection: Connection, reason: CloseReason): void {
    this.#connections.delete(connection);
    for (const { places } of this.#published.values()) places.delete(connection);
    this.#events.emit("disconnection", { connection, reason });
  }

  async #close(): Promise<void> {
    const stopped = this.#listener?.close();
    await Promise.all([...this.#connections].map((connection) => connection.close()));
    await stopped;
    this.#events.end();
  }
}
