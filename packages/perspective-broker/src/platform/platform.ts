// What the library asks of the runtime it runs in. One small file per runtime implements it and is chosen by the import
// conditions of package.json (`#platform`); nothing else in the library asks which runtime it is in. Cryptography is
// apart (`#crypto`), so that a program without logins does not carry it.

import type { Diagnostics } from "./diagnostics.ts";
import type { Files } from "./files.ts";

/** Keeps a value for the time of a function, and where the runtime can do it also for what the function awaits. */
export interface ContextStore<T> {
  /** Calls `fn` with `args` on `self`; `current()` gives `value` inside. */
  run(value: T, fn: (...args: never[]) => unknown, self: unknown, args: readonly unknown[]): unknown;
  current(): T | undefined;
}

export interface Platform {
  /** Runs `fn` when what is going on now, promise continuations included, has come to its end. */
  endOfTurn(fn: () => void): void;
  /** Runs `fn` after timers and input of others had their turn. */
  yieldTurn(fn: () => void): void;
  /** A store that follows `await`, where the runtime has one. */
  asyncContext: (<T>() => ContextStore<T>) | undefined;
  /** Any number of listeners of `target` is no sign of a leak. */
  manyListeners(target: EventTarget): void;
  /** The text of `bytes[start, end)`, all of them ASCII. */
  readAscii(bytes: Uint8Array, start: number, end: number): string;
  /** An uninitialised buffer that shares its memory with no other. */
  allocate(size: number): Uint8Array;
  /** A number below 2^53 that nobody can guess. */
  unguessable(): number;
  /** Files, where the runtime has them. */
  readonly files: Files | undefined;
  /** Channels that others can subscribe to, where the runtime has them. */
  readonly diagnostics: Diagnostics | undefined;
}
