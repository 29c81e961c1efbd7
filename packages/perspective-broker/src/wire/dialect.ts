// What every dialect implements (Dialect, Codec) and what it needs from the broker (ObjectTables). A dialect is a value: a
// bundle carries only those that it names. The broker never asks which dialect it speaks.
import type { Cacheable } from "../flavors/cacheable.ts";
import type { Limits } from "../limits.ts";
import type { RemoteCache } from "../references/remote-cache.ts";
import type { RemoteReference } from "../references/remote-reference.ts";
import type { Keywords } from "../values/keywords.ts";
import type { MessageHandler, ObjectId, RequestId } from "./message.ts";
import type { Outbox } from "./outbox.ts";

/** A syntax for messages and values, negotiated by name (spec §2.9). */
export interface Dialect {
  readonly name: string;
  open(setup: CodecSetup): Codec;
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
   * encoded for `perspective` (spec §6.6). `to` says whether the target is an object of the peer's or its copy of ours.
   */
  sendCall(
    to: "object" | "cache",
    id: number,
    target: ObjectId,
    method: string,
    args: readonly unknown[],
    keywords: Keywords | undefined,
    wantsAnswer: boolean,
    perspective: object | null,
  ): number[] | undefined;
  sendAnswer(id: RequestId, value: unknown, perspective: object | null): void;
  /** `later` tells whether the method failed after it had returned a promise. */
  sendError(id: RequestId, error: unknown, later: boolean): void;
  /** Gives back one receipt of an object of the peer's. */
  sendRelease(id: number): void;
  /** Gives back one receipt of a cache of the peer's. */
  sendDecache(id: number): void;
  /** The id of a cache of ours is free. */
  sendUncache(id: number): void;
  /** Takes bytes of the peer; they belong to the codec. Nothing is handled yet. */
  receive(chunk: Uint8Array): void;
  /** Handles the next whole message and returns true, or returns false. Throws what the connection must be closed for. */
  next(): boolean;
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
}
