// A sender and a receiver of pb7's values without a conversation: frames go across as bytes, and the tables of objects are
// simple ones that write down what was counted.

import { JellyError } from "../../../src/errors.ts";
import type { Cacheable } from "../../../src/flavors/cacheable.ts";
import { defaultLimits, type Limits } from "../../../src/limits.ts";
import type { RemoteCache } from "../../../src/references/remote-cache.ts";
import type { ObjectTables, ValueOptions } from "../../../src/wire/dialect.ts";
import { Registry } from "../../../src/wire/jelly/registry.ts";
import type { SecurityOptions } from "../../../src/wire/jelly/security.ts";
import { Outbox } from "../../../src/wire/outbox.ts";
import { Decoder } from "../../../src/wire/pb7/decoder.ts";
import { type Cargo, Encoder } from "../../../src/wire/pb7/encoder.ts";

export const ANSWER = 0x14;
const NAME = 0x11;
const SHAPE = 0x12;

export class Tables implements ObjectTables {
  /** Receipts by id: what is exported, given back and so on. */
  readonly exported: number[] = [];
  readonly cached: number[] = [];
  readonly sent: number[] = [];
  readonly streams: number[] = [];
  readonly imported: number[] = [];
  readonly importedCaches: number[] = [];
  readonly importedStreams: number[] = [];
  readonly objects = new Map<object, number>();
  readonly caches = new Map<object, number>();
  readonly references = new Map<number | string, object>();
  readonly copies = new Map<number, RemoteCache>();
  readonly results = new Map<number, unknown>();
  gone = new Set<number | string>();
  most = Number.POSITIVE_INFINITY;

  exportObject(object: object): number {
    const id = this.objects.get(object) ?? this.objects.size + 1;
    this.objects.set(object, id);
    this.exported.push(id);
    return id;
  }
  unexport(id: number): void {
    this.exported.splice(this.exported.lastIndexOf(id), 1);
  }
  homeId(reference: object): number | string | undefined {
    for (const [id, one] of this.references) if (one === reference) return id;
    return undefined;
  }
  importReference(id: number): any {
    if (this.imported.length >= this.most) throw new JellyError("too many");
    this.imported.push(id);
    const known = this.references.get(id) ?? { reference: id };
    this.references.set(id, known);
    return known;
  }
  localObject(id: number | string): object {
    if (this.gone.has(id)) throw new JellyError("it is gone");
    for (const [object, known] of this.objects) if (known === id) return object;
    return { local: id };
  }
  perspectiveOf(): object | null {
    return null;
  }
  exportCache(cacheable: Cacheable, perspective: object | null): any {
    const known = this.caches.get(cacheable);
    const id = known ?? this.caches.size + 1;
    this.caches.set(cacheable, id);
    this.cached.push(id);
    if (known !== undefined) return { id, fresh: undefined };
    const state = cacheable.getStateToCacheAndObserveFor(perspective, {} as any);
    return { id, fresh: { tag: cacheable.getTypeToCopy(), state } };
  }
  unexportCache(id: number): void {
    this.cached.splice(this.cached.lastIndexOf(id), 1);
  }
  cachesSent(ids: readonly number[]): void {
    this.sent.push(...ids);
  }
  cacheHomeId(cache: RemoteCache): number | undefined {
    for (const [id, one] of this.copies) if (one === cache) return id;
    return undefined;
  }
  importCache(id: number, create: () => RemoteCache): RemoteCache {
    this.importedCaches.push(id);
    const cache = create();
    this.copies.set(id, cache);
    return cache;
  }
  importCacheAgain(id: number): RemoteCache {
    const cache = this.copies.get(id);
    if (cache === undefined) throw new JellyError("no such cache");
    this.importedCaches.push(id);
    return cache;
  }
  localCache(id: number): any {
    for (const [object, known] of this.caches) if (known === id) return object;
    return { cache: id };
  }
  giveBackCache(): void {}
  refuseCache(): void {}
  pendingResult(_result: object): number {
    return 9;
  }
  keptResult(call: number): unknown {
    return this.results.get(call);
  }
  exportStream(): number {
    const id = this.streams.length + 1;
    this.streams.push(id);
    return id;
  }
  unexportStream(id: number): void {
    this.streams.splice(this.streams.lastIndexOf(id), 1);
  }
  importStream(id: number): object {
    this.importedStreams.push(id);
    return { stream: id };
  }
  giveBackStream(): void {}
  refuseStream(): void {}
}

export interface Options {
  readonly registry?: Registry;
  readonly security?: SecurityOptions;
  readonly limits?: Partial<Limits>;
  readonly values?: Partial<ValueOptions>;
}

export interface Frame {
  readonly type: number;
  readonly body: Uint8Array;
}

const stock: ValueOptions = {
  floats: "number",
  dicts: "object",
  dates: "plain",
  unsendable: "throw",
  unsafeTracebacks: false,
};

/** One side that sends and one that receives. */
export class Sides {
  readonly sender = new Tables();
  readonly receiver = new Tables();
  readonly outbox = new Outbox();
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  cargo: Cargo = {};

  constructor({ registry = new Registry(), security, limits, values }: Options = {}) {
    const common = {
      classes: registry.policy(security),
      values: { ...stock, ...values },
      limits: { ...defaultLimits, ...limits },
    };
    this.encoder = new Encoder({ ...common, outbox: this.outbox, tables: this.sender });
    this.decoder = new Decoder({ ...common, tables: this.receiver });
  }

  /** What writing a frame puts into the outbox: definitions first. */
  write(fill: (encoder: Encoder) => void): Frame[] {
    this.encoder.begin(ANSWER, 0, null);
    try {
      fill(this.encoder);
      this.cargo = this.encoder.commit();
    } catch (error) {
      this.encoder.rollback();
      throw error;
    }
    return framesIn(Buffer.concat(this.outbox.take()));
  }

  send(value: unknown): Frame[] {
    return this.write((encoder) => encoder.value(value));
  }

  /** Takes what defines names and shapes; returns the bodies of the others. */
  define(frames: readonly Frame[]): Uint8Array[] {
    const bodies: Uint8Array[] = [];
    for (const { type, body } of frames) {
      this.decoder.read(body, 0, body.length);
      if (type === NAME) this.decoder.defineName();
      else if (type === SHAPE) this.decoder.defineShape();
      else bodies.push(body);
    }
    return bodies;
  }

  /** Reads one value behind a byte of flags. */
  read(body: Uint8Array): unknown {
    const { decoder } = this;
    decoder.received = decoder.caches = decoder.streams = undefined;
    decoder.read(body, 0, body.length);
    decoder.flags(decoder.byte());
    const value = decoder.value();
    decoder.finish();
    decoder.complete();
    return value;
  }

  receive(frames: readonly Frame[]): unknown {
    return this.define(frames).map((body) => this.read(body))[0];
  }

  trip(value: unknown): unknown {
    return this.receive(this.send(value));
  }
}

export function framesIn(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [type, low, middle, high] = bytes.subarray(at) as unknown as [number, number, number, number];
    const end = at + 4 + (low | (middle << 8) | (high << 16));
    frames.push({ type, body: bytes.slice(at + 4, end) });
    at = end;
  }
  return frames;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/..(?=.)/g, "$& ");
}

export function unhex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
}
