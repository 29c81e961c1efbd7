// The two dialects that every Perspective Broker knows (spec §2.9).
import type { Codec, CodecSetup, Dialect } from "../dialect.ts";
import { BananaCodec } from "./codec.ts";

/** Twisted's dialect: Banana with the vocabulary of Perspective Broker. */
export const pb: Dialect = { name: "pb", open: (setup: CodecSetup): Codec => new BananaCodec(setup, true) };

/** Banana without a vocabulary: the same messages, spelled out. */
export const none: Dialect = { name: "none", open: (setup: CodecSetup): Codec => new BananaCodec(setup, false) };
