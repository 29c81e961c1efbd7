// One codec with tables that are plain Maps and a handler that writes down what it is told: the wire without a broker.
import { JellyError, UnknownId } from "../../../src/errors.ts";
import { Registry, RemoteReference, type SecurityOptions } from "../../../src/index.ts";
import { defaultLimits, type Limits } from "../../../src/limits.ts";
import type { Conversation, Target } from "../../../src/references/conversation.ts";
import { targetOf } from "../../../src/references/remote-reference.ts";
import type { Keywords } from "../../../src/values/keywords.ts";
import { none, pb } from "../../../src/wire/banana/dialects.ts";
import type { ClassPolicy, Codec, ObjectTables, ValueOptions } from "../../../src/wire/dialect.ts";
import { defaultSecurity } from "../../../src/wire/jelly/security.ts";
import type { MessageHandler, ObjectId, RequestId } from "../../../src/wire/message.ts";
import { Outbox } from "../../../src/wire/outbox.ts";
import type { DialectName } from "./elements.ts";

export interface CodecOptions {
  readonly values?: Partial<ValueOptions>;
  readonly limits?: Partial<Limits>;
  readonly security?: SecurityOptions;
  readonly registry?: Registry;
  /** Instead of what registry and security say. */
  readonly classes?: ClassPolicy;
}

/** What a handler was told, one entry per message. */
export type Told =
  | {
      readonly kind: "called";
      readonly id: RequestId;
      readonly target: ObjectId;
      readonly method: string;
      readonly wantsAnswer: boolean;
      readonly args: unknown[];
      readonly keywords: Keywords | undefined;
      readonly received: number;
    }
  | { readonly kind: "unreadable"; readonly id: RequestId; readonly method: string; readonly error: unknown }
  | { readonly kind: "answered"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly error: unknown }
  | { readonly kind: "released"; readonly id: ObjectId }
  | { readonly kind: "notUnderstood"; readonly command: string };

const values: ValueOptions = {
  floats: "exact",
  dicts: "object",
  dates: "plain",
  unsendable: "throw",
  unsafeTracebacks: false,
};

export class CodecEnd implements ObjectTables, MessageHandler {
  readonly codec: Codec;
  readonly outbox = new Outbox();
  readonly told: Told[] = [];
  /** Our objects by id, from 1 on, each with its count. */
  readonly exports = new Map<number, { object: object; count: number }>();
  /** References to the peer's objects by id. */
  readonly imports = new Map<number, RemoteReference>();
  readonly names = new Map<string, object>();
  readonly dialect: DialectName;
  /** Ids of calls of ours that are to be answered; undefined: all. */
  awaited: Set<number> | undefined;
  readonly conversation: Conversation;

  constructor(dialect: DialectName = "pb", options: CodecOptions = {}) {
    this.dialect = dialect;
    const policy = (options.registry ?? new Registry()).policy(options.security, defaultSecurity());
    this.codec = (dialect === "pb" ? pb : none).open({
      outbox: this.outbox,
      tables: this,
      handler: this,
      limits: { ...defaultLimits, ...options.limits },
      values: { ...values, ...options.values },
      classes: options.classes ?? policy,
    });
    this.conversation = {
      call: () => {
        throw new Error("nobody calls here");
      },
      callOnly: () => {},
      release: (target, receipts) => {
        target.receipts -= receipts;
        for (let i = 0; i < receipts; i++) this.codec.sendRelease(target.id as number);
      },
      onDisconnect: () => ({ [Symbol.dispose]() {} }),
    };
  }

