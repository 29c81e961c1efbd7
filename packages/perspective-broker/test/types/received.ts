// What the other side gets: Received<T> for every kind of T, alone and inside of every container.

import type { RemoteReference } from "../../src/references/remote-reference.ts";
import type { Received, RemoteStream } from "../../src/types.ts";
import type { Decimal } from "../../src/values/decimal.ts";
import type { Duration } from "../../src/values/duration.ts";
import type { Float } from "../../src/values/float.ts";
import type { FrozenSet } from "../../src/values/frozen-set.ts";
import type { Keywords } from "../../src/values/keywords.ts";
import type { PlainDate } from "../../src/values/plain-date.ts";
import type { PlainDateTime } from "../../src/values/plain-date-time.ts";
import type { PlainTime } from "../../src/values/plain-time.ts";
import type { Tuple } from "../../src/values/tuple.ts";
import type { Unpersistable } from "../../src/values/unpersistable.ts";
import type { All, Equal } from "./assert.ts";
import type { Listener, One, PythonServer, Two } from "./shop.ts";

type Becomes<T, R> = Equal<Received<T>, R>;
type Stays<T> = Becomes<T, T>;
type Ref = RemoteReference<Two>;

class OutOfStock extends Error {
  readonly item: string = "";
}

export type References = All<
  [
    Becomes<Two, Ref>,
    Becomes<One, RemoteReference<One>>,
    Becomes<Two | Listener, Ref | RemoteReference<Listener>>,
    Becomes<Two | null, Ref | null>,
    Becomes<Two | undefined, Ref | undefined>,
    Becomes<Two | Ref, Ref>,
    Stays<Ref>,
    Stays<RemoteReference<PythonServer>>,
    Stays<RemoteReference>,
    Stays<RemoteReference<unknown>>,
  ]
>;

export type Leaves = All<
  [
    Stays<string>,
    Stays<"red" | "green">,
    Stays<`remote_${string}`>,
    Stays<number>,
    Stays<1 | 2>,
    Stays<number & { readonly unit: "cm" }>,
    Stays<boolean>,
    Stays<true>,
    Stays<bigint>,
    Stays<null>,
    Stays<undefined>,
    Stays<void>,
    Stays<string | null>,
    Stays<Date>,
    Stays<RegExp>,
    Stays<URL>,
    Stays<Uint8Array>,
    Becomes<Buffer, Uint8Array>,
    Stays<Float64Array>,
    Stays<Error>,
    Stays<TypeError>,
    Stays<OutOfStock>,
    Stays<Float>,
    Stays<PlainDateTime>,
    Stays<PlainDate>,
    Stays<PlainTime>,
    Stays<Duration>,
    Stays<Decimal>,
    Stays<Unpersistable>,
    Stays<Keywords>,
    Stays<Keywords<{ b: number }>>,
  ]
>;

export type TopAndBottom = All<
  [
    Stays<any>,
    Stays<unknown>,
    Stays<never>,
    Becomes<any[], any[]>,
    Becomes<unknown[], unknown[]>,
    Becomes<{ a: any; b: unknown }, { a: any; b: unknown }>,
  ]
>;

export type Lists = All<
  [
    Stays<number[]>,
    Becomes<Two[], Ref[]>,
    Becomes<readonly Two[], readonly Ref[]>,
    Becomes<(Two | null)[], (Ref | null)[]>,
    Becomes<Two[][], Ref[][]>,
    Becomes<[Two, string], [Ref, string]>,
    Becomes<readonly [Two, string], readonly [Ref, string]>,
    Becomes<[name: string, two?: Two], [name: string, two?: Ref]>,
    Becomes<[string, ...Two[]], [string, ...Ref[]]>,
    Becomes<[], []>,
  ]
>;

export type Tuples = All<
  [
    Stays<Tuple<[string, number]>>,
    Stays<Tuple>,
    Becomes<Tuple<[Two, string]>, Tuple<[Ref, string]>>,
    Becomes<Tuple<Two[]>, Tuple<Ref[]>>,
    Becomes<Tuple<[Two]>[], Tuple<[Ref]>[]>,
  ]
>;

export type Containers = All<
  [
    Stays<Map<string, number>>,
    Becomes<Map<string, Two>, Map<string, Ref>>,
    Becomes<ReadonlyMap<string, Two>, ReadonlyMap<string, Ref>>,
    Becomes<Map<Two, Two[]>, Map<Ref, Ref[]>>,
    Becomes<Set<Two>, Set<Ref>>,
    Becomes<ReadonlySet<Two>, ReadonlySet<Ref>>,
    Becomes<FrozenSet<Two>, FrozenSet<Ref>>,
    Stays<FrozenSet<string>>,
  ]
>;

export type Objects = All<
  [
    Stays<{ a: number; readonly b: string; c?: boolean }>,
    Stays<{ name: string; message: string }>,
    Becomes<{ name: string; message: string; two: Two }, { name: string; message: string; two: Ref }>,
    Becomes<{ reason: string; two: Two }, { reason: string; two: Ref }>,
    Becomes<{ value: number; two: Two }, { value: number; two: Ref }>,
    Becomes<{ two?: Two }, { two?: Ref }>,
    Becomes<{ readonly two: Two | null }, { readonly two: Ref | null }>,
    Becomes<Record<string, Two>, Record<string, Ref>>,
    Becomes<{ list: Two[]; byName: Map<string, { two: Two }> }, { list: Ref[]; byName: Map<string, { two: Ref }> }>,
  ]
>;

export type Streams = All<
  [
    Becomes<AsyncIterable<Two>, RemoteStream<Ref>>,
    Becomes<AsyncGenerator<Two, void, undefined>, RemoteStream<Ref>>,
    Becomes<Generator<number>, RemoteStream<number>>,
    Stays<RemoteStream<number>>,
    Becomes<{ lines: AsyncIterable<string> }, { lines: RemoteStream<string> }>,
  ]
>;

export type CannotBeSent = All<
  [
    Becomes<() => void, never>,
    Becomes<typeof Two, never>,
    Becomes<symbol, never>,
    Becomes<Promise<number>, never>,
    Becomes<{ a: number; f(): void }, { a: number; f: never }>,
    Becomes<(() => void) | number, number>,
  ]
>;

// Types that contain themselves end.
interface Tree {
  two: Two;
  children: Tree[];
}
type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Nested = Two | Nested[] | Map<string, Nested> | Set<Nested> | { inner: Nested };

export type Recursive = All<
  [
    Equal<Received<Tree>["children"][number]["children"][number]["two"], Ref>,
    Equal<Extract<Received<Nested>, readonly unknown[]>[number], Received<Nested>>,
  ]
>;
export const json = (received: Received<Json>): Json => received;
