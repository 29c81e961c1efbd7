// Walks over values without making them: to find what a message has counted when it cannot be decoded, and to count in time
// what stands in a message that is decoded later. No recursion: a tag says how many values follow it.
import { ProtocolError } from "../../errors.ts";
import type { BodyReader } from "./reader.ts";
import { tags } from "./tags.ts";

/** Told of what is counted, and of what is not there yet, in the order of the bytes. */
export interface Visitor {
  remote(id: number): void;
  cache(id: number, fresh: boolean): void;
  stream(id: number): void;
  local(id: number | string): void;
  ownCache(id: number): void;
  piece(transfer: number, length: number): void;
  result(call: number): void;
}

/** What the values of a message are. */
export type Layout = "value" | "failure" | "arguments" | "call";

export function walkLayout(reader: BodyReader, layout: Layout, visitor: Partial<Visitor>): void {
  if (layout === "value") walk(reader, 1, visitor);
  else if (layout === "failure") walk(reader, reader.buffer[reader.at] === tags.instance ? 1 : 5, visitor);
  else {
    walk(reader, reader.count(), visitor);
    if (layout === "call") walk(reader, reader.count() * 2, visitor);
  }
}

/** Walks over so many values. Throws ProtocolError where they cannot be followed. */
export function walk(reader: BodyReader, values: number, visitor: Partial<Visitor>): void {
  for (let rest = values; rest > 0; rest--) rest += step(reader, visitor);
}

/** Passes one tag and what belongs to it; returns how many values follow that belong to it, too. */
function step(reader: BodyReader, visitor: Partial<Visitor>): number {
  const tag = reader.byte();
  if (tag >= tags.small) return 0;
  if (tag >= tags.shortString) {
    reader.advance(tag - tags.shortString);
    return 0;
  }
  switch (tag) {
    case tags.null:
    case tags.undefined:
    case tags.false:
    case tags.true:
    case tags.hole:
      return 0;
    case tags.integer:
    case tags.again:
      reader.varint();
      return 0;
    case tags.double:
    case tags.float:
    case tags.date:
      reader.advance(8);
      return 0;
    case tags.bigint:
      reader.advance(Math.floor(reader.varint() / 2));
      return 0;
    case tags.ascii:
    case tags.utf8:
    case tags.bytes:
      reader.advance(reader.varint());
      return 0;
    case tags.utf16:
      reader.advance(reader.varint() * 2);
      return 0;
    case tags.buffer:
      reader.byte();
      reader.advance(reader.varint());
      return 0;
    case tags.lateBytes:
      piece(reader, visitor);
      return 0;
    case tags.lateBuffer:
    case tags.lateString:
      reader.byte();
      piece(reader, visitor);
      return 0;
    case tags.array:
    case tags.tuple:
    case tags.set:
    case tags.frozenSet:
      return reader.count();
    case tags.object:
    case tags.map:
      return reader.count() * 2;
    default:
      return stepOther(reader, tag, visitor);
  }
}

function stepOther(reader: BodyReader, tag: number, visitor: Partial<Visitor>): number {
  switch (tag) {
    case tags.shaped:
      return reader.shape().keys.length;
    case tags.regExp:
    case tags.decimal:
      return 2;
    case tags.url:
    case tags.unpersistable:
    case tags.plainDateTime:
    case tags.plainDate:
    case tags.plainTime:
    case tags.duration:
      return 1;
    case tags.error:
      reader.byte();
      return 5;
    case tags.remote:
      visit(visitor, "remote", reader.varint());
      return 0;
    case tags.local:
      visit(visitor, "local", reader.varint());
      return 0;
    case tags.published:
      visitor.local?.(reader.nameText());
      return 0;
    case tags.instance:
      reader.name();
      return 1;
    case tags.cache:
      reader.name();
      visitor.cache?.(reader.varint(), true);
      return 1;
    case tags.cacheAgain:
      visitor.cache?.(reader.varint(), false);
      return 0;
    case tags.ownCache:
      visit(visitor, "ownCache", reader.varint());
      return 0;
    case tags.stream:
      visit(visitor, "stream", reader.varint());
      return 0;
    case tags.result:
      visit(visitor, "result", reader.varint());
      return 0;
    default:
      throw new ProtocolError(`there is no value with the tag ${tag}`);
  }
}

function visit(
  visitor: Partial<Visitor>,
  what: "remote" | "local" | "ownCache" | "stream" | "result",
  id: number,
): void {
  visitor[what]?.(id);
}

function piece(reader: BodyReader, visitor: Partial<Visitor>): void {
  const transfer = reader.varint();
  visitor.piece?.(transfer, reader.varint());
}
