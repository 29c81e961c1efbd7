// What each side tells of itself first (docs/pb7.md, Hello).
import { ProtocolError } from "../../errors.ts";
import type { PeerLimits } from "../message.ts";
import type { Decoder } from "./decoder.ts";
import type { Encoder } from "./encoder.ts";
import { LARGEST_BODY } from "./tags.ts";

const VERSION = 1;

/** The keys, and what holds if one is missing. */
const fields: readonly (readonly [key: number, name: keyof PeerLimits, missing: number])[] = [
  [1, "calls", 16],
  [2, "results", 0],
  [3, "message", 65_536],
  [4, "bytes", 0],
  [5, "heartbeat", 0],
  [6, "streams", 0],
  [7, "process", 0],
];

export function writeHello(out: Encoder, limits: PeerLimits): void {
  out.varint(VERSION);
  for (const [key, name] of fields) {
    out.varint(key);
    const most = name === "message" ? LARGEST_BODY : Number.MAX_SAFE_INTEGER;
    out.varint(Math.min(Math.floor(limits[name]), most));
  }
}

/** Throws ProtocolError for another version. Keys that are not known here are passed over. */
export function readHello(from: Decoder): PeerLimits {
  const version = from.varint();
  if (version !== VERSION) throw new ProtocolError(`the peer speaks version ${version} of pb7, this side ${VERSION}`);
  const given = new Map<number, number>();
  while (from.at < from.end) {
    const key = from.varint();
    const value = from.varint();
    // Of a body of 16 MiB most would be kept for nothing.
    if (fields.some(([known]) => known === key)) given.set(key, value);
  }
  const limits: Partial<Record<keyof PeerLimits, number>> = {};
  for (const [key, name, missing] of fields) limits[name] = given.get(key) ?? missing;
  return limits as PeerLimits;
}