  /** What was written since the last time. */
  written(): Uint8Array {
    const bytes = Buffer.concat(this.outbox.take());
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Hands bytes over, in chunks of `size`, and handles all whole messages. */
  feed(bytes: Uint8Array, size: number = bytes.length): void {
    for (let at = 0; at < bytes.length; at += size) {
      this.codec.receive(bytes.slice(at, at + size));
      this.handleAll();
    }
  }

  /** Handles all whole messages; each takes at least a byte, so there is an end. */
  handleAll(): void {
    while (this.codec.next());
  }

  // ---- ObjectTables

  exportObject(object: object): number {
    for (const [id, entry] of this.exports) {
      if (entry.object !== object) continue;
      entry.count++;
      return id;
    }
    const id = this.exports.size + 1;
    this.exports.set(id, { object, count: 1 });
    return id;
  }

  unexport(id: number): void {
    const entry = this.exports.get(id);
    if (entry !== undefined && --entry.count === 0) this.exports.delete(id);
  }

  homeId(reference: RemoteReference): ObjectId | undefined {
    const target = targetOf(reference);
    return target.conversation === this.conversation ? target.id : undefined;
  }

  importReference(id: number): RemoteReference {
    let reference = this.imports.get(id);
    if (reference === undefined) {
      reference = new RemoteReference({ conversation: this.conversation, id, receipts: 0 } satisfies Target);
      this.imports.set(id, reference);
    }
    targetOf(reference).receipts++;
    return reference;
  }

  localObject(id: ObjectId): object {
    const object = typeof id === "number" ? this.exports.get(id)?.object : this.names.get(id);
    if (object !== undefined) return object;
    if (typeof id === "number") throw new UnknownId(`no object ${id}`);
    throw new JellyError(`no object ${id}`);
  }

  /** A reference of this end to the peer's object of that name. */
  named(name: string): RemoteReference {
    return new RemoteReference({ conversation: this.conversation, id: name, receipts: 0 } satisfies Target);
  }

  // ---- MessageHandler

  called(
    id: RequestId,
    target: ObjectId,
    method: string,
    wantsAnswer: boolean,
    args: unknown[],
    keywords: Keywords | undefined,
    received: RemoteReference[] | undefined,
  ): void {
    const count = received?.length ?? 0;
    this.told.push({ kind: "called", id, target, method, wantsAnswer, args, keywords, received: count });
  }

  unreadable(id: RequestId, _target: ObjectId, method: string, _wantsAnswer: boolean, error: unknown): void {
    this.told.push({ kind: "unreadable", id, method, error });
  }

  answered(id: number, value: unknown): void {
    this.awaited?.delete(id);
    this.told.push({ kind: "answered", id, value });
  }

  failed(id: number, error: unknown): void {
    this.awaited?.delete(id);
    this.told.push({ kind: "failed", id, error });
  }

  expected(id: number): boolean {
    return this.awaited?.has(id) ?? true;
  }

  released(id: ObjectId): void {
    this.told.push({ kind: "released", id });
  }

  notUnderstood(command: string): void {
    this.told.push({ kind: "notUnderstood", command });
  }
}

const heads = { pb: "03801b870181", none: "03800682616e737765720181" } as const;

/** The bytes of a value alone. */
export function valueBytes(value: unknown, dialect: DialectName = "pb", options: CodecOptions = {}): Uint8Array {
  const end = new CodecEnd(dialect, options);
  return valueBytesFrom(end, value);
}

/** The same, by an end that is there already. */
export function valueBytesFrom(end: CodecEnd, value: unknown): Uint8Array {
  end.codec.sendAnswer(1, value);
  return end.written().subarray(heads[end.dialect].length / 2);
}

/** What the bytes of one value are decoded to. Throws what the call would fail with, or what would close the connection. */
export function valueFrom(bytes: Uint8Array, dialect: DialectName = "pb", options: CodecOptions = {}): unknown {
  return valueFromAt(new CodecEnd(dialect, options), bytes);
}

/** The same, at an end that is there already. */
export function valueFromAt(end: CodecEnd, bytes: Uint8Array): unknown {
  end.feed(Buffer.concat([Buffer.from(heads[end.dialect], "hex"), bytes]));
  const told = end.told.pop();
  if (told?.kind === "answered") return told.value;
  throw told?.kind === "failed" ? told.error : new Error("the value is not complete");
}
