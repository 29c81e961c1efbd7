// One connection's encoder and decoder of pb7 (docs/pb7.md): frames to calls on the handler, and calls to frames. What a peer must
// not do ends as a ProtocolError here; what concerns one value ends with its call.

import { ProtocolError } from "../../errors.ts";
import type { Keywords } from "../../values/keywords.ts";
import type { Codec, CodecSetup, MoreMessages, ObjectTables, SessionHandler } from "../dialect.ts";
import type { Destinee, Envelope, MessageHandler, ObjectId, PeerLimits, Probe, RequestId } from "../message.ts";
import { Wants } from "../message.ts";
import type { Outbox } from "../outbox.ts";
import { copyOf } from "./copy.ts";
import { Decoder, type Receipts } from "./decoder.ts";
import { type Cargo, Encoder } from "./encoder.ts";
import { readEnvelope, readProbe, writeEnvelope, writeProbe } from "./envelope.ts";
import { FrameInbox, frames } from "./frames.ts";
import { readHello, writeHello } from "./hello.ts";
import { LateMessage } from "./late.ts";
import { PiecesIn } from "./pieces-in.ts";
import { PiecesOut } from "./pieces-out.ts";
import type { Layout } from "./skim.ts";
import type { Skimmed } from "./skimmed.ts";
import { flags, HEAD } from "./tags.ts";

/** Flags of a call, beside those of every message with values. */
const KEYWORDS = 0x08;
const ENVELOPE = 0x10;
const TARGET = 0x60;
const targets: readonly (Destinee | "name")[] = ["object", "name", "cache", "result"];

/** Flags of a failure. */
const NOT_RUN = 0x01;
const DEPENDENCY = 0x02;

/** What a call that waits takes beside the bytes of its body, roughly: calls without arguments have to be bounded, too. */
const WAITING = 128;

const NOBODY: SessionHandler = { ping() {}, pong() {}, acknowledged() {}, bye() {} };

export class Pb7Codec implements Codec, MoreMessages {
  readonly #setup: CodecSetup;
  readonly #handler: MessageHandler;
  readonly #session: SessionHandler;
  readonly #tables: ObjectTables;
  readonly #encoder: Encoder;
  readonly #decoder: Decoder;
  readonly #inbox: FrameInbox;
  // What most connections never need is made when it is needed first.
  #out: PiecesOut | undefined;
  #in: PiecesIn | undefined;
  // What messages have in pieces, and which streams they open, that wait in boxes of their own.
  #boxed: Map<Outbox, Cargo> | undefined;
  #boxedBytes = 0;
  // Calls whose answers wait for pieces.
  #lateAnswers: Set<number> | undefined;
  // What may be on its way in pieces: what the peer takes, but no more than this side would.
  #bytes = 0;
  #peerProcess = 0;
  #greeted = false;

  constructor(setup: CodecSetup) {
    const { handler, tables, limits } = setup;
    this.#setup = setup;
    this.#handler = handler;
    this.#session = setup.session ?? NOBODY;
    this.#tables = tables;
    this.#encoder = new Encoder(setup);
    this.#decoder = new Decoder(setup);
    this.#inbox = new FrameInbox(limits.message);
  }

  get more(): MoreMessages {
    return this;
  }

  get received(): number {
    return this.#inbox.received;
  }

  hello(): void {
    const { greeting } = this.#setup;
    if (greeting === undefined) return;
    this.#frame(frames.hello, () => writeHello(this.#encoder, greeting));
  }

  // ---- Messages out

