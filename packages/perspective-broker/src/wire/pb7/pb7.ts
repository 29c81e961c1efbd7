// The dialect between two ends of this library (docs/pb7.md).
import type { Codec, CodecSetup, Dialect, SessionFrames } from "../dialect.ts";
import { Pb7Codec } from "./codec.ts";
import { frames } from "./frames.ts";
import { definitionFrame } from "./writer.ts";

const session: SessionFrames = {
  ping: Uint8Array.of(frames.ping, 0, 0, 0),
  pong: Uint8Array.of(frames.pong, 0, 0, 0),
  bye: (code, message) => definitionFrame(frames.bye, undefined, [code, message]),
};

/** This library's own dialect: fast, with calls through results, cancelling, deadlines, streams and large values in pieces. */
export const pb7: Dialect = { name: "pb7", open: (setup: CodecSetup): Codec => new Pb7Codec(setup), session };
