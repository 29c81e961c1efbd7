// What every dialect implements (Dialect, Codec) and what it needs from the broker (ObjectTables). A dialect is a value: a
// bundle carries only those that it names. The broker never asks which dialect it speaks.
import type { Cacheable } from "../flavors/cacheable.ts";
import type { Limits } from "../limits.ts";
import type { Clock } from "../platform/clock.ts";
import type { RemoteCache } from "../references/remote-cache.ts";
import type { RemoteReference } from "../references/remote-reference.ts";
import type { RemoteResult } from "../references/remote-result.ts";
import type { Keywords } from "../values/keywords.ts";
import type { Destinee, Envelope, MessageHandler, ObjectId, PeerLimits, Probe, RequestId } from "./message.ts";
import type { Outbox } from "./outbox.ts";

/** A syntax for messages and values, negotiated by name (spec §2.9). */
export interface Dialect {
  readonly name: string;
  open(setup: CodecSetup): Codec;
  /** The frames of the layer below the conversation, if the dialect has one. Such a dialect tells `greeted` of the peer's hello. */
  readonly session?: SessionFrames;
}

/** Frames about the connection itself, whole. */
export interface SessionFrames {
  readonly ping: Uint8Array;
  readonly pong: Uint8Array;
  bye(code: string, message: string): Uint8Array;
}

/** Told of the frames about the connection itself. */
export interface SessionHandler {
  ping(): void;
  pong(): void;
  /** The peer has received so many bytes of the conversation. */
  acknowledged(bytes: number): void;
  bye(code: string, message: string): void;
}

/** How values are mapped; the values table of the guide says what each option does. */
export interface ValueOptions {
  readonly floats: "number" | "exact";
  readonly dicts: "object" | "map";
  readonly dates: "plain" | "date";
  readonly unsendable: "throw" | "unpersistable";
  readonly unsafeTracebacks: boolean;
}

export interface CodecSetup {
  readonly outbox: Outbox;
  readonly tables: ObjectTables;
  readonly handler: MessageHandler;
  readonly limits: Limits;
  readonly values: ValueOptions;
  readonly classes: ClassPolicy;
  /** What this side tells the peer of itself; only dialects that greet need it. */
  readonly greeting?: PeerLimits;
  readonly session?: SessionHandler;
  readonly clock?: Clock;
}

/** Which classes cross, and how. wire/jelly makes one of a registry and security options. */
export interface ClassPolicy {
  /**
   * Whether a form or class of that name may be decoded at all (spec §3.7, step 2); undefined if nothing was said of it, and the
   * dialect's own default holds.
   */
  isTypeAllowed(name: string): boolean | undefined;
  /** The tag and state of an instance that travels as itself; undefined if its class is not registered. */
  encode(value: object): TaggedState | undefined;
  /** The same for an error that was thrown; undefined if it is to travel as every error does. */
  encodeThrown(error: Error): TaggedState | undefined;
  /** The tag that a class was registered under, if it was. */
  tagOf(kind: unknown): string | undefined;
  /** What was registered for a tag. */
  decoder(tag: string): Decoder | undefined;
}

/** `[tag state]` (spec §3.4). */
export interface TaggedState {
  readonly tag: string;
  readonly state: object;
}

/**
 * Makes an object of a tag's state. `made`: in one go, when the state is complete. `filled`: created first, so that its own
 * state can refer to it, and filled when the state is complete. `cache`: the same, and it follows its original from then on.
 */
export type Decoder =
  | { readonly kind: "made"; make(state: unknown): unknown }
  | { readonly kind: "filled"; create(): object; fill(object: object, state: unknown): void }
  | { readonly kind: "cache"; create(): RemoteCache; fill(object: object, state: unknown): void };

/**
 * One connection's encoder and decoder.
 *
 * Each `send…` writes one whole message to the outbox, or throws and leaves no trace: no bytes, no counts, no ids.
 * Errors about the values are UnsendableError, DeclarationError, BananaError or LimitExceeded.
 */
export interface Codec {
  /** Whatever the dialect says right after it was chosen. */
  hello(): void;
  /**
   * Returns the ids of the objects and caches that were given out with it, one entry per occurrence, or undefined. The arguments are
   * encoded for `perspective` (spec §6.6). `to` says what the target is; a result only where the dialect has `more`. `wants` has
   * the bits of `Wants`. `into` is where the message goes instead of the outbox, to be put there later.
   */
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
  ): number[] | undefined;
  sendAnswer(id: RequestId, value: unknown, perspective: object | null): void;
  /**
   * `later` tells whether the method failed after it had returned a promise; `notRun` that it was not called, `dependency`
   * because a call failed whose result it needs.
   */
  sendError(id: RequestId, error: unknown, later: boolean, notRun?: { readonly dependency: boolean }): void;
  /** Gives back one receipt of an object of the peer's. `into` as in sendCall. */
  sendRelease(id: number, into?: Outbox): void;
  /** Gives back one receipt of a cache of the peer's. */
  sendDecache(id: number, into?: Outbox): void;
  /** The id of a cache of ours is free. */
  sendUncache(id: number, into?: Outbox): void;
  /** Takes bytes of the peer; they belong to the codec. Nothing is handled yet. */
  receive(chunk: Uint8Array): void;
  /** Handles the next whole message and returns true, or returns false. Throws what the connection must be closed for. */
  next(): boolean;
  /** What not every dialect can carry. */
  readonly more: MoreMessages | undefined;
}

