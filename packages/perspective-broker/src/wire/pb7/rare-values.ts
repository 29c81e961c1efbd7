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
import { AGGREGATE, kindOfError, messageOf, nameOf, otherProperties } from "./error-values.ts";
import { LARGEST_BIGINT, tags } from "./tags.ts";
import type { ValueWriter } from "./value-writer.ts";

/** What value-writer.ts does not write itself. */
export function writeOther(writer: ValueWriter, value: unknown): void {
  if (typeof value === "bigint") writeBigint(writer, value);
  else if (typeof value !== "object" || value === null) {
    writer.unsendable(value, `a ${typeof value} cannot be sent`);
  } else if (value instanceof RemoteReference) writeHome(writer, value);
  else if (value instanceof Referenceable) writeReferenceable(writer, value);
  else if (!writeLeaf(writer, value)) writeByClass(writer, value);
}

/** `[tag state]`: the state is an object that nothing else refers to, or a Map. */
export function writeInstance(writer: ValueWriter, { tag, state }: TaggedState): void {
  writer.out.byte(tags.instance);
  writer.name(tag);
  writeState(writer, state);
}

export function className(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value;
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "" ? name : "an unnamed class";
}

function writeState(writer: ValueWriter, state: object): void {
  writer.enter();
  if (state instanceof Map) writer.inner(state);
  else writer.properties(state);
  writer.leave();
}

function writeBigint(writer: ValueWriter, value: bigint): void {
  const bytes = magnitudeOf(value);
  if (bytes.length > LARGEST_BIGINT) {
    writer.unsendable(value, `a bigint of more than ${LARGEST_BIGINT} bytes cannot be sent`);
    return;
  }
  writer.out.head(tags.bigint, bytes.length * 2 + (value < 0n ? 1 : 0));
  writer.out.bytes(bytes);
}

function writeHome(writer: ValueWriter, reference: RemoteReference): void {
  const id = writer.tables.homeId(reference);
  if (id === undefined) {
    writer.unsendable(
      reference,
      "a reference can only be sent over the connection that it came from, while that lives",
    );
  } else if (typeof id === "number") {
    writer.out.head(tags.local, id);
  } else {
    writer.out.byte(tags.published);
    writer.out.string(id);
  }
}

function writeReferenceable(writer: ValueWriter, object: Referenceable): void {
  const id = writer.tables.exportObject(object);
  const { cargo } = writer;
  cargo.exported ??= [];
  cargo.exported.push(id);
  writer.out.head(tags.remote, id);
}

function writeLeaf(writer: ValueWriter, value: object): boolean {
  const { out } = writer;
  if (value instanceof Float) writeFloat(writer, value.value);
  else if (value instanceof Date) {
    if (!writer.isNew(value)) return true;
    out.byte(tags.date);
    out.double(value.getTime());
  } else if (value instanceof PlainDateTime) {
    const { year, month, day, hour, minute, second, subsecondMicroseconds } = value;
    fields(writer, tags.plainDateTime, [year, month, day, hour, minute, second, subsecondMicroseconds]);
  } else if (value instanceof PlainDate) {
    fields(writer, tags.plainDate, [value.year, value.month, value.day]);
  } else if (value instanceof PlainTime) {
    fields(writer, tags.plainTime, [value.hour, value.minute, value.second, value.subsecondMicroseconds]);
  } else if (value instanceof Duration) {
    fields(writer, tags.duration, [value.days, value.seconds, value.microseconds]);
  } else if (value instanceof Decimal) {
    out.byte(tags.decimal);
    writeBigint(writer, value.coefficient);
    out.number(value.exponent);
  } else if (value instanceof Unpersistable) {
    out.byte(tags.unpersistable);
    out.string(value.reason);
  } else if (value instanceof Keywords) {
    writer.unsendable(value, "keywords go last in a call and nowhere else");
  } else if (value instanceof RemoteResult) {
    writeResult(writer, value);
  } else if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    writeBuffer(writer, value);
  } else if (value instanceof RegExp) {
    if (!writer.isNew(value)) return true;
    out.byte(tags.regExp);
    out.string(value.source);
    out.string(value.flags);
  } else if (value instanceof URL) {
    if (!writer.isNew(value)) return true;
    out.byte(tags.url);
    out.string(value.href);
  } else {
    return false;
  }
  return true;
}

/** A `Float` that is not integral is what every receiver takes for a number. */
function writeFloat({ out }: ValueWriter, value: number): void {
  if (!Number.isInteger(value) || Object.is(value, -0)) {
    out.number(value);
    return;
  }
  out.byte(tags.float);
  out.double(value);
}