  sendCall(
    to: Destinee,
    id: number,
    target: ObjectId,
    method: string,
    args: readonly unknown[],
    keywords: Keywords | undefined,
    wants: number,
    perspective: object | null,
    envelope: Envelope | undefined,
    into?: Outbox,
  ): number[] | undefined {
    const encoder = this.#encoder;
    const kind = to === "object" ? (typeof target === "number" ? 0 : 0x20) : to === "cache" ? 0x40 : 0x60;
    const bits = wants | kind | (keywords === undefined ? 0 : KEYWORDS) | (envelope === undefined ? 0 : ENVELOPE);
    this.#begin(frames.call, bits, perspective);
    try {
      encoder.varint(id);
      if (typeof target === "number") encoder.varint(target);
      else encoder.name(target);
      encoder.name(method);
      if (envelope !== undefined) writeEnvelope(encoder, envelope, this.#processes);
      // An argument belongs to the library until its call is answered; what is never answered is copied.
      encoder.byReference = (wants & Wants.answer) !== 0;
      encoder.positional(args);
      if (keywords !== undefined) encoder.keywords(keywords);
      const cargo = encoder.commit(into);
      for (const transfer of cargo.transfers ?? []) transfer.call = id;
      this.#sent(cargo, into);
      if (cargo.caches === undefined) return cargo.exported;
      return cargo.exported === undefined ? cargo.caches : [...cargo.exported, ...cargo.caches];
    } catch (error) {
      encoder.rollback();
      throw error;
    }
  }

  sendAnswer(id: RequestId, value: unknown, perspective: object | null): void {
    this.#value(frames.answer, id as number, value, perspective);
  }

  sendError(id: RequestId, error: unknown, later: boolean, notRun?: { readonly dependency: boolean }): void {
    const bits = notRun === undefined ? 0 : notRun.dependency ? NOT_RUN | DEPENDENCY : NOT_RUN;
    this.#failure(frames.failure, bits, id as number, error, later);
  }

  sendRelease(id: number, into?: Outbox): void {
    this.#encoder.numbers(frames.release, into, id, 1);
  }

  sendDecache(id: number, into?: Outbox): void {
    this.#number(frames.decache, id, into);
  }

  sendUncache(id: number, into?: Outbox): void {
    this.#number(frames.uncache, id, into);
  }

  amend(outbox: Outbox, at: number, wants: number): boolean {
    return outbox.change(at + HEAD, Wants.answer | Wants.keeping, wants);
  }

  forward(box: Outbox): void {
    const { outbox } = this.#setup;
    outbox.frame = outbox.total;
    for (const chunk of box.take()) outbox.put(chunk, 0, chunk.length);
    const transfers = this.#boxed?.get(box)?.transfers;
    this.#unbox(box);
    if (transfers === undefined) return;
    this.#piecesOut.begin(transfers);
    this.#handler.more.room();
  }

  discard(box: Outbox): void {
    for (const id of this.#boxed?.get(box)?.streams ?? []) this.#tables.unexportStream(id);
    this.#unbox(box);
  }

  #unbox(box: Outbox): void {
    for (const { bytes } of this.#boxed?.get(box)?.transfers ?? []) this.#boxedBytes -= bytes.length;
    this.#boxed?.delete(box);
  }

  sendDrop(call: number, into?: Outbox): void {
    this.#number(frames.drop, call, into);
  }

  sendPull(call: number): void {
    this.#number(frames.pull, call);
  }

  sendCancel(call: number): boolean {
    const unsent = this.#out?.stop(call) ?? [];
    this.#number(frames.cancel, call);
    for (const transfer of unsent) this.#number(frames.void, transfer);
    return unsent.length > 0;
  }

  sendCredit(calls: number): void {
    this.#number(frames.credit, calls);
  }

  sendEcho(number: number, into?: Outbox): void {
    this.#number(frames.echo, number, into);
  }

  sendEchoed(number: number, into?: Outbox): void {
    this.#number(frames.echoed, number, into);
  }

  sendItem(stream: number, value: unknown, perspective: object | null): number {
    return this.#value(frames.item, stream, value, perspective);
  }

  sendEnd(stream: number): void {
    this.#number(frames.end, stream);
  }

  sendBreak(stream: number, error: unknown): void {
    this.#failure(frames.break, 0, stream, error, true);
  }

  sendWant(stream: number, items: number, bytes: number): void {
    this.#encoder.numbers(frames.want, undefined, stream, items, bytes);
  }

  sendStop(stream: number): void {
    this.#number(frames.stop, stream);
  }

  sendThrow(stream: number, error: unknown): void {
    this.#failure(frames.throw, 0, stream, error, true);
  }

  sendProbe(call: number, probe: Probe): void {
    this.#frame(frames.probe, () => {
      this.#encoder.varint(call);
      writeProbe(this.#encoder, probe, this.#processes);
    });
  }

  get inPieces(): boolean {
    return this.#out?.waiting ?? false;
  }

  sendPieces(until: () => boolean): boolean {
    return this.#out?.send(until) ?? false;
  }

  copy(value: unknown): unknown {
    return copyOf(value, this.#setup);
  }

  /** So many bytes of pieces were taken. */
  tellTaken(bytes: number): void {
    this.#number(frames.taken, bytes);
    this.#handler.more.replied();
  }

  // ---- Messages in

  receive(chunk: Uint8Array): void {
    this.#inbox.receive(chunk);
  }

  next(): boolean {
    const inbox = this.#inbox;
    while (inbox.next()) {
      const decoder = this.#decoder;
      decoder.read(inbox.buffer, inbox.start, inbox.end);
      if (this.#dispatch(inbox.type)) return true;
    }
    this.#decoder.rest();
    return false;
  }

  /** True if it was a message that costs its receiver a turn's share. */
  #dispatch(type: number): boolean {
    if (!this.#greeted && type >= frames.hello && type !== frames.hello && this.#setup.greeting !== undefined) {
      throw new ProtocolError("a message came before the hello");
    }
    const decoder = this.#decoder;
    const { more } = this.#handler;
    switch (type) {
      case frames.call:
        this.#call();
        return true;
      case frames.answer:
        this.#answer();
        return true;
      case frames.failure:
        this.#failed();
        return true;
      case frames.release:
        this.#released();
        return true;
      case frames.drop:
        this.#each((id) => more.dropped(id));
        return true;
      case frames.name:
        decoder.defineName();
        return false;
      case frames.shape:
        decoder.defineShape();
        return false;
      case frames.piece:
        this.#piecesIn.piece(this.#inbox.transfer, this.#inbox.buffer, this.#inbox.start, this.#inbox.end);
        return true;
      case frames.item:
        this.#item();
        return true;
      case frames.credit:
        more.credited(this.#only());
        return false;
      case frames.taken:
        if (!this.#piecesOut.taken(this.#only())) throw new ProtocolError("more pieces were taken than were sent");
        more.room();
        return false;
      case frames.want:
        this.#want();
        return true;
      default:
        return this.#dispatchRare(type);
    }
  }

  #dispatchRare(type: number): boolean {
    const { more } = this.#handler;
    switch (type) {
      case frames.decache:
        this.#each((id) => this.#handler.decached(id));
        break;
      case frames.uncache:
        this.#each((id) => this.#handler.uncached(id));
        break;
      case frames.pull:
        more.pulled(this.#only());
        break;
      case frames.cancel:
        more.cancelled(this.#only());
        break;
      case frames.echo:
        more.echo(this.#only());
        break;
      case frames.echoed:
        more.echoed(this.#only());
        break;
      case frames.void:
        this.#piecesIn.void(this.#only());
        break;
      case frames.end:
        more.ended(this.#only());
        break;
      case frames.break:
        this.#broken((stream, error) => more.broke(stream, error));
        break;
      case frames.stop:
        more.stopped(this.#only());
        break;
      case frames.throw:
        this.#broken((stream, error) => more.threw(stream, error));
        break;
      case frames.probe:
        this.#probed();
        break;
      case frames.hello:
        this.#hello();
        break;
      default:
        return this.#dispatchSession(type);
    }
    return true;
  }

  #dispatchSession(type: number): boolean {
    const decoder = this.#decoder;
    switch (type) {
      case frames.ping:
        this.#session.ping();
        break;
      case frames.pong:
        this.#session.pong();
        break;
      case frames.ack:
        this.#session.acknowledged(this.#only());
        return false;
      case frames.bye: {
        const code = decoder.string();
        const message = decoder.string();
        decoder.finish();
        this.#session.bye(code, message);
        return true; // the last frame: whoever asks for the next one knows by now
      }
      default:
        throw new ProtocolError(`there is no frame of type ${type}`);
    }
    decoder.finish();
    return false;
  }

  #hello(): void {
    if (this.#greeted) throw new ProtocolError("a second hello");
    this.#greeted = true;
    const limits: PeerLimits = readHello(this.#decoder);
    this.#encoder.peerMessage = limits.message;
    this.#bytes = Math.min(limits.bytes, this.#setup.limits.bytes);
    this.#peerProcess = limits.process;
    this.#handler.more.greeted(limits);
  }

  #call(): void {
    const decoder = this.#decoder;
    const bits = decoder.byte();
    const id = decoder.varint();
    const kind = targets[(bits & TARGET) >> 5] as Destinee | "name";
    const target = kind === "name" ? decoder.name() : decoder.varint();
    const to = kind === "name" ? "object" : kind;
    const method = decoder.name();
    const envelope = (bits & ENVELOPE) === 0 ? undefined : readEnvelope(decoder, this.#processes);
    const wants = bits & (Wants.answer | Wants.keeping);
    const wantsAnswer = (wants & Wants.answer) !== 0;
    const keep = (wants & Wants.keeping) !== 0;
    const bytes = decoder.end - this.#inbox.start + WAITING;
    const withKeywords = (bits & KEYWORDS) !== 0;
    decoder.perspective = to === "object" ? this.#tables.perspectiveOf(target) : null;
    decoder.flags(bits);
    const handler = this.#handler;
    let late: LateMessage | undefined;
    if ((bits & flags.late) !== 0) {
      late = this.#late(withKeywords ? "call" : "arguments");
      const { received, caches } = late;
      const args: unknown[] = [];
      const keywords = undefined;
      handler.called({
        to,
        id,
        target,
        method,
        wantsAnswer,
        keep,
        envelope,
        late,
        args,
        keywords,
        received,
        caches,
        bytes,
      });
      return;
    }
    const start = decoder.at;
    let args: unknown[];
    let keywords: Keywords | undefined;
    try {
      args = decoder.positional();
      keywords = withKeywords ? decoder.keywords() : undefined;
      decoder.complete();
      decoder.finish();
    } catch (error) {
      this.#giveBack(start, withKeywords ? "call" : "arguments", error);
      handler.unreadable(id, target, method, wants, error);
      return;
    }
    const { received, caches } = decoder;
    decoder.received = decoder.caches = decoder.streams = undefined;
    // One literal, so that all calls are of one hidden class: spreading made this the costliest line of a call.
    handler.called({
      to,
      id,
      target,
      method,
      wantsAnswer,
      keep,
      envelope,
      late,
      args,
      keywords,
      received,
      caches,
      bytes,
    });
  }

  #answer(): void {
    const decoder = this.#decoder;
    const bits = decoder.byte();
    const id = this.#expected();
    decoder.perspective = null;
    decoder.flags(bits);
    if ((bits & flags.late) !== 0) {
      this.#lateAnswer(id, "value", (value, { received, caches }) => {
        this.#handler.answered(id, value, received, caches);
      });
      return;
    }
    const start = decoder.at;
    let value: unknown;
    try {
      value = decoder.value();
      decoder.complete();
      decoder.finish();
    } catch (error) {
      this.#giveBack(start, "value", error);
      this.#handler.failed(id, error, undefined, undefined);
      return;
    }
    const { received, caches } = decoder;
    decoder.received = decoder.caches = decoder.streams = undefined;
    this.#handler.answered(id, value, received, caches);
  }

  #failed(): void {
    const decoder = this.#decoder;
    const bits = decoder.byte();
    const id = this.#expected();
    const notRun = (bits & NOT_RUN) === 0 ? undefined : { dependency: (bits & DEPENDENCY) !== 0 };
    decoder.perspective = null;
    decoder.flags(bits);
    if ((bits & flags.late) !== 0) {
      this.#lateAnswer(id, "failure", (error, { received, caches }) => {
        this.#handler.failed(id, error, received, caches, notRun);
      });
      return;
    }
    const error = this.#error();
    const { received, caches } = decoder;
    decoder.received = decoder.caches = decoder.streams = undefined;
    this.#handler.failed(id, error, received, caches, notRun);
  }

  /** An answer that is told when its pieces have come; meanwhile no other answer to its call can come. */
  #lateAnswer(id: number, layout: Layout, told: (value: unknown, late: LateMessage) => void): void {
    const late = this.#late(layout);
    this.#lateAnswers ??= new Set();
    this.#lateAnswers.add(id);
    late.whenComplete(() => {
      this.#lateAnswers?.delete(id);
      if (!this.#handler.expected(id)) {
        late.giveBack();
        return;
      }
      let value: unknown;
      try {
        value = late.value();
      } catch (error) {
        this.#handler.failed(id, error, undefined, undefined);
        return;
      }
      told(value, late);
    });
  }

  #item(): void {
    const decoder = this.#decoder;
    const bits = decoder.byte();
    const stream = decoder.varint();
    const bytes = decoder.end - this.#inbox.start;
    decoder.perspective = null;
    decoder.flags(bits);
    if ((bits & flags.late) !== 0) {
      const late = this.#late("value");
      this.#handler.more.item(stream, undefined, bytes + late.bytes, late, late.received, late.caches);
      return;
    }
    const start = decoder.at;
    let value: unknown;
    try {
      value = decoder.value();
      decoder.complete();
      decoder.finish();
    } catch (error) {
      this.#giveBack(start, "value", error);
      this.#handler.more.item(stream, undefined, bytes, LateMessage.failed(error));
      return;
    }
    const { received, caches } = decoder;
    decoder.received = decoder.caches = decoder.streams = undefined;
    this.#handler.more.item(stream, value, bytes, undefined, received, caches);
  }

  #broken(told: (stream: number, error: unknown) => void): void {
    const decoder = this.#decoder;
    const bits = decoder.byte();
    const stream = decoder.varint();
    decoder.perspective = null;
    decoder.flags(bits);
    if ((bits & flags.late) !== 0) throw new ProtocolError("the failure of a stream cannot come in pieces");
    const error = this.#error();
    decoder.received = decoder.caches = decoder.streams = undefined;
    told(stream, error);
  }

