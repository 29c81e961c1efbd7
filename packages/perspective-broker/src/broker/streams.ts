// Streams of one connection: iterables of this side that the peer consumes, and those of the peer that are consumed here. What
// each may do when is in stream-producer.ts and stream-consumer.ts; here they have their numbers, their bounds, and a way out.

import { CallAborted, type CloseReason, ConnectionLost, LimitExceeded, ProtocolError, UnknownId } from "../errors.ts";
import type { Limits } from "../limits.ts";
import type { RemoteCache } from "../references/remote-cache.ts";
import type { RemoteReference } from "../references/remote-reference.ts";
import { feedOf, RemoteStream } from "../references/remote-stream.ts";
import type { Codec, MoreMessages } from "../wire/dialect.ts";
import type { Late } from "../wire/message.ts";
import { type Call, type CallStore, runningCallIfAny } from "./current-call.ts";
import { logFailure, sendFailure, unsendable } from "./failures.ts";
import { IdTable } from "./id-table.ts";
import type { Log } from "./log.ts";
import { type ConsumerHub, StreamConsumer } from "./stream-consumer.ts";
import { type ProducerHub, StreamProducer } from "./stream-producer.ts";
import type { Tables } from "./tables.ts";

export interface StreamsSetup {
  readonly codec: Pick<Codec, "more">;
  readonly limits: Pick<Limits, "streams">;
  readonly store: CallStore;
  readonly log: Log;
  /** The call whose result is being encoded: it goes on until the streams in it have ended. */
  onBehalfOf: Call | undefined;
  /** How many streams the peer takes; undefined before its hello. */
  readonly peerStreams: number | undefined;
  readonly congested: boolean;
  written(): void;
  whenWritable(fn: () => void): void;
  /** Not even an error can be sent: the connection cannot go on. */
  failed(error: unknown): void;
  /** Receipts that came with items. */
  readonly tables: Pick<Tables, "imports">;
  /** Nobody was given what came. */
  giveBack(received: readonly RemoteReference[] | undefined, caches: readonly RemoteCache[] | undefined): void;
}

// One for all connections.
const collected = new FinalizationRegistry<StreamConsumer>((consumer) => consumer.stop());

export class Streams implements ProducerHub, ConsumerHub {
  readonly store: CallStore;
  readonly #setup: StreamsSetup;
  readonly #given = new IdTable<StreamProducer>();
  readonly #held = new IdTable<StreamConsumer>();
  readonly #most: number;
  #last = 0;
  #ended = false;

  constructor(setup: StreamsSetup) {
    this.#setup = setup;
    this.store = setup.store;
    this.#most = setup.limits.streams;
  }

  /** Stops a value that nobody takes, if it is a stream of a peer. */
  static giveBack(value: unknown): void {
    if (value instanceof RemoteStream) feedOf(value).stop();
  }

  /** A result that is a stream: which method gave it, for its errors, and the signal that its caller has set. */
  static came(value: unknown, method: string, signal: AbortSignal | undefined): void {
    if (!(value instanceof RemoteStream)) return;
    const feed = feedOf(value);
    if (!(feed instanceof StreamConsumer)) return;
    feed.origin ??= method;
    if (signal?.aborted) feed.aborted(signal.reason);
    else if (signal !== undefined) feed.limit(signal);
  }