function fields(writer: ValueWriter, tag: number, numbers: readonly number[]): void {
  writer.out.byte(tag);
  writer.out.string(numbers.join(" "));
}

function writeBuffer(writer: ValueWriter, value: ArrayBufferView | ArrayBuffer): void {
  const kind = kindOfBuffer(value);
  if (kind < 0) {
    writer.unsendable(value, `an instance of ${className(value)} cannot be sent`);
  } else if (value.byteLength === 0 && isDetached(value)) {
    writer.unsendable(value, "a buffer that was handed to somebody else cannot be sent");
  } else if (writer.isNew(value)) {
    writer.leaves.write(bytesOf(value, kind), [tags.buffer, kind], [tags.lateBuffer, kind]);
  }
}

function writeByClass(writer: ValueWriter, value: object): void {
  if (value instanceof Copyable) {
    if (writer.isNew(value)) writeInstance(writer, copyState(writer, value));
  } else if (value instanceof Cacheable) {
    writeCacheable(writer, value);
  } else if (value instanceof RemoteCache) {
    const id = writer.tables.cacheHomeId(value);
    if (id !== undefined) writer.out.head(tags.ownCache, id);
    else {
      const advice = "a cache can only be sent over the connection that it came from, while that lives";
      writer.unsendable(value, advice);
    }
  } else if (value instanceof Avatar) {
    writer.unsendable(value, "an avatar is handed out by a login and not sent");
  } else if (value instanceof Viewable) {
    writeReferenceable(writer, viewPoint(writer.perspective, value));
  } else {
    writeRegistered(writer, value);
  }
}

function copyState({ perspective, classes }: ValueWriter, value: Copyable): TaggedState {
  const tag = tagToCopy(value, perspective, classes);
  return { tag, state: value.getStateToCopyFor(perspective) };
}

function writeCacheable(writer: ValueWriter, value: Cacheable): void {
  if (writer.wasMet(value)) {
    writer.isNew(value);
    return;
  }
  const { cargo, out } = writer;
  const { id, fresh } = writer.tables.exportCache(value, writer.perspective, cargo.caches);
  cargo.caches ??= [];
  cargo.caches.push(id);
  if (fresh === undefined) {
    out.head(tags.cacheAgain, id);
    return;
  }
  writer.carriesFresh();
  writer.isNew(value);
  out.byte(tags.cache);
  writer.name(fresh.tag);
  out.varint(id);
  writeState(writer, fresh.state);
}

function writeRegistered(writer: ValueWriter, value: object): void {
  const known = writer.classes.encode(value);
  if (known !== undefined) {
    if (writer.isNew(value)) writeInstance(writer, known);
  } else if (value instanceof Error) {
    if (writer.isNew(value)) writeError(writer, value);
  } else if (Symbol.asyncIterator in value || isReadableStream(value)) {
    const id = writer.tables.exportStream(value, writer.perspective);
    const { cargo } = writer;
    cargo.streams ??= [];
    cargo.streams.push(id);
    writer.out.head(tags.stream, id);
  } else if (typeof (value as { then?: unknown }).then === "function") {
    writer.unsendable(value, "a promise cannot be sent; await it first");
  } else {
    const advice = "make it Referenceable or Copyable, register a codec by registerCopyable, or send a plain object";
    writer.unsendable(value, `an instance of ${className(value)} cannot be sent; ${advice}`);
  }
}

function writeError(writer: ValueWriter, error: Error): void {
  const { out } = writer;
  const kind = kindOfError(error);
  const hasCause = Object.hasOwn(error, "cause");
  const others = otherProperties(error);
  out.byte(tags.error);
  out.byte(kind);
  out.string(nameOf(error));
  out.string(messageOf(error));
  writer.enter();
  if (hasCause) writer.member(error.cause, "cause");
  else out.byte(tags.hole);
  if (kind === AGGREGATE) {
    const { errors } = error as AggregateError;
    writer.member(Array.isArray(errors) ? errors : [], "errors");
  } else {
    out.byte(tags.hole);
  }
  writer.properties(others);
  writer.leave();
}

function isReadableStream(value: object): boolean {
  return typeof ReadableStream !== "undefined" && value instanceof ReadableStream;
}

/** What a call has resulted in; or that call, where the message can refer to it. */
function writeResult(writer: ValueWriter, result: RemoteResult<unknown>): void {
  const settled = RemoteResult.settledValue(result);
  if (settled !== undefined) {
    writer.inner(settled.value);
    return;
  }
  const call = writer.tables.pendingResult(result);
  if (call === undefined) writer.unsendable(result, "a promise cannot be sent; await it first");
  else writer.result(call);
}
