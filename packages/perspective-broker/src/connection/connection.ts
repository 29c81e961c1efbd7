// One connection: a session and, once the dialect is chosen, a broker on top of it. Both roles are the same class.

import { Broker, type Inspection } from "../broker/broker.ts";
import { connectionClosed, connectionOpened } from "../broker/diagnostics.ts";
import { Names } from "../broker/names.ts";
import type { Credentials } from "../cred/credentials.ts";
import type { LoginOptions, login } from "../cred/login.ts";
import type { LoginHost } from "../cred/portal-host.ts";
import type { CloseReason } from "../errors.ts";
import { Referenceable } from "../flavors/referenceable.ts";
import type { RemoteReference } from "../references/remote-reference.ts";
import { Session, type SessionEvents } from "../session/session.ts";
import type { Peer, Transport } from "../transport/transport.ts";
import type { Dialect } from "../wire/dialect.ts";
import { Events } from "./events.ts";
import { LoginHostOfConnection } from "./login-host.ts";
import type { Settings } from "./options.ts";

/** What can be listened to on a connection. */
export interface ConnectionEvents {
  /** It has ended; told once. */
  close: CloseReason;
}

/** The tables of a connection. */
export interface ConnectionInspection extends Inspection {
  readonly dialect: string;
  readonly peer: Peer;
}

const EMPTY: Inspection = {
  exports: [],
  names: [],
  imports: [],
  cachesGiven: [],
  cachesHeld: [],
  awaited: 0,
  running: 0,
  waiting: 0,
  held: 0,
  results: 0,
  streams: { given: 0, held: 0 },
  unsentBytes: 0,
};

/** Who made a connection; one for all that a server has. */
export interface ConnectionHost {
  /** The handshake is over; no call has been handled yet. */
  ready(connection: Connection): void;
  /** It has ended; told before those who listen to it are. */
  ended(connection: Connection, reason: CloseReason): void;
}

