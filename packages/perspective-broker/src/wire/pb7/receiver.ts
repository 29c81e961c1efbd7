// One connection's frames of pb7 that come in (docs/pb7.md), as calls on the handler. What a peer must not do ends as a
// ProtocolError here; what concerns one value ends with its call.

import { ProtocolError } from "../../errors.ts";
import type { Keywords } from "../../values/keywords.ts";
import type { CodecSetup, ObjectTables, SessionHandler } from "../dialect.ts";
import type { Destinee, MessageHandler, PeerLimits } from "../message.ts";
import { Wants } from "../message.ts";
import { DEPENDENCY, ENVELOPE, KEYWORDS, NOT_RUN, TARGET, targets } from "./call-flags.ts";
import { Decoder, type Receipts } from "./decoder.ts";
import { type Processes, readEnvelope, readProbe } from "./envelope.ts";
import { FrameInbox, frames } from "./frames.ts";
import { readHello } from "./hello.ts";
import { LateMessage } from "./late.ts";
import { PiecesIn } from "./pieces-in.ts";
import type { Layout } from "./skim.ts";
import type { Skimmed } from "./skimmed.ts";
import { flags } from "./tags.ts";

/** What a call that waits takes beside the bytes of its body, roughly: calls without arguments have to be bounded, too. */
const WAITING = 128;

const NOBODY: SessionHandler = { ping() {}, pong() {}, acknowledged() {}, bye() {} };

/** The half that sends, as what comes concerns it. */
export interface Sender {
  /** How chains name processes on this connection. */
  readonly processes: Processes;
  peerGreeted(limits: PeerLimits): void;
  /** The peer has taken so many bytes of pieces; false if it was never sent so many. */
  taken(bytes: number): boolean;
  /** So many bytes of the peer's pieces were taken. */
  tellTaken(bytes: number): void;
  sendRelease(id: number): void;
}

export class Receiver {
  readonly #setup: CodecSetup;
  readonly #handler: MessageHandler;
  readonly #session: SessionHandler;
  readonly #tables: ObjectTables;
  readonly #sender: Sender;
  readonly #decoder: Decoder;
  readonly #inbox: FrameInbox;
  // What most connections never need is made when it is needed first.
  #in: PiecesIn | undefined;
  // Calls whose answers wait for pieces.
  #lateAnswers: Set<number> | undefined;
  #greeted = false;

  constructor(setup: CodecSetup, sender: Sender) {
    const { handler, tables, limits } = setup;
    this.#setup = setup;
    this.#handler = handler;
    this.#session = setup.session ?? NOBODY;
    this.#tables = tables;
    this.#sender = sender;
    this.#decoder = new Decoder(setup);
    this.#inbox = new FrameInbox(limits.message);
  }

  /** Bytes of the conversation so far. */
  get received(): number {
    return this.#inbox.received;
  }

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
        if (!this.#sender.taken(this.#only())) throw new ProtocolError("more pieces were taken than were sent");
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
    this.#sender.peerGreeted(limits);
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
    const envelope = (bits & ENVELOPE) === 0 ? undefined : readEnvelope(decoder, this.#sender.processes);
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
    const probe = readProbe(this.#decoder, this.#sender.processes);
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
    for (const id of others.objects) this.#sender.sendRelease(id);
    for (const id of others.caches) this.#tables.refuseCache(id);
    for (const id of others.streams) this.#tables.refuseStream(id);
  }

  get #piecesIn(): PiecesIn {
    this.#in ??= new PiecesIn(this.#setup.limits.bytes, this.#sender);
    return this.#in;
  }
}