  inspect(): { given: number; held: number } {
    return { given: this.#given.size, held: this.#held.size };
  }

  // ---- Streams of this side

  /** An iterable is being sent, in a message that is encoded for `perspective`: its number. */
  give(iterable: object, perspective: object | null): number {
    const peerMost = this.#setup.peerStreams ?? Number.POSITIVE_INFINITY;
    const most = Math.min(this.#most, peerMost);
    if (this.#given.size >= most) {
      const whose = peerMost < this.#most ? "that the other side takes" : "limits.streams admits";
      throw new LimitExceeded("streams", `more streams are open than ${whose} (${most})`);
    }
    const id = ++this.#last;
    const holder = this.#setup.onBehalfOf;
    const call = holder ?? runningCallIfAny();
    this.#given.set(id, new StreamProducer(id, iterable, call, holder !== undefined, perspective, this));
    holder?.streamOpened();
    return id;
  }

  /** The message was not sent after all. The iterable is whose it was. */
  takeBack(id: number): void {
    const producer = this.#given.get(id);
    if (producer !== undefined) this.#forget(producer);
  }

  wanted(stream: number, items: number, bytes: number): void {
    this.#producer(stream)?.wanted(items, bytes);
  }

  stopped(stream: number): void {
    this.#producer(stream)?.stopped(new CallAborted(undefined, "unknown"));
  }

  threw(stream: number, error: unknown): void {
    this.#producer(stream)?.threw(error);
  }

  // ---- Streams of the peer

  /** The peer sent a stream. Throws LimitExceeded if there are too many. */
  receive(id: number): RemoteStream {
    if (id < 1 || this.#held.has(id)) throw new ProtocolError(`the stream ${id} was opened twice`);
    if (this.#held.size >= this.#most) {
      throw new LimitExceeded(
        "streams",
        `more streams of the peer are open than limits.streams admits (${this.#most})`,
      );
    }
    const consumer = new StreamConsumer(id, this);
    const stream = new RemoteStream(consumer);
    collected.register(stream, consumer, this);
    this.#held.set(id, consumer);
    return stream;
  }

  /** The peer sent a stream in a message that could not be decoded so far, or that was one too many. */
  refuse(id: number): void {
    if (this.#held.has(id)) return;
    if (this.#held.size >= this.#most * 2) throw new ProtocolError("the peer opens far more streams than it was told");
    const consumer = new StreamConsumer(id, this);
    this.#held.set(id, consumer);
    consumer.stop();
  }

  item(
    stream: number,
    value: unknown,
    bytes: number,
    late: Late | undefined,
    received?: readonly RemoteReference[],
    caches?: readonly RemoteCache[],
  ): void {
    this.#consumer(stream).item({ value, bytes, late, received, caches });
  }

  ended(stream: number): void {
    const consumer = this.#consumer(stream);
    this.#held.delete(stream);
    consumer.ended();
  }

  broke(stream: number, error: unknown): void {
    const consumer = this.#consumer(stream);
    this.#held.delete(stream);
    consumer.broke(error);
  }

  /** The connection has ended: iterables of this side are let go, and those of the peer have no more items. */
  end(reason: CloseReason): void {
    this.#ended = true;
    // The registry would keep this connection as long as the streams live, which what belongs to the connection may hold.
    collected.unregister(this);
    const lost = new ConnectionLost(reason, "unknown");
    const given = [...this.#given.values()];
    const held = [...this.#held.values()];
    this.#given.clear();
    this.#held.clear();
    for (const producer of given) producer.lost(lost);
    for (const consumer of held) consumer.lost(new ConnectionLost(reason, "unknown"));
  }

  // ---- ProducerHub

  get congested(): boolean {
    return this.#setup.congested;
  }

  whenWritable(fn: () => void): void {
    this.#setup.whenWritable(fn);
  }

  sendItem(producer: StreamProducer, value: unknown): number {
    this.#setup.onBehalfOf = producer.holds ? producer.call : undefined;
    try {
      const bytes = this.#more.sendItem(producer.id, value, producer.perspective);
      this.#setup.written();
      return bytes;
    } finally {
      this.#setup.onBehalfOf = undefined;
    }
  }

  sendEnd(producer: StreamProducer): void {
    this.#forget(producer);
    if (this.#ended) return;
    this.#more.sendEnd(producer.id);
    this.#setup.written();
  }

  sendBreak(producer: StreamProducer, error: unknown): void {
    this.#forget(producer);
    if (this.#ended) return;
    try {
      sendFailure(this.#setup.log, error, (sent) => this.#more.sendBreak(producer.id, sent));
    } catch (hopeless) {
      this.#setup.failed(hopeless);
      return;
    }
    this.#setup.written();
  }

  unsendable(producer: StreamProducer, error: unknown): unknown {
    return unsendable(this.#setup.log, `an item of ${shown(producer)}`, error);
  }

  failed(producer: StreamProducer, error: unknown): void {
    logFailure(this.#setup.log, shown(producer), error);
  }

  // ---- ConsumerHub

  sendWant(stream: number, items: number, bytes: number): void {
    if (this.#ended) return;
    this.#more.sendWant(stream, items, bytes);
    this.#setup.written();
  }

  sendStop(stream: number): void {
    if (this.#ended) return;
    this.#more.sendStop(stream);
    this.#setup.written();
  }

  sendThrow(stream: number, error: unknown): void {
    if (this.#ended) return;
    sendFailure(this.#setup.log, error, (sent) => this.#more.sendThrow(stream, sent));
    this.#setup.written();
  }

  keep(references: readonly RemoteReference[]): void {
    this.#setup.tables.imports.keep(references);
  }

  deliver(references: readonly RemoteReference[]): void {
    this.#setup.tables.imports.deliver(references);
  }

  giveBack(
    value: unknown,
    references: readonly RemoteReference[] | undefined,
    caches: readonly RemoteCache[] | undefined,
  ): void {
    this.#setup.giveBack(references, caches);
    Streams.giveBack(value);
  }

  aborted(reason: unknown): Error {
    return new CallAborted(reason, "unknown");
  }

  get #more(): MoreMessages {
    return this.#setup.codec.more as MoreMessages;
  }

  /** What the peer asks a stream for that has ended meanwhile is let pass. */
  #producer(stream: number): StreamProducer | undefined {
    if (stream < 1 || stream > this.#last) {
      throw new UnknownId(`the peer used the stream ${stream}, which it was never given`);
    }
    return this.#given.get(stream);
  }

  #consumer(stream: number): StreamConsumer {
    const consumer = this.#held.get(stream);
    if (consumer === undefined) throw new ProtocolError(`there is no stream ${stream} of the peer that is open`);
    return consumer;
  }

  #forget(producer: StreamProducer): void {
    if (this.#given.delete(producer.id) && producer.holds) producer.call?.streamEnded();
  }
}

function shown({ call }: StreamProducer): string {
  return call === undefined ? "a stream" : `a stream of ${call.method}`;
}