/** One end of a connection. Ends with `close()`, `await using`, or when the other side or the network ends it. */
// biome-ignore lint/suspicious/noExplicitAny: an untyped connection allows every name (see types.ts)
export class Connection<T = any> {
  // One set of functions for all connections.
  static readonly #told: SessionEvents<Connection> = {
    established: (connection, dialect) => connection.#established(dialect),
    ready: (connection) => connection.#host.ready(connection),
    data: (connection, chunk) => connection.#broker?.receive(chunk),
    drained: (connection) => connection.#broker?.drained(),
    left: (connection, reason) => connection.#end(reason, true),
    failed: (connection, reason) => connection.#end(reason),
    ended: (connection, reason) => connection.#ended(reason),
  };

  readonly #transport: Transport;
  readonly #session: Session<Connection>;
  readonly #settings: Settings;
  readonly #host: ConnectionHost;
  readonly #names = new Names();
  // What many connections never need is made when it is asked for.
  #storage: Map<unknown, unknown> | undefined;
  #loginHost: LoginHost | undefined;
  #events: Events<ConnectionEvents> | undefined;
  #closed: Promise<CloseReason> | undefined;
  #resolveClosed: ((reason: CloseReason) => void) | undefined;
  #broker: Broker | undefined;
  #dialect = "";
  /** Why it is ending; and why it has ended. */
  #reason: CloseReason | undefined;
  #over: CloseReason | undefined;

  /** @internal Made by connect and listen. */
  constructor(transport: Transport, role: "client" | "server", settings: Settings, host: ConnectionHost) {
    this.#transport = transport;
    this.#settings = settings;
    this.#host = host;
    this.#session = new Session(transport, role, settings, Connection.#told, this);
    for (const name in settings.objects) this.offer(name, settings.objects[name] as Referenceable);
  }

  /** Who is at the other end, as far as the transport knows. */
  get peer(): Peer {
    return this.#transport.peer;
  }

  /** The application's own, for the time of the connection. */
  get storage(): Map<unknown, unknown> {
    this.#storage ??= new Map();
    return this.#storage;
  }

  /** Resolves when the connection has ended, with the reason; never rejects. */
  get closed(): Promise<CloseReason> {
    this.#closed ??= new Promise((resolve) => {
      if (this.#over === undefined) this.#resolveClosed = resolve;
      else resolve(this.#over);
    });
    return this.#closed;
  }

  /** @internal What a login needs of this connection. */
  get loginHost(): LoginHost {
    this.#loginHost ??= new LoginHostOfConnection(this.#transport, this.#session);
    return this.#loginHost;
  }

  /** @internal */
  start(): void {
    this.#session.start();
  }

  /** The object that the other side offers first. Asking for it sends nothing. */
  get root(): RemoteReference<T> {
    return this.object<T>("root");
  }

  /** Another object that the other side has published. Nothing is sent; if there is none, calls of it fail. */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  object<U = any>(name: string): RemoteReference<U> {
    if (this.#broker === undefined) throw new TypeError("the dialect of this connection is not chosen yet");
    return this.#broker.named(name);
  }

  /**
   * Logs in at the Portal that the other side serves, and resolves with the avatar. When its last receipt is given back, or
   * the connection ends, the user is logged out. Rejects as `LoginFailed` and its kinds say, or with what the realm threw.
   */
  // biome-ignore lint/suspicious/noExplicitAny: as above
  login<A = any>(credentials: Credentials, options: LoginOptions = {}): Promise<RemoteReference<A>> {
    return this.#login(this.root, credentials, { ...options, host: this.loginHost });
  }

  /** @internal Runs `fn` once when the peer has given back its last receipt of an object, or the connection has ended. */
  whenForgotten(object: Referenceable, fn: () => void): void {
    if (this.#broker === undefined) throw new TypeError("the dialect of this connection is not chosen yet");
    this.#broker.whenForgotten(object, fn);
  }

  /** Lets the other side call an object by name, until it is disposed. A later one of the same name takes its place. */
  publish(name: string, object: Referenceable): Disposable {
    this.offer(name, object);
    return { [Symbol.dispose]: () => this.#names.remove(name, object) };
  }

  /** @internal The same, until the connection ends. */
  offer(name: string, object: Referenceable): void {
    Referenceable.checkDeclarations(object);
    this.#names.set(name, object);
  }

  /** The dialect that is spoken; empty before one is chosen. */
  get dialect(): string {
    return this.#dialect;
  }

  on<K extends keyof ConnectionEvents>(name: K, fn: (event: ConnectionEvents[K]) => void): Disposable {
    return this.#emitter.on(name, fn);
  }

  /** The events from now on; ends with the connection. */
  events<K extends keyof ConnectionEvents>(name: K): AsyncGenerator<ConnectionEvents[K], void, void> {
    return this.#emitter.events(name);
  }

  /** The tables, for people and for tests: all empty means that nothing leaks. */
  inspect(): ConnectionInspection {
    return { dialect: this.#dialect, peer: this.peer, ...(this.#broker?.inspect() ?? EMPTY) };
  }

  /** Sends what was written, ends the connection, and resolves when it has ended. A second close does nothing. */
  close(): Promise<CloseReason> {
    this.#end({ code: "CLOSED", message: "closed by this side" });
    return this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The code of logins is loaded by the first one: a bundle for the browser has it apart. */
  async #login(...args: Parameters<typeof login>): Promise<RemoteReference> {
    return (await import("../cred/login.ts")).login(...args);
  }

  #established(dialect: Dialect): void {
    this.#dialect = dialect.name;
    this.#broker = new Broker(dialect, this.#settings, this.#session, this, this.#names);
    connectionOpened(this);
    this.#broker.begin();
  }

  /** `dropped` tells that what was not sent will not arrive. */
  #end(reason: CloseReason, dropped = false): void {
    if (this.#reason !== undefined || this.#session.ended) return;
    this.#reason = reason;
    this.#session.close(reason);
    this.#broker?.end(reason, dropped);
  }

  #ended(reason: CloseReason): void {
    this.#broker?.end(reason, true);
    if (this.#broker !== undefined) connectionClosed(this, reason);
    this.#over = reason;
    this.#host.ended(this, reason);
    this.#events?.emit("close", reason);
    this.#events?.end();
    this.#resolveClosed?.(reason);
  }

  get #emitter(): Events<ConnectionEvents> {
    if (this.#events === undefined) {
      const { log } = this.#settings;
      this.#events = new Events((error) => log({ level: "error", message: "a close listener failed", error }));
      if (this.#over !== undefined) this.#events.end();
    }
    return this.#events;
  }
}
