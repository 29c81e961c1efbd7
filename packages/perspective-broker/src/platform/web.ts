// Browsers and workers: what the web platform has. There is no store that follows `await` yet.
import type { Platform } from "./platform.ts";
import { unguessable } from "./unguessable.ts";

const decoder = new TextDecoder("latin1");
const waiting: (() => void)[] = [];
let channel: InstanceType<typeof MessageChannel> | undefined;

function yieldTurn(fn: () => void): void {
  if (channel === undefined) {
    channel = new MessageChannel();
    channel.port1.addEventListener("message", () => waiting.shift()?.());
    channel.port1.start();
  }
  waiting.push(fn);
  channel.port2.postMessage(null);
}

export const platform: Platform = {
  endOfTurn: queueMicrotask,
  yieldTurn,
  manyListeners: () => {},
  asyncContext: undefined,
  readAscii: (bytes, start, end) => decoder.decode(bytes.subarray(start, end)),
  allocate: (size) => new Uint8Array(size),
  unguessable,
  files: undefined,
  diagnostics: undefined,
};
