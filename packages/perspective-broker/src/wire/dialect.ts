// What every dialect implements (Dialect, Codec) and what it needs from the broker (ObjectTables). A dialect is a value: a
// bundle carries only those that it names. The broker never asks which dialect it speaks.
import type { Limits } from "../limits.ts";
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
  /** Whether a form or class of that name may be decoded at all (spec §3.7, step 2). */
  isTypeAllowed(name: string): boolean;
  /** The tag under which an instance travels as itself, with its state; undefined if its class is not registered. */
  encode(value: object): { readonly tag: string; readonly state: Record<string, unknown> } | undefined;
  /** Makes an instance of what was registered for a tag; undefined if nothing was. */
  decoder(tag: string): ((state: unknown) => unknown) | undefined;
}

/**
 * One connection's encoder and decoder.
 *
 * Each `send…` writes one whole message to the outbox, or throws and leaves no trace: no bytes, no counts, no ids.
 * Errors about the values are UnsendableError, DeclarationError, BananaError or LimitExceeded.
 */
export interface Codec {
  /** Whatever the dialect says right after it was chosen. */
  hello(): void;
  /** Returns the ids of the objects that were exported with it, one entry per occurrence, or undefined. */
  sendCall(
    id: number,
    target: ObjectId,
    method: string,
    args: readonly unknown[],
    keywords: Keywords | undefined,
    wantsAnswer: boolean,
  ): number[] | undefined;
  sendAnswer(id: RequestId, value: unknown): void;
  /** `later` tells whether the method failed after it had returned a promise. */
  sendError(id: RequestId, error: unknown, later: boolean): void;
  /** Gives back one receipt of an object of the peer's. */
  sendRelease(id: number): void;
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
  importReference(id: number): RemoteReference;
  /** The peer sent an object of ours home. Throws UnknownId for what was never given out, JellyError for what is gone. */
  localObject(id: ObjectId): object;
}
