// Values that are seldom met, or whose cost lies elsewhere: leaves of the library and the language, instances, references.
// What becomes of each is the values table of the guide.
import { Avatar } from "../../flavors/avatar.ts";
import { Cacheable } from "../../flavors/cacheable.ts";
import { Copyable } from "../../flavors/copyable.ts";
import { Referenceable } from "../../flavors/referenceable.ts";
import { Viewable, viewPoint } from "../../flavors/viewable.ts";
import { RemoteCache } from "../../references/remote-cache.ts";
import { RemoteReference } from "../../references/remote-reference.ts";
import { RemoteResult } from "../../references/remote-result.ts";
import { Decimal } from "../../values/decimal.ts";
import { Duration } from "../../values/duration.ts";
import { Float } from "../../values/float.ts";
import { Keywords } from "../../values/keywords.ts";
import { PlainDate } from "../../values/plain-date.ts";
import { PlainDateTime } from "../../values/plain-date-time.ts";
import { PlainTime } from "../../values/plain-time.ts";
import { Unpersistable } from "../../values/unpersistable.ts";
import type { TaggedState } from "../dialect.ts";
import { tagToCopy } from "../jelly/tag.ts";
import { magnitudeOf } from "./bigints.ts";
import { bytesOf, isDetached, kindOfBuffer } from "./buffers.ts";
import type { Encoder } from "./encoder.ts";
import { AGGREGATE, kindOfError, messageOf, nameOf, otherProperties } from "./error-values.ts";
import { LARGEST_BIGINT, tags } from "./tags.ts";

/** What encoder.ts does not write itself. */
export function writeOther(encoder: Encoder, value: unknown): void {
  if (typeof value === "bigint") writeBigint(encoder, value);
  else if (typeof value !== "object" || value === null) {
    encoder.unsendable(value, `a ${typeof value} cannot be sent`);
  } else if (value instanceof RemoteReference) writeHome(encoder, value);
  else if (value instanceof Referenceable) writeReferenceable(encoder, value);
  else if (!writeLeaf(encoder, value)) writeByClass(encoder, value);
}

/** `[tag state]`: the state is an object that nothing else refers to, or a Map. */
export function writeInstance(encoder: Encoder, { tag, state }: TaggedState): void {
  encoder.out.byte(tags.instance);
  encoder.name(tag);
  writeState(encoder, state);
}

export function className(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "" ? name : "an unnamed class";
}

function writeState(encoder: Encoder, state: object): void {
  encoder.enter();
  if (state instanceof Map) encoder.inner(state);
  else encoder.properties(state);
  encoder.leave();
}

function writeBigint(encoder: Encoder, value: bigint): void {
  const bytes = magnitudeOf(value);
  if (bytes.length > LARGEST_BIGINT) {
    encoder.unsendable(value, `a bigint of more than ${LARGEST_BIGINT} bytes cannot be sent`);
    return;
  }
  encoder.out.head(tags.bigint, bytes.length * 2 + (value < 0n ? 1 : 0));
  encoder.out.bytes(bytes);
}

function writeHome(encoder: Encoder, reference: RemoteReference): void {
  const id = encoder.tables.homeId(reference);
  if (id === undefined) {
    encoder.unsendable(
      reference,
      "a reference can only be sent over the connection that it came from, while that lives",
    );
  } else if (typeof id === "number") {
    encoder.out.head(tags.local, id);
  } else {
    encoder.out.byte(tags.published);
    encoder.out.string(id);
  }
}

function writeReferenceable(encoder: Encoder, object: Referenceable): void {
  const id = encoder.tables.exportObject(object);
  const { cargo } = encoder;
  cargo.exported ??= [];
  cargo.exported.push(id);
  encoder.out.head(tags.remote, id);
}

function writeLeaf(encoder: Encoder, value: object): boolean {
  const { out } = encoder;
  if (value instanceof Float) writeFloat(encoder, value.value);
  else if (value instanceof Date) {
    if (!encoder.isNew(value)) return true;
    out.byte(tags.date);
    out.double(value.getTime());
  } else if (value instanceof PlainDateTime) {
    const { year, month, day, hour, minute, second, subsecondMicroseconds } = value;
    fields(encoder, tags.plainDateTime, [year, month, day, hour, minute, second, subsecondMicroseconds]);
  } else if (value instanceof PlainDate) {
    fields(encoder, tags.plainDate, [value.year, value.month, value.day]);
  } else if (value instanceof PlainTime) {
    fields(encoder, tags.plainTime, [value.hour, value.minute, value.second, value.subsecondMicroseconds]);
  } else if (value instanceof Duration) {
    fields(encoder, tags.duration, [value.days, value.seconds, value.microseconds]);
  } else if (value instanceof Decimal) {
    out.byte(tags.decimal);
    writeBigint(encoder, value.coefficient);
    out.number(value.exponent);
  } else if (value instanceof Unpersistable) {
    out.byte(tags.unpersistable);
    out.string(value.reason);
  } else if (value instanceof Keywords) {
    encoder.unsendable(value, "keywords go last in a call and nowhere else");
  } else if (value instanceof RemoteResult) {
    writeResult(encoder, value);
  } else if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    writeBuffer(encoder, value);
  } else if (value instanceof RegExp) {
    if (!encoder.isNew(value)) return true;
    out.byte(tags.regExp);
    out.string(value.source);
    out.string(value.flags);
  } else if (value instanceof URL) {
    if (!encoder.isNew(value)) return true;
    out.byte(tags.url);
    out.string(value.href);
  } else {
    return false;
  }
  return true;
}

