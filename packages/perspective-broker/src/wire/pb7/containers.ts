// Containers that decoder.ts does not read itself. Each is there before its content, which can refer to it.
import { FrozenSet, fillFrozenSet } from "../../values/frozen-set.ts";
import { Tuple } from "../../values/tuple.ts";
import { setOwn } from "../jelly/sharing.ts";
import type { Decoder } from "./decoder.ts";

export function readTuple(decoder: Decoder): unknown[] {
  const items = new Tuple();
  read(decoder, items, decoder.in.count(), 1, () => items.push(decoder.inner()));
  return items;
}

export function readMap(decoder: Decoder): Map<unknown, unknown> {
  const map = new Map<unknown, unknown>();
  read(decoder, map, decoder.in.count(), 2, () => {
    const key = decoder.inner();
    map.set(key, decoder.inner());
  });
  return map;
}

export function readSet(decoder: Decoder, frozen: boolean): Set<unknown> {
  const set = frozen ? new FrozenSet() : new Set();
  read(decoder, set, decoder.in.count(), 1, () => {
    if (frozen) fillFrozenSet(set as FrozenSet<unknown>, decoder.inner());
    else set.add(decoder.inner());
  });
  return set;
}

/** An object with its keys. */
export function readObject(decoder: Decoder): unknown {
  const reader = decoder.in;
  const count = reader.count();
  if (decoder.maps) {
    const map = new Map<string, unknown>();
    read(decoder, map, count, 2, () => {
      const key = reader.string();
      map.set(key, decoder.inner());
    });
    return map;
  }
  const object: Record<string, unknown> = {};
  read(decoder, object, count, 2, () => {
    const key = reader.string();
    setOwn(object, key, decoder.inner());
  });
  return object;
}

/** An object of a shape, with a key that must not be assigned, or as a Map. */
export function readSlowly(decoder: Decoder, keys: readonly string[]): unknown {
  const map = new Map<string, unknown>();
  const object: Record<string, unknown> = {};
  let at = 0;
  read(decoder, decoder.maps ? map : object, keys.length, 1, () => {
    const key = keys[at++] as string;
    if (decoder.maps) map.set(key, decoder.inner());
    else setOwn(object, key, decoder.inner());
  });
  return decoder.maps ? map : object;
}

/** Reads so many members of so many values each into a container. */
function read(decoder: Decoder, container: object, count: number, values: number, member: () => void): void {
  decoder.count(count * values);
  decoder.enter();
  const number = decoder.define(container);
  const { unready } = decoder;
  for (let i = 0; i < count; i++) member();
  decoder.done(number, unready);
  decoder.leave();
}
