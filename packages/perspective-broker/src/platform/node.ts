// Node: AsyncLocalStorage, nextTick and Buffer's native text functions.
import { AsyncLocalStorage } from "node:async_hooks";
import { channel, tracingChannel } from "node:diagnostics_channel";
import { setMaxListeners } from "node:events";
import type { TracingChannels } from "./diagnostics.ts";
import { nodeFiles } from "./node-files.ts";
import type { ContextStore, Platform } from "./platform.ts";
import { unguessable } from "./unguessable.ts";

class AsyncContext<T> implements ContextStore<T> {
  readonly #storage = new AsyncLocalStorage<T>();

  run(value: T, fn: (...args: never[]) => unknown, self: unknown, args: readonly unknown[]): unknown {
    return this.#storage.run(value, apply, fn, self, args);
  }

  current(): T | undefined {
    return this.#storage.getStore();
  }
}

function apply(fn: (...args: never[]) => unknown, self: unknown, args: readonly unknown[]): unknown {
  return Reflect.apply(fn, self, args);
}

// Typed here because @types/node leaves it out; measured faster than TextDecoder below a few hundred bytes.
const latin1Slice = (Buffer.prototype as unknown as { latin1Slice(start: number, end: number): string }).latin1Slice;

export const platform: Platform = {
  endOfTurn: process.nextTick,
  yieldTurn: setImmediate,
  manyListeners: (target) => setMaxListeners(0, target),
  asyncContext: <T>() => new AsyncContext<T>(),
  readAscii: (bytes, start, end) => latin1Slice.call(bytes, start, end),
  allocate: (size) => Buffer.allocUnsafeSlow(size),
  unguessable,
  files: nodeFiles,
  // @types/node does not know hasSubscribers, which is there since 20.13.
  diagnostics: { channel, tracing: (name) => tracingChannel(name) as unknown as TracingChannels },
};
