// The peer's messages that not every dialect has, each to whom it concerns.
import type { RemoteCache } from "../references/remote-cache.ts";
import type { RemoteReference } from "../references/remote-reference.ts";
import type { Codec } from "../wire/dialect.ts";
import type { Late, MoreHandler, PeerLimits, Probe } from "../wire/message.ts";
import type { OutgoingCall } from "./calls.ts";
import type { Dispatcher } from "./dispatch.ts";
import { IdTable } from "./id-table.ts";
import type { Outgoing } from "./outgoing.ts";
import type { Streams } from "./streams.ts";

export interface MoreSetup {
  readonly codec: Codec;
  readonly outgoing: Outgoing;
  readonly dispatcher: Dispatcher;
  readonly streams: Streams;
  written(): void;
  sendPieces(): void;
  greeted(peer: PeerLimits): void;
}

export class MoreReceived implements MoreHandler {
  readonly #setup: MoreSetup;
  // Our calls that resulted in an object of this side, by their ids.
  #echoes: IdTable<{ readonly call: OutgoingCall; readonly value: unknown }> | undefined;

  constructor(setup: MoreSetup) {
    this.#setup = setup;
  }

  /** Fulfils a call when all that was called through it before has arrived. */
  afterEcho(call: OutgoingCall, value: unknown): void {
    const { codec, outgoing } = this.#setup;
    this.#echoes ??= new IdTable();
    this.#echoes.set(call.id, { call, value });
    // Behind those that wait for the peer's word.
    outgoing.inOrder((into) => codec.more?.sendEcho(call.id, into));
  }

  /** The connection has ended: nothing that was called through a result can come any more, and the results are known. */
  end(): void {
    const echoes = this.#echoes?.values() ?? [];
    this.#echoes = undefined;
    for (const { call, value } of echoes) call.fulfil(value);
  }

  greeted(limits: PeerLimits): void {
    this.#setup.greeted(limits);
  }

  cancelled(call: number): void {
    this.#setup.dispatcher.cancel(call);
  }

  dropped(call: number): void {
    this.#setup.dispatcher.drop(call);
  }

  pulled(call: number): void {
    this.#setup.dispatcher.pull(call);
  }

  credited(calls: number): void {
    this.#setup.outgoing.credited(calls);
  }

  echo(number: number): void {
    const { codec, outgoing, dispatcher } = this.#setup;
    const echoed = () => outgoing.inOrder((into) => codec.more?.sendEchoed(number, into));
    const kept = dispatcher.results.find(number);
    if (kept === undefined) echoed();
    else dispatcher.arrival.afterCallsThrough(kept, echoed);
  }

  echoed(number: number): void {
    const echo = this.#echoes?.get(number);
    if (echo === undefined) return;
    this.#echoes?.delete(number);
    echo.call.fulfil(echo.value);
    this.#setup.outgoing.forget(echo.call);
  }

  item(
    stream: number,
    value: unknown,
    bytes: number,
    late: Late | undefined,
    received?: RemoteReference[],
    caches?: RemoteCache[],
  ): void {
    this.#setup.streams.item(stream, value, bytes, late, received, caches);
  }

  ended(stream: number): void {
    this.#setup.streams.ended(stream);
  }

  broke(stream: number, error: unknown): void {
    this.#setup.streams.broke(stream, error);
  }

  wanted(stream: number, items: number, bytes: number): void {
    this.#setup.streams.wanted(stream, items, bytes);
  }

  stopped(stream: number): void {
    this.#setup.streams.stopped(stream);
  }

  threw(stream: number, error: unknown): void {
    this.#setup.streams.threw(stream, error);
  }

  probed(call: number, probe: Probe): void {
    this.#setup.dispatcher.probed(call, probe);
  }

  room(): void {
    this.#setup.sendPieces();
  }

  replied(): void {
    this.#setup.written();
  }
}
