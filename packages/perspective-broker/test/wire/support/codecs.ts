// One codec with tables that are plain Maps and a handler that writes down what it is told: the wire without a broker.
import { JellyError, UnknownId, UnsendableError } from "../../../src/errors.ts";
import {
  type Cacheable,
  Registry,
  type RemoteCache,
  RemoteReference,
  type SecurityOptions,
} from "../../../src/index.ts";
import { defaultLimits, type Limits } from "../../../src/limits.ts";
import type { Conversation, Target } from "../../../src/references/conversation.ts";
import { Observer, type ObserverConversation } from "../../../src/references/observer.ts";
import { bindCache, type CacheTarget, cacheTarget } from "../../../src/references/remote-cache.ts";
import { targetOf } from "../../../src/references/remote-reference.ts";
import type { Keywords } from "../../../src/values/keywords.ts";
import { none, pb } from "../../../src/wire/banana/dialects.ts";
import type { ClassPolicy, Codec, ObjectTables, TaggedState, ValueOptions } from "../../../src/wire/dialect.ts";
import { tagToCopy } from "../../../src/wire/jelly/tag.ts";
import type { IncomingCall, MessageHandler, ObjectId, RequestId } from "../../../src/wire/message.ts";
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

interface ToldCall {
  readonly id: RequestId;
  readonly target: ObjectId;
  readonly method: string;
  readonly wantsAnswer: boolean;
  readonly args: unknown[];
  readonly keywords: Keywords | undefined;
  readonly received: number;
  readonly caches: number;
}

/** What a handler was told, one entry per message. */
export type Told =
  | (ToldCall & { readonly kind: "called" })
  | (ToldCall & { readonly kind: "observed" })
  | { readonly kind: "unreadable"; readonly id: RequestId; readonly method: string; readonly error: unknown }
  | { readonly kind: "answered"; readonly id: number; readonly value: unknown }
  | { readonly kind: "failed"; readonly id: number; readonly error: unknown }
  | { readonly kind: "released"; readonly id: ObjectId }
  | { readonly kind: "decached" | "uncached"; readonly id: number }
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
  /** Our Cacheables by id; objects and caches share the numbers. */
  readonly given = new Map<number, { cacheable: Cacheable; count: number }>();
  /** Copies of the peer's by id. */
  readonly held = new Map<number, RemoteCache>();
  readonly names = new Map<string, object>();
  readonly dialect: DialectName;
  /** Ids of calls of ours that are to be answered; undefined: all. */
  awaited: Set<number> | undefined;
  readonly conversation: Conversation;
  readonly #classes: ClassPolicy;
  readonly #silent: ObserverConversation = {
    callObserver: () => {
      throw new Error("nobody observes here");
    },
    callObserverOnly: () => {},
  };
  readonly #releasing: CacheTarget["conversation"] = {
    releaseCache: (target, receipts) => {
      target.receipts -= receipts;
      for (let i = 0; i < receipts; i++) this.codec.sendDecache(target.id);
    },
  };

  constructor(dialect: DialectName = "pb", options: CodecOptions = {}) {
    this.dialect = dialect;
    this.#classes = options.classes ?? (options.registry ?? new Registry()).policy(options.security);
    this.codec = (dialect === "pb" ? pb : none).open({
      outbox: this.outbox,
      tables: this,
      handler: this,
      limits: { ...defaultLimits, ...options.limits },
      values: { ...values, ...options.values },
      classes: this.#classes,
    });
    const nobody = (): never => {
      throw new Error("nobody calls here");
    };
    this.conversation = {
      ...{ call: nobody, callOnly: nobody, post: nobody, pack: nobody, unpack: nobody, report: nobody },
      ...{ congested: false, whenWritable: nobody, whenGivenBack: nobody },
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
    const id = this.#nextId();
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

  perspectiveOf(): null {
    return null;
  }

  exportCache(cacheable: Cacheable, perspective: object | null): { id: number; fresh: TaggedState | undefined } {
    for (const [id, entry] of this.given) {
      if (entry.cacheable !== cacheable) continue;
      entry.count++;
      return { id, fresh: undefined };
    }
    const id = this.#nextId();
    const tag = tagToCopy(cacheable, perspective, this.#classes);
    const state = cacheable.getStateToCacheAndObserveFor(perspective, new Observer(this.#silent));
    this.given.set(id, { cacheable, count: 1 });
    return { id, fresh: { tag, state } };
  }

  unexportCache(id: number): void {
    const entry = this.given.get(id);
    if (entry !== undefined && --entry.count === 0) this.given.delete(id);
  }

  cachesSent(): void {}

  cacheHomeId(cache: RemoteCache): number | undefined {
    const target = cacheTarget(cache);
    return target?.conversation === this.#releasing ? target.id : undefined;
  }

  importCache(id: number, create: () => RemoteCache): RemoteCache {
    if (this.held.has(id)) throw new JellyError(`cache ${id} is known`);
    const cache = create();
    bindCache(cache, { conversation: this.#releasing, id, receipts: 1 } satisfies CacheTarget);
    this.held.set(id, cache);
    return cache;
  }

  importCacheAgain(id: number): RemoteCache {
    const cache = this.held.get(id);
    if (cache === undefined) throw new JellyError(`no cache ${id}`);
    (cacheTarget(cache) as CacheTarget).receipts++;
    return cache;
  }

  // What only pb7 has: its own tests have a broker for it.

  pendingResult(): undefined {
    return undefined;
  }

  keptResult(): never {
    throw new UnknownId("no results are kept here");
  }

  exportStream(): never {
    throw new UnsendableError("", "streams are not sent here");
  }

  unexportStream(): void {}

  importStream(): never {
    throw new UnknownId("no streams are read here");
  }

  giveBackStream(): void {}

  refuseStream(): void {}

  localCache(id: number): Cacheable {
    const cacheable = this.given.get(id)?.cacheable;
    if (cacheable === undefined) throw new UnknownId(`no cache ${id} was given out`);
    return cacheable;
  }

  giveBackCache(cache: RemoteCache): void {
    this.#releasing.releaseCache(cacheTarget(cache) as CacheTarget, 1);
  }

  refuseCache(id: number): void {
    this.codec.sendDecache(id);
  }

  #nextId(): number {
    return this.exports.size + this.given.size + 1;
  }

  // ---- MessageHandler

  get more(): never {
    throw new Error("Banana has no such messages");
  }

  called(call: IncomingCall): void {
    const { to, id, target, method, wantsAnswer, args, keywords } = call;
    const kind = to === "object" ? "called" : "observed";
    const counts = { received: call.received?.length ?? 0, caches: call.caches?.length ?? 0 };
    this.told.push({ kind, id, target, method, wantsAnswer, args, keywords, ...counts });
  }

  unreadable(id: RequestId, _target: ObjectId, method: string, _wants: number, error: unknown): void {
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

  released(id: ObjectId): boolean {
    this.told.push({ kind: "released", id });
    return true;
  }

  decached(id: number): void {
    this.told.push({ kind: "decached", id });
  }

  uncached(id: number): void {
    this.told.push({ kind: "uncached", id });
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
  end.codec.sendAnswer(1, value, null);
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
