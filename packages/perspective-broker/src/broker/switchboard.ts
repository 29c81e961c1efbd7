// The parts of one conversation, and how each reaches the others: it is the one thing that all of them are given. What most
// connections never use is made when it is first asked for: a thousand idle connections are a common case.

import { platform } from "#platform";
import { type CloseCode, type CloseReason, LimitExceeded, PerspectiveBrokerError } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { Clock } from "../platform/clock.ts";
import type { RemoteCache } from "../references/remote-cache.ts";
import type { RemoteReference } from "../references/remote-reference.ts";
import type { ClassPolicy, Codec, CodecSetup, Dialect, ValueOptions } from "../wire/dialect.ts";
import type { MessageHandler, PeerLimits } from "../wire/message.ts";
import type { Outbox } from "../wire/outbox.ts";
import type { Call, CallConnection, CallStore } from "./current-call.ts";
import { Dispatcher, type DispatcherSetup } from "./dispatch.ts";
import { Flow, type FlowSetup } from "./flow.ts";
import { Interception } from "./interceptors.ts";
import type { Log } from "./log.ts";
import { MoreReceived, type MoreSetup } from "./more-received.ts";
import type { Names } from "./names.ts";
import { Outgoing, type OutgoingSetup } from "./outgoing.ts";
import { Packing } from "./packing.ts";
import { type BrokerSession, type BrokerSettings, greetingOf } from "./settings.ts";
import { Streams, type StreamsSetup } from "./streams.ts";
import { Tables, type TablesConversation, type TablesSetup } from "./tables.ts";
import { Writers } from "./writers.ts";

type Setups = CodecSetup & DispatcherSetup & FlowSetup & MoreSetup & OutgoingSetup & StreamsSetup & TablesSetup;

export class Switchboard implements Setups {
  readonly conversation: TablesConversation & MessageHandler;
  readonly session: BrokerSession;
  readonly connection: CallConnection;
  readonly tables: Tables;
  readonly codec: Codec;
  readonly dispatcher: Dispatcher;
  readonly flow: Flow;
  readonly more: MoreReceived;
  onBehalfOf: Call | undefined;
  peerStreams: number | undefined;
  // What the peer said of calls, until there are any.
  #peerCalls: number | undefined;
  #peerResults = 0;
  #outgoing: Outgoing | undefined;
  /** Why the conversation has ended. */
  lost: CloseReason | undefined;
  readonly #dialect: Dialect;
  readonly #settings: BrokerSettings;
  #interception: Interception | undefined;
  #streams: Streams | undefined;
  // Those who send pieces and items, and those who make calls.
  #writers: Writers | undefined;
  #callers: Writers | undefined;
  // Pieces could be sent, and wait for room.
  #piecesWait = false;
  #packing: Packing | undefined;

  constructor(
    conversation: TablesConversation & MessageHandler,
    dialect: Dialect,
    settings: BrokerSettings,
    session: BrokerSession,
    connection: CallConnection,
    names: Names,
  ) {
    this.conversation = conversation;
    this.session = session;
    this.connection = connection;
    this.#dialect = dialect;
    this.#settings = settings;
    this.tables = new Tables(this, names);
    this.codec = dialect.open(this);
    this.dispatcher = new Dispatcher(this);
    this.flow = new Flow(this);
    this.more = new MoreReceived(this);
  }

  // ---- What all connections of a program share

  get limits(): Limits {
    return this.#settings.limits;
  }

  get values(): ValueOptions {
    return this.#settings.values;
  }

  get classes(): ClassPolicy {
    return this.#settings.classes;
  }

  get store(): CallStore {
    return this.#settings.store;
  }

  get interceptors(): BrokerSettings["interceptors"] {
    return this.#settings.interceptors;
  }

  get log(): Log {
    return this.#settings.log;
  }

  get clock(): Clock {
    return this.#settings.clock;
  }