  /** The failure that follows, or why it cannot be decoded. */
  #error(): unknown {
    const decoder = this.#decoder;
    const start = decoder.at;
    try {
      const error = decoder.failure();
      decoder.complete();
      decoder.finish();
      return error;
    } catch (unreadable) {
      this.#giveBack(start, "failure", unreadable);
      return unreadable;
    }
  }

  #released(): void {
    const decoder = this.#decoder;
    while (decoder.at < decoder.end) {
      const id = decoder.varint();
      const receipts = decoder.varint();
      for (let i = 0; i < receipts; i++) if (!this.#handler.released(id)) break;
    }
  }

  #want(): void {
    const decoder = this.#decoder;
    const stream = decoder.varint();
    const items = decoder.varint();
    const bytes = decoder.varint();
    decoder.finish();
    this.#handler.more.wanted(stream, items, bytes);
  }

  #probed(): void {
    const call = this.#decoder.varint();
    const probe = readProbe(this.#decoder, this.#processes);
    this.#decoder.finish();
    this.#handler.more.probed(call, probe);
  }

  #expected(): number {
    const id = this.#decoder.varint();
    if (!this.#handler.expected(id) || this.#lateAnswers?.has(id)) {
      throw new ProtocolError("an answer to a call that was never made, or was answered already");
    }
    return id;
  }

  /** A body that is one number. */
  #only(): number {
    const number = this.#decoder.varint();
    this.#decoder.finish();
    return number;
  }

  /** A body of numbers. */
  #each(told: (number: number) => void): void {
    while (this.#decoder.at < this.#decoder.end) told(this.#decoder.varint());
  }

  /** The message whose values follow lacks something: what it counts is counted now. */
  #late(layout: Layout): LateMessage {
    const decoder = this.#decoder;
    decoder.received = decoder.caches = decoder.streams = undefined;
    const skimmed = decoder.skim(layout);
    const pieces = this.#piecesIn;
    const late = new LateMessage(decoder, skimmed, layout, pieces, (message) => this.#giveBackSkimmed(message));
    for (const { id, length } of skimmed.transfers) pieces.begin(id, length, late);
    return late;
  }

  /** Gives back every receipt of a message that could not be decoded: the peer has counted them all. */
  #giveBack(start: number, layout: Layout, error: unknown): void {
    if (error instanceof ProtocolError) throw error;
    const decoder = this.#decoder;
    decoder.at = start;
    const { objects, caches, streams } = decoder.receipts(layout);
    const decoded = { received: decoder.received ?? [], caches: decoder.caches ?? [], streams: decoder.streams ?? [] };
    decoder.received = decoder.caches = decoder.streams = undefined;
    this.#giveBackAll(decoded, { objects, caches, streams });
  }

  #giveBackSkimmed({ received, caches, streams, refused }: Skimmed): void {
    this.#giveBackAll({ received, caches, streams }, refused);
  }

  #giveBackAll(decoded: Pick<Skimmed, "received" | "caches" | "streams">, others: Receipts): void {
    for (const reference of decoded.received) reference.release();
    for (const cache of decoded.caches) this.#tables.giveBackCache(cache);
    for (const stream of decoded.streams) this.#tables.giveBackStream(stream);
    for (const id of others.objects) this.sendRelease(id);
    for (const id of others.caches) this.#tables.refuseCache(id);
    for (const id of others.streams) this.#tables.refuseStream(id);
  }

  // ---- Frames out

  #begin(type: number, bits: number | undefined, perspective: object | null): void {
    this.#encoder.begin(type, bits, perspective);
    this.#encoder.peerBytes = Math.max(0, this.#bytes - (this.#out?.open ?? 0) - this.#boxedBytes);
  }

  #value(type: number, id: number, value: unknown, perspective: object | null): number {
    const encoder = this.#encoder;
    this.#begin(type, 0, perspective);
    try {
      encoder.varint(id);
      encoder.value(value);
      let size = encoder.out.length - HEAD;
      const cargo = encoder.commit();
      for (const { bytes } of cargo.transfers ?? []) size += bytes.length;
      this.#sent(cargo, undefined);
      return size;
    } catch (error) {
      encoder.rollback();
      throw error;
    }
  }

  #failure(type: number, bits: number, id: number, error: unknown, later: boolean): void {
    const encoder = this.#encoder;
    this.#begin(type, bits, null);
    if (type !== frames.failure) encoder.peerBytes = 0;
    try {
      encoder.varint(id);
      encoder.failure(error, later);
      this.#sent(encoder.commit(), undefined);
    } catch (unsendable) {
      encoder.rollback();
      throw unsendable;
    }
  }

  /** The message is on its way: what it has in pieces follows. */
  #sent(cargo: Cargo, into: Outbox | undefined): void {
    const { transfers, streams } = cargo;
    if (into !== undefined) {
      if (transfers !== undefined || streams !== undefined) this.#box(into, cargo);
      for (const { bytes } of transfers ?? []) this.#boxedBytes += bytes.length;
      return;
    }
    if (transfers === undefined) return;
    this.#piecesOut.begin(transfers);
    this.#handler.more.room();
  }

  #box(into: Outbox, cargo: Cargo): void {
    this.#boxed ??= new Map();
    this.#boxed.set(into, cargo);
  }

  #number(type: number, number: number, into?: Outbox): void {
    this.#encoder.numbers(type, into, number);
  }

  /** A frame without values. */
  #frame(type: number, write: () => void): void {
    this.#encoder.begin(type, undefined, null);
    try {
      write();
      this.#encoder.commit();
    } catch (error) {
      this.#encoder.rollback();
      throw error;
    }
  }

  get #piecesOut(): PiecesOut {
    this.#out ??= new PiecesOut(this.#encoder, this.#setup.outbox, this.#setup.clock);
    return this.#out;
  }

  get #piecesIn(): PiecesIn {
    this.#in ??= new PiecesIn(this.#setup.limits.bytes, this);
    return this.#in;
  }

  /** How chains name processes on this connection. */
  get #processes(): { own: number; peer: number } {
    return { own: this.#setup.greeting?.process ?? 0, peer: this.#peerProcess };
  }
}
