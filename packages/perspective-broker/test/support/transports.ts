// What the tests of transports share: one entry per kind of transport, a handler that records, and two connected ends.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { dialers, listeners } from "../../src/transport/node.ts";
import type {
  Dial,
  DialOptions,
  Listen,
  Listener,
  ListenTransportOptions,
  Transport,
  TransportFactory,
  TransportHandler,
} from "../../src/transport/transport.ts";
import { authority, clientIdentity, serverIdentity } from "./certificates.ts";

export interface Kind {
  readonly name: string;
  readonly factory: TransportFactory;
  /** An address to listen at that nobody else has. */
  readonly address: () => string;
  readonly dialOptions: DialOptions;
  readonly listenOptions: ListenTransportOptions;
}

let names = 0;

export const kinds: readonly Kind[] = [
  kind("memory", "memory", () => `memory://test-${++names}`),
  kind("tcp", "tcp", () => "tcp://127.0.0.1:0"),
  kind("unix", "unix", () => `unix:${socketPath()}`),
  kind("tls", "tls", () => "tls://localhost:0", { ca: authority }, serverIdentity),
  kind(
    "mutual tls",
    "tls",
    () => "tls://127.0.0.1:0",
    { ca: authority, ...clientIdentity },
    { ...serverIdentity, ca: authority, requestCert: true, rejectUnauthorized: true },
  ),
];

function kind(name: string, scheme: string, address: () => string, dialTls?: object, listenTls?: object): Kind {
  const factory = { dial: dialers.get(scheme) as Dial, listen: listeners.get(scheme) as Listen };
  return {
    name,
    factory,
    address,
    dialOptions: dialTls === undefined ? {} : { tls: dialTls },
    listenOptions: listenTls === undefined ? {} : { tls: listenTls },
  };
}

/** A path in a folder of its own, which goes with the test. */
export function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), "pb-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "s");
}

/** Two connected ends, not started, and the listener between them; all goes with the test. */
export async function connectedEnds(kind: Kind): Promise<{ near: Transport; far: Transport; listener: Listener }> {
  const { listener, accepted } = await listening(kind);
  const near = await dial(kind, listener.address);
  return { near, far: await accepted(), listener };
}

/** A listener, and a function that waits for the next transport it accepted. */
export async function listening(
  kind: Kind,
  options: ListenTransportOptions = {},
  address: string = kind.address(),
): Promise<{ listener: Listener; accepted: () => Promise<Transport>; waiting: Transport[] }> {
  const waiting: Transport[] = [];
  let arrived = (): void => {};
  const accept = (transport: Transport): void => {
    onTestFinished(() => transport.abort());
    waiting.push(transport);
    arrived();
  };
  const listener = await kind.factory.listen(address, accept, { ...kind.listenOptions, ...options });
  onTestFinished(() => listener.close());
  const accepted = async (): Promise<Transport> => {
    while (waiting.length === 0) {
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    }
    return waiting.shift() as Transport;
  };
  return { listener, accepted, waiting };
}

export async function dial(kind: Kind, address: string, options: DialOptions = {}): Promise<Transport> {
  const transport = await kind.factory.dial(address, { ...kind.dialOptions, ...options });
  onTestFinished(() => transport.abort());
  return transport;
}

/** Starts `transport` and keeps what it tells. */
export function record(transport: Transport): Recorder {
  const recorder = new Recorder();
  transport.start(recorder);
  return recorder;
}

export class Recorder implements TransportHandler {
  readonly chunks: Uint8Array[] = [];
  bytes = 0;
  drains = 0;
  /** One entry per call of `closed`. */
  readonly ends: (Error | undefined)[] = [];
  /** Called inside `data`. */
  onData: (chunk: Uint8Array) => void = () => {};
  #waiters: (() => void)[] = [];

  data(chunk: Uint8Array): void {
    if (this.ends.length > 0) throw new Error("data after closed");
    if (chunk.length === 0) throw new Error("an empty chunk");
    this.chunks.push(chunk);
    this.bytes += chunk.length;
    this.onData(chunk);
    this.#wake();
  }

  drain(): void {
    if (this.ends.length > 0) throw new Error("drain after closed");
    this.drains += 1;
    this.#wake();
  }

  closed(error?: Error): void {
    this.ends.push(error);
    this.#wake();
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString("latin1");
  }

  async received(bytes: number): Promise<void> {
    await this.#until(() => this.bytes >= bytes);
  }

  async drained(times: number): Promise<void> {
    await this.#until(() => this.drains >= times);
  }

  /** The argument of `closed`, once it was called. */
  async end(): Promise<Error | undefined> {
    await this.#until(() => this.ends.length > 0);
    return this.ends[0];
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}

/** Lets everything that is ready happen: a good many turns of the event loop. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 30; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export const codeOf = (error: unknown): unknown => (error as { code?: unknown } | undefined)?.code;