  get greeting(): PeerLimits {
    return greetingOf(this.#settings);
  }

  // ---- Parts

  get handler(): MessageHandler {
    return this.conversation;
  }

  get outbox(): Outbox {
    return this.session.outbox;
  }

  /** What calls go through; undefined if no call has to now. */
  get interception(): Interception | undefined {
    if (this.#interception === undefined && Interception.isWanted(this)) this.#interception = new Interception(this);
    return this.#interception;
  }

  /** Our calls; who only answers has none. */
  get outgoing(): Outgoing {
    if (this.#outgoing === undefined) {
      this.#outgoing = new Outgoing(this);
      if (this.#peerCalls !== undefined) this.#outgoing.greeted(this.#peerCalls, this.#peerResults);
    }
    return this.#outgoing;
  }

  get outgoingIfAny(): Outgoing | undefined {
    return this.#outgoing;
  }

  get streams(): Streams {
    if (this.#streams === undefined) {
      this.#streams = new Streams(this);
      if (this.lost !== undefined) this.#streams.end(this.lost);
    }
    return this.#streams;
  }

  /** The streams, if there ever were any. */
  get streamsIfAny(): Streams | undefined {
    return this.#streams;
  }

  get packing(): Packing {
    this.#packing ??= new Packing(this.#dialect, this.#settings);
    return this.#packing;
  }

  /** Everything ends for those who wait for room, and nobody waits for it any more. */
  endWriters(): void {
    this.#writers?.end();
    this.#callers?.end();
  }

  // ---- What they say to each other

  greeted(peer: PeerLimits): void {
    this.peerStreams = peer.streams;
    this.#peerCalls = peer.calls;
    this.#peerResults = peer.results;
    this.#outgoing?.greeted(peer.calls, peer.results);
    this.session.greeted(peer);
  }

  calling(): void {
    this.session.output.calling();
  }

  called(): void {
    this.flow.called();
  }

  wanted(): void {
    this.session.output.wanted();
  }

  written(): void {
    this.flow.written();
  }

  awaiting(): void {
    this.flow.readAgain();
  }

  sent(): number {
    return this.session.output.sent;
  }

  get congested(): boolean {
    return this.session.output.congested;
  }

  /** The reason why nothing more can be written now, if there is one. */
  full(): Error | undefined {
    const { outputBytes } = this.limits;
    if (this.session.output.unsent + (this.#outgoing?.gate.bytes ?? 0) <= outputBytes) return undefined;
    return new LimitExceeded("outputBytes", `more than limits.outputBytes (${outputBytes}) wait to be sent`);
  }

  /** Whether those who can wait with their calls had better do so. */
  get busy(): boolean {
    return this.congested || (this.#outgoing?.gate.waiting ?? false) || (this.codec.more?.inPieces ?? false);
  }

  get whenFull(): "reject" | "wait" {
    return this.#settings.whenFull;
  }

  /** Runs `fn` when there is room for calls. */
  whenRoom(fn: () => void): void {
    this.#callers ??= this.#newWriters(this.conversation);
    this.#callers.add(fn);
  }

  /** Runs `fn` when the transport has room. Not behind calls: what they wait for may be an item. */
  whenWritable(fn: () => void): void {
    this.#writers ??= this.#newWriters(this.session.output);
    this.#writers.add(fn);
  }

  tellCallers(): void {
    this.#callers?.tell();
  }

  /** The transport has room again. */
  drained(): void {
    this.#writers?.tell();
    this.#callers?.tell();
    this.flow.readAgain();
  }

  sendRelease(id: number): void {
    this.outgoing.inOrder((into) => this.codec.sendRelease(id, into));
  }

  sendDecache(id: number): void {
    this.outgoing.inOrder((into) => this.codec.sendDecache(id, into));
  }

  sendPieces(): void {
    // Where the transport was full when the connection ended it stays so, and there is nothing to wait for.
    if (this.#piecesWait || this.lost !== undefined) return;
    this.#piecesWait = this.codec.more?.sendPieces(() => this.congested) ?? false;
    if (this.#piecesWait) {
      this.whenWritable(() => {
        this.#piecesWait = false;
        this.sendPieces();
      });
    }
    this.written();
  }

  /** What the peer refers to by the id of a call: an object as itself, everything else as a copy. */
  keptResult(id: number): unknown {
    const value = this.dispatcher.arrival.keptResult(id);
    return this.codec.more?.copy(value);
  }

  /** What nobody was given. */
  giveBack(received: readonly RemoteReference[] | undefined, caches: readonly RemoteCache[] | undefined): void {
    for (const reference of received ?? []) reference.release();
    for (const cache of caches ?? []) this.tables.held.giveBack(cache);
  }

  complain(what: string, error: unknown): void {
    this.log({ level: "error", message: `${what} failed`, error });
  }

  failed(error: unknown): void {
    this.session.fail(this.#reasonFor(error));
  }

  tooManyReferences(): void {
    const message = "limits.references was exceeded again and again";
    // After the answer that says so.
    platform.endOfTurn(() => this.session.fail({ code: "LIMIT_EXCEEDED", message }));
  }

  #newWriters(output: { readonly congested: boolean }): Writers {
    const writers = new Writers(output);
    if (this.lost !== undefined) writers.end();
    return writers;
  }

  #reasonFor(error: unknown): CloseReason {
    if (error instanceof PerspectiveBrokerError)
      return { code: error.code as CloseCode, message: error.message, error };
    this.log({ level: "error", message: "an error inside of the library", error });
    return { code: "INTERNAL_ERROR", message: String(error), ...(error instanceof Error ? { error } : {}) };
  }
}
