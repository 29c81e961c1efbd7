// One connection: a session and, once the dialect is chosen, a broker on top of it. Both roles are the same class.

import { Broker, type Inspection } from "../broker/broker.ts";
import { connectionClosed, connectionOpened } from "../broker/diagnostics.ts";
import type { Credentials } from "../cred/credentials.ts";
import type { LoginOptions, login } from "../cred/login.ts";
import type { LoginHost } from "../cred/portal-host.ts";
import type { CloseReason } from "../errors.ts";
import { Referenceable } from "../flavors/referenceable.ts";
import { LazyMap } from "../platform/lazy.ts";
import type { RemoteReference } from "../references/remote-reference.ts";
import { Session } from "../session/session.ts";
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

/** One end of a connection. Ends with `close()`, `await using`, or when the other side or the network ends it. */
// biome-ignore lint/suspicious/noExplicitAny: an untyped connection allows every name (see types.ts)
export class Connection<T = any> {
  /** Who is at the other end, as far as the transport knows. */
  readonly peer: Peer;
  /** The application's own, for the time of the connection. */
  readonly storage: Map<unknown, unknown> = new Map();
  /** Resolves when the connection has ended, with the reason; never rejects. */
  readonly closed: Promise<CloseReason>;
  /** @internal What a login needs of this connection. */
  readonly loginHost: LoginHost;
  readonly #session: Session;
  readonly #settings: Settings;
  readonly #events: Events<ConnectionEvents>;
  readonly #resolveClosed: (reason: CloseReason) => void;
  readonly #published = new LazyMap<string, { object: Referenceable; unpublish: () => void }>();
  readonly #ready: (connection: Connection) => void;
  #broker: Broker | undefined;
  #dialect = "";
  #reason: CloseReason | undefined;

  /** @internal Made by connect and listen. `ready` is called when the handshake is over, before any call is handled. */
  constructor(
    transport: Transport,
    role: "client" | "server",
    settings: Settings,
    ready: (connection: Connection) => void,
  ) {
    this.#settings = settings;
    this.#ready = ready;
    this.peer = transport.peer;
    this.#events = new Events((error) => settings.log({ level: "error", message: "a close listener failed", error }));
    let resolveClosed: (reason: CloseReason) => void = () => {};
    this.closed = new Promise((resolve) => {
      resolveClosed = resolve;
    });
    this.#resolveClosed = resolveClosed;
    const { dialects, handshakeTimeout, heartbeat, clock } = settings;
    this.#session = new Session(
      { transport, role, dialects, handshakeTimeout, heartbeat, clock },
      {
        established: (dialect) => this.#established(dialect),
        ready: () => this.#ready(this),
        data: (chunk) => this.#broker?.receive(chunk),
        drained: () => this.#broker?.drained(),
        left: (reason) => this.#end(reason, true),
        ended: (reason) => this.#ended(reason),
      },
    );
    this.loginHost = new LoginHostOfConnection(transport, () => this.#session.greeting);
    for (const [name, object] of Object.entries(settings.objects)) this.publish(name, object);
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
    Referenceable.checkDeclarations(object);
    const entry = { object, unpublish: this.#broker?.publish(name, object) ?? (() => {}) };
    this.#published.set(name, entry);
    return {
      [Symbol.dispose]: () => {
        entry.unpublish();
        if (this.#published.get(name) === entry) this.#published.delete(name);
      },
    };
  }

  /** The dialect that is spoken; empty before one is chosen. */
  get dialect(): string {
    return this.#dialect;
  }

  on<K extends keyof ConnectionEvents>(name: K, fn: (event: ConnectionEvents[K]) => void): Disposable {
    return this.#events.on(name, fn);
  }

  /** The events from now on; ends with the connection. */
  events<K extends keyof ConnectionEvents>(name: K): AsyncGenerator<ConnectionEvents[K], void, void> {
    return this.#events.events(name);
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
    const { limits, values, classes, store, interceptors, log, clock, heartbeat, whenFull } = this.#settings;
    const session = this.#session;
    const { outbox, output } = session;
    this.#broker = new Broker(dialect, {
      ...{ outbox, output, limits, values, classes, store, interceptors, log, clock, heartbeat, whenFull, session },
      connection: this,
      greeted: (peer) => session.greeted(peer),
      fail: (reason) => this.#end(reason),
      reading: (on) => (on ? session.resume() : session.pause()),
    });
    for (const [name, entry] of this.#published) entry.unpublish = this.#broker.publish(name, entry.object);
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
    this.#events.emit("close", reason);
    this.#events.end();
    this.#resolveClosed(reason);
  }
}