/** Messages beyond those of Twisted's Perspective Broker. */
export interface MoreMessages {
  /**
   * Changes what a call wants that stands in `outbox` from the position `at` on and was not taken yet; false if it was.
   */
  amend(outbox: Outbox, at: number, wants: number): boolean;
  /** Puts a message that was written into a box of its own into the outbox; what it has in pieces follows. */
  forward(box: Outbox): void;
  /** Such a message will not be sent. */
  discard(box: Outbox): void;
  sendDrop(call: number, into?: Outbox): void;
  sendPull(call: number): void;
  /** True if the call can never run, as pieces of it have not left. */
  sendCancel(call: number): boolean;
  sendCredit(calls: number): void;
  sendEcho(number: number, into?: Outbox): void;
  sendEchoed(number: number, into?: Outbox): void;
  /** Returns the size of the message. */
  sendItem(stream: number, value: unknown, perspective: object | null): number;
  sendEnd(stream: number): void;
  sendBreak(stream: number, error: unknown): void;
  sendWant(stream: number, items: number, bytes: number): void;
  sendStop(stream: number): void;
  sendThrow(stream: number, error: unknown): void;
  sendProbe(call: number, probe: Probe): void;
  /** Sends pieces while the peer takes them and `until()` is false; true if more could be sent now. */
  sendPieces(until: () => boolean): boolean;
  /** Whether pieces wait that have not left. */
  readonly inPieces: boolean;
  /** A value as the other side would get it, objects of both sides as they are. */
  copy(value: unknown): unknown;
  /** Bytes of the conversation that were received: those about the connection itself do not count. */
  readonly received: number;
}

/** The tables of objects of one connection, as a dialect sees them. The broker implements it. */
export interface ObjectTables {
  /**
   * An object of ours is being sent: counts one receipt and returns its id. Throws DeclarationError for a class that
   * declares its methods wrongly and LimitExceeded when the table is full. `unexport` takes one count back.
   */
  exportObject(object: object): number;
  unexport(id: number): void;
  /** A reference is being sent home: its id over there, or undefined if it is dead or of another connection. */
  homeId(reference: RemoteReference): ObjectId | undefined;
  /** The peer sent an object of its own: counts one receipt. Throws LimitExceeded when the table is full. */
  importReference(id: number, perspective: object | null): RemoteReference;
  /** The peer sent an object of ours home. Throws UnknownId for what was never given out, JellyError for what is gone. */
  localObject(id: ObjectId): object;
  /** From whose perspective the peer's calls of an object are encoded and decoded. */
  perspectiveOf(target: ObjectId): object | null;

  /**
   * A Cacheable of ours is being sent: counts one receipt. `fresh` has tag and state if this peer does not know it yet.
   * `carried` are those of the same message so far; throws UnsendableError for one that another message is to make.
   * `unexportCache` takes one count back.
   */
  exportCache(
    cacheable: Cacheable,
    perspective: object | null,
    carried: readonly number[] | undefined,
  ): { id: number; fresh: TaggedState | undefined };
  unexportCache(id: number): void;
  /** The message that carries these caches is encoded: now messages to them can follow. */
  cachesSent(ids: readonly number[]): void;
  /** A copy is being sent home: its id over there, or undefined if it is dead or of another connection. */
  cacheHomeId(cache: RemoteCache): number | undefined;
  /** The peer sent a Cacheable that is new here: counts one receipt of the copy that `create` makes. */
  importCache(id: number, create: () => RemoteCache): RemoteCache;
  /** The peer sent a Cacheable again. Throws UnknownId or JellyError if there is no copy of that id. */
  importCacheAgain(id: number): RemoteCache;
  /** The peer sent a copy of a Cacheable of ours home. Throws UnknownId or JellyError if there is none of that id. */
  localCache(id: number): Cacheable;
  /** Gives back a receipt that was counted here, of a message that could not be decoded. */
  giveBackCache(cache: RemoteCache): void;
  /** Gives back a receipt that was never counted here, as the message could not be decoded so far. */
  refuseCache(id: number): void;

  /**
   * A result of a call that is not there yet is being sent: the id of that call. Throws NotYet if the message has to wait for
   * it; undefined if it cannot be sent in this message at all.
   */
  pendingResult(result: RemoteResult<unknown>): number | undefined;
  /** What a call of the peer's has resulted in, for a message that refers to it; it is there. */
  keptResult(call: number): unknown;
  /** A stream of ours is being sent: its number. Its items are encoded for `perspective`. `unexportStream` takes it back. */
  exportStream(iterable: object, perspective: object | null): number;
  unexportStream(id: number): void;
  /** The peer sent a stream. Throws LimitExceeded or ProtocolError. */
  importStream(id: number): object;
  /** A stream came with a message that is not handled: nobody will consume it. */
  giveBackStream(stream: object): void;
  /** The same of a stream that was never received here, as its message could not be decoded so far. */
  refuseStream(id: number): void;
}
