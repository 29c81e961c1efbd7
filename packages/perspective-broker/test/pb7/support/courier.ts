// A wire on which nothing moves by itself: what either end wrote lies there until the test carries it. So flights are counted, not
// timed, and a test says what is on its way when something happens.
import { onTestFinished } from "vitest";
import {
  type Connection,
  type ConnectOptions,
  connect,
  type ListenOptions,
  listen,
  type Peer,
  type RootFor,
  type Transport,
  type TransportHandler,
} from "../../../src/index.ts";
import { turnOver } from "../../support/ends.ts";

export interface Carried<T> {
  readonly courier: Courier;
  readonly connection: Connection<T>;
  readonly accepted: Connection;
}

let names = 0;

/** A client and a server that have said hello to each other. */
export async function carried<T = any>(
  root: RootFor,
  client: ConnectOptions = {},
  server: ListenOptions = {},
): Promise<Carried<T>> {
  const courier = new Courier();
  const serving = await listen(root, `memory://courier-${++names}`, { log: () => {}, ...server });
  serving.accept(courier.far);
  const [accepted] = serving.connections as Iterable<Connection>;
  const connecting = connect<T>(courier.near, { log: () => {}, ...client });
  await courier.trip(); // the greeting
  await courier.trip(); // the choice, and both hellos
  await courier.trip();
  const connection = await connecting;
  onTestFinished(async () => {
    courier.free();
    await connection.close();
    await serving.close();
  });
  courier.trips = 0;
  return { courier, connection, accepted: accepted as Connection };
}

export class Courier {
  readonly near: Transport;
  readonly far: Transport;
  /** Ways there and back. */
  trips = 0;
  readonly #ends: readonly [End, End];

  constructor() {
    this.#ends = [new End("near"), new End("far")];
    [this.near, this.far] = this.#ends;
    this.#ends[0].other = this.#ends[1];
    this.#ends[1].other = this.#ends[0];
  }

  /** Bytes that the client has written and that were not carried. */
  get there(): number {
    return this.#ends[0].bytes;
  }

  /** Carries all that the client has written, and lets the server do what it does about it. */
  async go(): Promise<void> {
    await settled();
    this.#ends[0].carry();
    await settled();
  }

  /** The other way. */
  async comeBack(): Promise<void> {
    await settled();
    this.#ends[1].carry();
    await settled();
  }

  async trip(): Promise<void> {
    this.trips++;
    await this.go();
    await this.comeBack();
  }

  /** Trips until the promise is settled; how many there were. */
  async until(promise: Promise<unknown>): Promise<number> {
    let over = false;
    const end = () => {
      over = true;
    };
    promise.then(end, end);
    const before = this.trips;
    await settled();
    for (let trip = 0; !over && trip < 1000; trip++) await this.trip();
    if (!over) throw new Error("a thousand trips did not do");
    return this.trips - before;
  }

  /** From now on the client's end asks for time with each write, until it was carried. */
  slow(): void {
    this.#ends[0].slow = true;
  }

  /** From now on all goes by itself. */
  free(): void {
    for (const end of this.#ends) end.free();
  }
}

/** All that needs no wire has happened. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await turnOver();
}

class End implements Transport {
  readonly peer: Peer;
  readonly unsent = 0;
  other: End | undefined;
  bytes = 0;
  slow = false;
  #handler: TransportHandler | undefined;
  #written: Uint8Array[] = [];
  #free = false;
  #closing = false;
  #ended = false;

  constructor(address: string) {
    this.peer = { scheme: "courier", address };
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
  }

  write(chunk: Uint8Array): boolean {
    this.#written.push(chunk);
    this.bytes += chunk.length;
    if (this.#free) queueMicrotask(() => this.carry());
    return !this.slow;
  }

  writev(chunks: readonly Uint8Array[]): boolean {
    for (const chunk of chunks) this.write(chunk);
    return !this.slow;
  }

  pause(): void {}
  resume(): void {}

  close(): void {
    this.#closing = true;
    if (this.#free) queueMicrotask(() => this.carry());
    queueMicrotask(() => this.ends());
  }

  abort(): void {
    this.#written = [];
    this.close();
  }

  carry(): void {
    const chunks = this.#written;
    this.#written = [];
    this.bytes = 0;
    // A copy: what lies on a wire does not change when its writer uses its memory again.
    for (const chunk of chunks) this.other?.arrived(chunk.slice());
    if (this.slow && chunks.length > 0 && !this.#ended) this.#handler?.drain();
    if (this.#closing) this.other?.ends();
  }

  arrived(chunk: Uint8Array): void {
    if (!this.#ended) this.#handler?.data(chunk);
  }

  free(): void {
    this.#free = true;
    this.carry();
  }

  ends(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#handler?.closed();
  }
}
