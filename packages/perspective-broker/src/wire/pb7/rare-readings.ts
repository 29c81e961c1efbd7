// The other half of rare-values.ts: what decoder.ts does not read itself.
import { JellyError, ProtocolError } from "../../errors.ts";
import { Unpersistable } from "../../values/unpersistable.ts";
import type { Decoder as ClassDecoder } from "../dialect.ts";
import { calendarValue, checked, decimalValue } from "../jelly/calendar.ts";
import { forms } from "../jelly/forms.ts";
import { refused, unregistered } from "../jelly/refusals.ts";
import { bigintOf } from "./bigints.ts";
import { bufferOf } from "./buffers.ts";
import type { Decoder } from "./decoder.ts";
import { ABSENT, completeError, newError } from "./error-values.ts";
import { textOf } from "./reader.ts";
import { LARGEST_BIGINT, tags } from "./tags.ts";

export function readOther(decoder: Decoder, tag: number): unknown {
  const reader = decoder.in;
  switch (tag) {
    case tags.bigint:
      return readBigint(decoder);
    case tags.bytes:
      return leaf(decoder, reader.bytes(reader.varint()));
    case tags.buffer: {
      const kind = reader.byte();
      return leaf(decoder, bufferOf(kind, reader.bytes(reader.varint())));
    }
    case tags.lateBytes:
    case tags.lateBuffer:
    case tags.lateString:
      return readLate(decoder, tag);
    case tags.date:
      return leaf(decoder, new Date(reader.double()));
    case tags.regExp: {
      const source = reader.string();
      const flags = reader.string();
      return leaf(
        decoder,
        checked(() => new RegExp(source, flags)),
      );
    }
    case tags.url: {
      const href = reader.string();
      return leaf(
        decoder,
        checked(() => new URL(href)),
      );
    }
    case tags.error:
      return readError(decoder);
    case tags.plainDateTime:
      return calendarValue(forms.datetime, reader.string(), false);
    case tags.plainDate:
      return calendarValue(forms.date, reader.string(), false);
    case tags.plainTime:
      return calendarValue(forms.time, reader.string(), false);
    case tags.duration:
      return calendarValue(forms.timedelta, reader.string(), false);
    case tags.decimal:
      return readDecimal(decoder);
    case tags.unpersistable:
      return new Unpersistable(reader.string());
    case tags.instance:
      return readInstance(decoder);
    case tags.hole:
      throw new JellyError("a hole that is not in an array");
    default:
      return readReference(decoder, tag);
  }
}

/** A leaf that has a number. */
function leaf<T>(decoder: Decoder, value: T): T {
  decoder.done(decoder.define(value), decoder.unready);
  return value;
}

function readBigint({ in: reader }: Decoder): bigint {
  const head = reader.varint();
  const length = Math.floor(head / 2);
  const at = reader.advance(length);
  if (length > LARGEST_BIGINT) throw new JellyError(`a bigint of more than ${LARGEST_BIGINT} bytes`);
  return bigintOf(reader.buffer.subarray(at, at + length), head % 2 === 1);
}

function readDecimal(decoder: Decoder): unknown {
  const coefficient = decoder.inner();
  const exponent = decoder.inner();
  const whole = typeof coefficient === "bigint" || Number.isSafeInteger(coefficient);
  if (!whole || !Number.isSafeInteger(exponent)) throw new JellyError("a decimal that is not made of integers");
  return decimalValue(coefficient as number | bigint, exponent as number);
}

function readLate(decoder: Decoder, tag: number): unknown {
  const reader = decoder.in;
  const kind = tag === tags.lateBytes ? 0 : reader.byte();
  const transfer = reader.varint();
  const length = reader.varint();
  if (decoder.resolving === undefined) throw new JellyError("bytes in pieces in a message that is complete");
  const bytes = decoder.resolving.leaf(transfer, length);
  if (tag === tags.lateBytes) return leaf(decoder, bytes);
  if (tag === tags.lateBuffer) return leaf(decoder, bufferOf(kind, bytes));
  if (kind < tags.ascii || kind > tags.utf16 || (kind === tags.utf16 && length % 2 !== 0)) {
    throw new JellyError("a string in pieces that is none");
  }
  return textOf(kind, bytes, 0, length);
}

