// What may be passed: Sendable<T> for every kind of T, alone and inside of every container.

import type { Referenceable } from "../../src/flavors/referenceable.ts";
import type { RemoteReference } from "../../src/references/remote-reference.ts";
import type { PendingReference, Received, Sendable } from "../../src/types.ts";
import type { Decimal } from "../../src/values/decimal.ts";
import { Float } from "../../src/values/float.ts";
import type { FrozenSet } from "../../src/values/frozen-set.ts";
import type { Keywords } from "../../src/values/keywords.ts";
import type { PlainDateTime } from "../../src/values/plain-date-time.ts";
import { type Tuple, tuple } from "../../src/values/tuple.ts";
import type { Unpersistable } from "../../src/values/unpersistable.ts";
import type { Accepts, All, Equal } from "./assert.ts";
import type { Listener, Two, Watcher } from "./shop.ts";
import { Two as LocalTwo } from "./shop.ts";

type Takes<T, S> = Equal<Sendable<T>, S>;
type Same<T> = Takes<T, T>;
type AnyTwo = Two | RemoteReference<Two> | PendingReference<Two>;
type Num = number | Float;

export type References = All<
  [
    Takes<RemoteReference<Two>, AnyTwo>,
    Takes<Two, AnyTwo>,
    Takes<AnyTwo, AnyTwo>,
    Takes<RemoteReference<Two> | null, AnyTwo | null>,
    Takes<
      RemoteReference<Two> | RemoteReference<Listener>,
      AnyTwo | Listener | RemoteReference<Listener> | PendingReference<Listener>
    >,
    // Any object of one's own where the reference has no type, and nothing that is not an object of one's own.
    Accepts<Sendable<RemoteReference>, Listener | Referenceable | RemoteReference<Two>>,
    Equal<Accepts<Sendable<RemoteReference>, string>, false>,
    Equal<Accepts<Sendable<RemoteReference>, { a: 1 }>, false>,
    Accepts<Sendable<RemoteReference<unknown>>, Listener | RemoteReference<Two>>,
    Equal<Accepts<Sendable<RemoteReference<unknown>>, { a: 1 }>, false>,
    // A description is not enough: what is passed must be referenceable.
    Equal<Accepts<Sendable<RemoteReference<Watcher>>, Watcher>, false>,
    Equal<Accepts<Sendable<RemoteReference<Two>>, Listener>, false>,
    Equal<Accepts<Sendable<RemoteReference<Two>>, RemoteReference<Listener>>, false>,
    // The promise of a call stands for the reference that it results in; that of another one does not.
    Accepts<Sendable<Two>, PendingReference<Two>>,
    Equal<Accepts<Sendable<Two>, PendingReference<Listener>>, false>,
  ]
>;

export type Leaves = All<
  [
    Same<string>,
    Same<"red" | "green">,
    Takes<number, Num>,
    Takes<number | string, Num | string>,
    Takes<number | undefined, Num | undefined>,
    Same<1 | 2>,
    Same<boolean>,
    Same<bigint>,
    Same<null>,
    Same<undefined>,
    Same<Date>,
    Same<RegExp>,
    Same<URL>,
    Same<Uint8Array>,
    Same<Error>,
    Same<Float>,
    Same<PlainDateTime>,
    Same<Decimal>,
    Same<Unpersistable>,
    Same<Keywords>,
    Accepts<Sendable<Uint8Array>, Buffer>,
  ]
>;

export type TopAndBottom = All<[Same<any>, Same<unknown>, Same<never>, Takes<any[], readonly any[]>]>;

export type Lists = All<
  [
    Takes<number[], readonly Num[]>,
    Takes<readonly number[], readonly Num[]>,
    Takes<RemoteReference<Two>[], readonly AnyTwo[]>,
    Takes<[Two, string], readonly [AnyTwo, string]>,
    Takes<[name: string, n?: number], readonly [name: string, n?: Num]>,
    Takes<[string, ...number[]], readonly [string, ...Num[]]>,
  ]
>;

export type Containers = All<
  [
    Takes<Map<string, number>, ReadonlyMap<string, Num>>,
    Takes<Map<string, RemoteReference<Two>>, ReadonlyMap<string, AnyTwo>>,
    Takes<Set<number>, ReadonlySet<Num>>,
    Takes<FrozenSet<number>, FrozenSet<Num>>,
    Accepts<Sendable<Set<string>>, FrozenSet<string>>,
    Equal<Accepts<Sendable<FrozenSet<string>>, Set<string>>, false>,
    Takes<Tuple<[number, RemoteReference<Two>]>, Tuple<[Num, AnyTwo]>>,
    Accepts<Sendable<[string, number]>, Tuple<[string, number]>>,
    Equal<Accepts<Sendable<Tuple<[string, number]>>, [string, number]>, false>,
  ]
>;

export type Objects = All<
  [
    Takes<{ a: number; b?: string }, { readonly a: Num; readonly b?: string }>,
    Takes<{ list: RemoteReference<Two>[] }, { readonly list: readonly AnyTwo[] }>,
    Takes<Record<string, number>, { readonly [key: string]: Num }>,
    Takes<AsyncIterable<number>, AsyncIterable<Num>>,
  ]
>;

export type CannotBeSent = All<
  [
    Takes<() => void, never>,
    Takes<typeof LocalTwo, never>,
    Takes<symbol, never>,
    Takes<Promise<number>, never>,
    Takes<{ a: string; f(): void }, { readonly a: string; readonly f: never }>,
  ]
>;

// What came from there may go back, and what was there may have come from here.
type RoundTrip<T> = Accepts<Sendable<Received<T>>, T> extends true ? Accepts<Sendable<T>, Received<T>> : false;
export type RoundTrips = All<
  [
    RoundTrip<Two>,
    RoundTrip<RemoteReference<Two>>,
    RoundTrip<Two | null>,
    RoundTrip<Two[]>,
    RoundTrip<readonly [Two, string]>,
    RoundTrip<[Two, number?]>,
    RoundTrip<{ two?: Two; readonly list: readonly Two[]; n: number }>,
    RoundTrip<Map<string, Two>>,
    RoundTrip<Set<Two>>,
    RoundTrip<FrozenSet<Two>>,
    RoundTrip<Tuple<[Two, number]>>,
    RoundTrip<Record<string, { two: Two }[]>>,
    RoundTrip<AsyncIterable<Two>>,
    RoundTrip<string | number | bigint | boolean | null | undefined>,
    RoundTrip<Date | URL | RegExp | Uint8Array | Error | Float | Decimal | Unpersistable>,
    RoundTrip<any>,
    RoundTrip<unknown>,
    RoundTrip<never>,
  ]
>;

// Values, as they are written.
type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export const floats: Sendable<{ point: [number, number]; weights: number[]; byName: Record<string, number> }> = {
  point: [new Float(1), 2],
  weights: [1, new Float(2)],
  byName: { a: new Float(3) },
};
export const json: Sendable<Json> = [1, { a: [new Float(1), null] }];
export const pair: Sendable<Tuple<[string, number]>> = tuple("a", 1);
export const mine: Sendable<RemoteReference<Two>> = new LocalTwo();