/** A `Float` that is not integral is what every receiver takes for a number. */
function writeFloat({ out }: Encoder, value: number): void {
  if (!Number.isInteger(value) || Object.is(value, -0)) {
    out.number(value);
    return;
  }
  out.byte(tags.float);
  out.double(value);
}

function fields(encoder: Encoder, tag: number, numbers: readonly number[]): void {
  encoder.out.byte(tag);
  encoder.out.string(numbers.join(" "));
}

function writeBuffer(encoder: Encoder, value: ArrayBufferView | ArrayBuffer): void {
  const kind = kindOfBuffer(value);
  if (kind < 0) {
    encoder.unsendable(value, `an instance of ${className(value)} cannot be sent`);
  } else if (value.byteLength === 0 && isDetached(value)) {
    encoder.unsendable(value, "a buffer that was handed to somebody else cannot be sent");
  } else if (encoder.isNew(value)) {
    encoder.leaf(bytesOf(value, kind), [tags.buffer, kind], [tags.lateBuffer, kind]);
  }
}

function writeByClass(encoder: Encoder, value: object): void {
  if (value instanceof Copyable) {
    if (encoder.isNew(value)) writeInstance(encoder, copyState(encoder, value));
  } else if (value instanceof Cacheable) {
    writeCacheable(encoder, value);
  } else if (value instanceof RemoteCache) {
    const id = encoder.tables.cacheHomeId(value);
    if (id !== undefined) encoder.out.head(tags.ownCache, id);
    else {
      const advice = "a cache can only be sent over the connection that it came from, while that lives";
      encoder.unsendable(value, advice);
    }
  } else if (value instanceof Avatar) {
    encoder.unsendable(value, "an avatar is handed out by a login and not sent");
  } else if (value instanceof Viewable) {
    writeReferenceable(encoder, viewPoint(encoder.perspective, value));
  } else {
    writeRegistered(encoder, value);
  }
}

function copyState({ perspective, classes }: Encoder, value: Copyable): TaggedState {
  const tag = tagToCopy(value, perspective, classes);
  return { tag, state: value.getStateToCopyFor(perspective) };
}

function writeCacheable(encoder: Encoder, value: Cacheable): void {
  if (encoder.wasMet(value)) {
    encoder.isNew(value);
    return;
  }
  const { cargo, out } = encoder;
  const { id, fresh } = encoder.tables.exportCache(value, encoder.perspective, cargo.caches);
  cargo.caches ??= [];
  cargo.caches.push(id);
  if (fresh === undefined) {
    out.head(tags.cacheAgain, id);
    return;
  }
  encoder.carriesFresh();
  encoder.isNew(value);
  out.byte(tags.cache);
  encoder.name(fresh.tag);
  out.varint(id);
  writeState(encoder, fresh.state);
}

function writeRegistered(encoder: Encoder, value: object): void {
  const known = encoder.classes.encode(value);
  if (known !== undefined) {
    if (encoder.isNew(value)) writeInstance(encoder, known);
  } else if (value instanceof Error) {
    if (encoder.isNew(value)) writeError(encoder, value);
  } else if (Symbol.asyncIterator in value || isReadableStream(value)) {
    const id = encoder.tables.exportStream(value, encoder.perspective);
    const { cargo } = encoder;
    cargo.streams ??= [];
    cargo.streams.push(id);
    encoder.out.head(tags.stream, id);
  } else if (typeof (value as { then?: unknown }).then === "function") {
    encoder.unsendable(value, "a promise cannot be sent; await it first");
  } else {
    const advice = "make it Referenceable or Copyable, register a codec by registerCopyable, or send a plain object";
    encoder.unsendable(value, `an instance of ${className(value)} cannot be sent; ${advice}`);
  }
}

function writeError(encoder: Encoder, error: Error): void {
  const { out } = encoder;
  const kind = kindOfError(error);
  const hasCause = Object.hasOwn(error, "cause");
  const others = otherProperties(error);
  out.byte(tags.error);
  out.byte(kind);
  out.string(nameOf(error));
  out.string(messageOf(error));
  encoder.enter();
  if (hasCause) encoder.member(error.cause, "cause");
  else out.byte(tags.hole);
  if (kind === AGGREGATE) {
    const { errors } = error as AggregateError;
    encoder.member(Array.isArray(errors) ? errors : [], "errors");
  } else {
    out.byte(tags.hole);
  }
  encoder.properties(others);
  encoder.leave();
}

function isReadableStream(value: object): boolean {
  return typeof ReadableStream !== "undefined" && value instanceof ReadableStream;
}

/** What a call has resulted in; or that call, where the message can refer to it. */
function writeResult(encoder: Encoder, result: RemoteResult<unknown>): void {
  const settled = RemoteResult.settledValue(result);
  if (settled !== undefined) {
    encoder.inner(settled.value);
    return;
  }
  const call = encoder.tables.pendingResult(result);
  if (call === undefined) encoder.unsendable(result, "a promise cannot be sent; await it first");
  else encoder.result(call);
}
