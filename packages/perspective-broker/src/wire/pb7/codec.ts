// One connection's codec of pb7 (docs/pb7.md), and its half that sends: calls to frames, each whole or not at all.
import type { Keywords } from "../../values/keywords.ts";
import type { Codec, CodecSetup, MoreMessages, ObjectTables } from "../dialect.ts";
import type { Destinee, Envelope, MessageHandler, ObjectId, PeerLimits, Probe, RequestId } from "../message.ts";
import { Wants } from "../message.ts";
import type { Outbox } from "../outbox.ts";
import { DEPENDENCY, ENVELOPE, KEYWORDS, NOT_RUN } from "./call-flags.ts";
import { copyOf } from "./copy.ts";
import { type Cargo, Encoder } from "./encoder.ts";
import { type Processes, writeEnvelope, writeProbe } from "./envelope.ts";
import { frames } from "./frames.ts";
import { writeHello } from "./hello.ts";
import { PiecesOut } from "./pieces-out.ts";
import { Receiver, type Sender } from "./receiver.ts";
import { HEAD } from "./tags.ts";

export class Pb7Codec implements Codec, MoreMessages, Sender {
  readonly #setup: CodecSetup;
  readonly #handler: MessageHandler;
  readonly #tables: ObjectTables;
  readonly #encoder: Encoder;
  readonly #receiver: Receiver;
  // What most connections never need is made when it is needed first.
  #out: PiecesOut | undefined;
  // What messages have in pieces, and which streams they open, that wait in boxes of their own.
  #boxed: Map<Outbox, Cargo> | undefined;
  #boxedBytes = 0;
  // What may be on its way in pieces: what the peer takes, but no more than this side would.
  #bytes = 0;
  #peerProcess = 0;

  constructor(setup: CodecSetup) {
    this.#setup = setup;
    this.#handler = setup.handler;
    this.#tables = setup.tables;
    this.#encoder = new Encoder(setup);
    this.#receiver = new Receiver(setup, this);
  }

  get more(): MoreMessages {
    return this;
  }

  get received(): number {
    return this.#receiver.received;
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
      if (envelope !== undefined) writeEnvelope(encoder, envelope, this.processes);
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
      writeProbe(this.#encoder, probe, this.processes);
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

  receive(chunk: Uint8Array): void {
    this.#receiver.receive(chunk);
  }

  next(): boolean {
    return this.#receiver.next();
  }

  // ---- Sender: what comes and concerns this half

  get processes(): Processes {
    return { own: this.#setup.greeting?.process ?? 0, peer: this.#peerProcess };
  }

  peerGreeted(limits: PeerLimits): void {
    this.#encoder.peerMessage = limits.message;
    this.#bytes = Math.min(limits.bytes, this.#setup.limits.bytes);
    this.#peerProcess = limits.process;
  }

  taken(bytes: number): boolean {
    return this.#piecesOut.taken(bytes);
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
}
