// A value as the other side would get it, without another side: what a call results in and another call of the same peer refers
// to. Objects that stay are passed as they are.
import type { Cacheable } from "../../flavors/cacheable.ts";
import type { RemoteCache } from "../../references/remote-cache.ts";
import type { RemoteReference } from "../../references/remote-reference.ts";
import type { CodecSetup, ObjectTables } from "../dialect.ts";
import { Outbox } from "../outbox.ts";
import { Decoder } from "./decoder.ts";
import { Encoder } from "./encoder.ts";
import { FrameInbox, frames } from "./frames.ts";
import { LARGEST_BODY } from "./tags.ts";

/** Throws what sending and decoding the value would throw. */
export function copyOf(value: unknown, setup: CodecSetup): unknown {
  if (typeof value !== "object" || value === null) return value;
  const objects: object[] = [];
  const put = (object: object): number => objects.push(object) - 1;
  const take = (id: number | string): object => objects[id as number] as object;
  const tables: ObjectTables = {
    exportObject: put,
    unexport: () => {},
    homeId: put,
    importReference: (id) => take(id) as RemoteReference,
    localObject: take,
    perspectiveOf: () => null,
    exportCache: (cacheable) => ({ id: put(cacheable), fresh: undefined }),
    unexportCache: () => {},
    cachesSent: () => {},
    cacheHomeId: put,
    importCache: (id) => take(id) as RemoteCache,
    importCacheAgain: (id) => take(id) as RemoteCache,
    localCache: (id) => take(id) as Cacheable,
    giveBackCache: () => {},
    refuseCache: () => {},
    pendingResult: () => undefined,
    keptResult: () => undefined,
    exportStream: put,
    unexportStream: () => {},
    importStream: take,
    giveBackStream: () => {},
    refuseStream: () => {},
  };
  const outbox = new Outbox();
  const { classes, values, limits } = setup;
  const encoder = new Encoder({ outbox, tables, classes, values, limits });
  const decoder = new Decoder({ tables, classes, values, limits });
  encoder.begin(frames.answer, 0, null);
  try {
    encoder.value(value);
    encoder.commit();
  } catch (error) {
    encoder.rollback();
    throw error;
  }
  const inbox = new FrameInbox(LARGEST_BODY);
  for (const chunk of outbox.take()) inbox.receive(chunk);
  while (inbox.next()) {
    decoder.read(inbox.buffer, inbox.start, inbox.end);
    if (inbox.type === frames.name) decoder.defineName();
    else if (inbox.type === frames.shape) decoder.defineShape();
    else break;
  }
  decoder.flags(decoder.byte());
  const copy = decoder.value();
  decoder.complete();
  return copy;
}