function readError(decoder: Decoder): Error {
  const reader = decoder.in;
  const kind = reader.byte();
  const name = reader.string();
  const error = newError(kind, name, reader.string());
  const number = decoder.define(error);
  const { unready } = decoder;
  decoder.enter();
  decoder.count(3);
  const cause = readPresent(decoder);
  const errors = readPresent(decoder);
  const others = decoder.inner();
  if (typeof others !== "object" || others === null)
    throw new JellyError("an error with properties that are no object");
  decoder.leave();
  completeError(error, kind, { cause, errors: errors?.value, others });
  decoder.done(number, unready);
  return error;
}

function readPresent(decoder: Decoder): { value: unknown } | undefined {
  if (decoder.peek() !== ABSENT) return { value: decoder.inner() };
  decoder.byte();
  return undefined;
}

/** An instance of a registered class: `[tag state]`. */
function readInstance(decoder: Decoder): unknown {
  const tag = decoder.name();
  const known = decoderOf(decoder, tag);
  if (known.kind === "made") return readMade(decoder, known);
  const object = known.create();
  readFilled(decoder, known, object);
  return object;
}

function readMade(decoder: Decoder, known: ClassDecoder & { kind: "made" }): unknown {
  const number = decoder.define(undefined);
  const { unready } = decoder;
  const made = known.make(readState(decoder));
  decoder.settle(number, made);
  decoder.done(number, unready);
  return made;
}

/** The object is there before its state, so that the state can refer to it; it is filled when the state is complete. */
function readFilled(decoder: Decoder, known: Exclude<ClassDecoder, { kind: "made" }>, object: object): void {
  const number = decoder.define(object);
  const { unready } = decoder;
  const state = readState(decoder);
  if (decoder.done(number, unready)) known.fill(object, state);
  else decoder.later(() => known.fill(object, state));
}

function readState(decoder: Decoder): unknown {
  decoder.enter();
  const state = decoder.inner();
  decoder.leave();
  return state;
}

function decoderOf({ classes }: Decoder, tag: string): ClassDecoder {
  if (classes.isTypeAllowed(tag) === false) throw refused(tag);
  const known = classes.decoder(tag);
  if (known === undefined) throw unregistered(tag);
  return known;
}

function readReference(decoder: Decoder, tag: number): unknown {
  const reader = decoder.in;
  const { tables, resolving } = decoder;
  switch (tag) {
    case tags.remote: {
      const id = reader.varint();
      if (resolving !== undefined) return resolving.take();
      const reference = tables.importReference(id, decoder.perspective);
      decoder.received ??= [];
      decoder.received.push(reference);
      return reference;
    }
    case tags.local: {
      const id = reader.varint();
      return resolving === undefined ? tables.localObject(id) : resolving.take();
    }
    case tags.published: {
      const name = reader.nameText();
      return resolving === undefined ? tables.localObject(name) : resolving.take();
    }
    case tags.cache:
      return readCache(decoder);
    case tags.cacheAgain: {
      const id = reader.varint();
      if (resolving !== undefined) return resolving.take();
      const cache = tables.importCacheAgain(id);
      decoder.caches ??= [];
      decoder.caches.push(cache);
      return cache;
    }
    case tags.ownCache: {
      const id = reader.varint();
      return resolving === undefined ? tables.localCache(id) : resolving.take();
    }
    case tags.stream: {
      const id = reader.varint();
      if (resolving !== undefined) return resolving.take();
      const stream = tables.importStream(id);
      decoder.streams ??= [];
      decoder.streams.push(stream);
      return stream;
    }
    case tags.result: {
      const call = reader.varint();
      if (resolving === undefined) throw new JellyError("a result that is not there yet in a message that is complete");
      return tables.keptResult(call);
    }
    default:
      throw new ProtocolError(`there is no value with the tag ${tag}`);
  }
}

function readCache(decoder: Decoder): unknown {
  const tag = decoder.name();
  const id = decoder.varint();
  const known = decoderOf(decoder, tag);
  if (known.kind !== "cache") throw new JellyError(`${tag} is not the class of a cache here`);
  const cache = decoder.tables.importCache(id, () => known.create());
  decoder.caches ??= [];
  decoder.caches.push(cache);
  readFilled(decoder, known, cache);
  return cache;
}
