// What TypeScript knows of a remote call: which names a reference offers, what may be passed, what comes back. Types
// only, nothing here exists at run time. They say what happens in dialect pb7; docs say where pb gives something else.
// A class is recognised by the string under its phantom key "~pb", never by its identity, so that two copies of the
// package agree and a class of the same shape is not taken for another. Leaves come before structure: this ends recursion.

import type { StandardSchemaV1 } from "./flavors/standard-schema.ts";
import type { RemoteCache } from "./references/remote-cache.ts";
import type { RemoteReference } from "./references/remote-reference.ts";
import type { RemoteStream } from "./references/remote-stream.ts";
import type { Float } from "./values/float.ts";
import type { FrozenSet } from "./values/frozen-set.ts";
import type { Tuple } from "./values/tuple.ts";

/**
 * What can be called as a `T`: an object of the class, or a reference to one. Phantom, there is no such property.
 * `callRemote` finds its `T` here, by its `this`, so that it is one and the same type wherever it is declared: it plays no
 * part in whether one class or reference can be assigned to another, and `local | remote` can be called without asking.
 */
export interface Callee<T> {
  readonly "~pbTarget"?: T;
}

/** Whatever can be called by name: a local `T`, a reference to a remote one, and the light views that `with()` gives. */
export interface Callable<T> extends Callee<T> {
  /** Calls the method `name` (see `RemoteMethods`) and promises its result. */
  callRemote<U, N extends MethodName<U>, A extends readonly unknown[]>(
    this: Callee<U>,
    name: N,
    ...args: Arguments<U, N, A>
  ): ResultOf<U, N>;
  /** Calls it and asks for no answer: nothing is known of how it went. */
  callRemoteOnly<U, N extends MethodName<U>, A extends readonly unknown[]>(
    this: Callee<U>,
    name: N,
    ...args: Arguments<U, N, A>
  ): void;
  /** A view with these options for every call through it. */
  with(options: CallOptions): Callable<T>;
}

/** What `with()` takes. */
export interface CallOptions {
  /** Aborting it rejects the calls that are not yet answered. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until a call that is not answered rejects. */
  readonly timeout?: number | undefined;
  /**
   * The call on whose behalf calls are made, as `currentCall()` gave it: they have its deadline, chain and trace context. Only
   * needed where the runtime does not know it any more (after an `await` with `context: "sync"`).
   */
  readonly call?: CallContext | undefined;
  /** The trace context of the calls (W3C). Default, also if it is malformed: that of the call on whose behalf they are made. */
  readonly trace?: { readonly traceparent: string; readonly tracestate?: string | undefined } | undefined;
}

/** A call of the peer that runs here, as `currentCall()` gives it. */
export interface CallContext {
  readonly method: string;
  readonly remaining: number;
}

/** `reference.remote`: the remote methods as methods. Not thenable; a method called `then` needs `callRemote`. */
export type RemoteProxy<T> =
  IsOpen<T> extends true
    ? Untyped // An index signature would make every method possibly undefined under noUncheckedIndexedAccess.
    : {
        readonly [N in Exclude<MethodName<T>, "then" | "toJSON">]: <A extends readonly unknown[]>(
          ...args: Arguments<T, N, A>
        ) => ResultOf<T, N>;
      };

/**
 * The methods that a `T` offers to the other side, without their prefix: `remote_` of a Referenceable, `perspective_` of
 * an Avatar, `view_` of a Viewable without their first parameter, the caller's avatar, and `observe_` of a RemoteCache.
 * An interface that describes what the other side has may use any of these prefixes.
 */
export type RemoteMethods<T> = MethodsOf<Served<T>, Prefix<Served<T>>>;

type MethodsOf<T, P extends string> = {
  [K in keyof T as K extends `${P}_${infer N}`
    ? T[K] extends Method | undefined
      ? N
      : never
    : never]: K extends `view_${string}` ? WithoutFirst<T[K]> : T[K];
};

/** The names of these methods; any name for `any`, and for an `IPerspective` that is no Avatar. */
export type MethodName<T> =
  IsOpen<T> extends true ? string : [T] extends [never] ? never : keyof RemoteMethods<T> & string;

/**
 * The arguments of a call of `T`'s method `N`: all of them, or the first few (or none) and then a `Keywords`.
 * `A` is what the caller passes, as TypeScript infers it. It only decides which of the two is meant, so that a wrong or
 * missing argument is reported as itself and not as a mismatch with every possible list.
 */
export type Arguments<T, N extends string, A extends readonly unknown[] = []> =
  IsOpen<T> extends true
    ? Untyped[]
    : [A] extends [never]
      ? A // Never taken. Inference looks for A in the branches, so it must stand in one.
      : A extends readonly [...unknown[], AnyKeywords]
        ? EndingInKeywords<A, ParametersOf<Served<T>, N>>
        : SentElements<ParametersOf<Served<T>, N>>;

/** What a call of `T`'s method `N` returns. */
export type ResultOf<T, N extends string> =
  IsOpen<T> extends true ? PendingUntyped : Result<ReturnType<MethodOf<Served<T>, N>>>;

/** What the copy `T` of a Cacheable answers when its owner calls the method `N` of it. */
export type Observed<T, N extends string> =
  IsOpen<T> extends true ? Untyped : Received<Awaited<ReturnType<MethodOf<T, N>>>>;

/** What a call returns, of a method that returns `R`: a stream for what can be iterated, else a promise. */
export type Result<R> =
  IsAny<R> extends true
    ? PendingUntyped
    : [R] extends [never]
      ? Promise<never>
      : [R] extends [Branded] // A RemoteCache can be iterated, and is no stream.
        ? Pending<Received<R>>
        : [R] extends [Stream<infer U>]
          ? RemoteStream<Received<U>>
          : Pending<Received<Awaited<R>>>;

/**
 * The promise of a call: a real Promise, which can be called through while it is pending if what it promises is a
 * reference. `Two | undefined` is awaited and looked at first, as everywhere in TypeScript. An `async` function
 * returns a promise of its own, so calls go through the direct result only.
 */
export type Pending<T> =
  IsAny<T> extends true
    ? PendingUntyped
    : [T] extends [never]
      ? Promise<never>
      : [T] extends [ReferenceTo<infer U>]
        ? PendingReference<U>
        : Promise<T>;

/** The promise of a reference to a `T`. */
export interface PendingReference<T> extends Promise<RemoteReference<T>>, Omit<Callable<T>, "with"> {}

/** The promise of a call whose result has no type: it may be a reference. */
export interface PendingUntyped extends Promise<Untyped>, Omit<Callable<Untyped>, "with"> {}

/** A remote iterable. Leaving a `for await` over it, or disposing it, ends it at the other side. */
export type { RemoteStream };

/**
 * What the other side gets for a `T`: references for objects that stay, and for those that are copied what their class
 * says that they become (`Copyable<RemotePond>`, `Cacheable<RemoteStock>`), in whatever they are contained.
 */
export type Received<T> =
  IsAny<T> extends true
    ? Untyped
    : T extends Primitive
      ? T
      : T extends Branded
        ? ReceivedBranded<T>
        : T extends Uint8Array
          ? Uint8Array
          : T extends Opaque | ErrorOf<T>
            ? T
            : T extends Unsendable
              ? never
              : T extends readonly unknown[]
                ? ReceivedArray<T>
                : T extends Map<infer K, infer V>
                  ? Map<Received<K>, Received<V>>
                  : T extends Set<infer V>
                    ? Set<Received<V>>
                    : T extends ReadonlyMap<infer K, infer V>
                      ? ReadonlyMap<Received<K>, Received<V>>
                      : T extends ReadonlySet<infer V>
                        ? ReadonlySet<Received<V>>
                        : T extends Stream<infer U>
                          ? RemoteStream<Received<U>>
                          : T extends object
                            ? { [K in keyof T]: Received<T[K]> }
                            : T;

type ReceivedBranded<T extends Branded> =
  T extends ReferenceTo<infer U>
    ? RemoteReference<U>
    : T extends StandsFor<infer U>
      ? RemoteReference<U>
      : T extends Local | Seen | LoggedIn
        ? RemoteReference<T>
        : T extends CopiedAs<infer C>
          ? CopyOf<T, C>
          : T extends TupleOf<infer I>
            ? Tuple<ReceivedElements<I>>
            : T extends FrozenSetOf<infer V>
              ? FrozenSet<Received<V>>
              : T extends Observing
                ? never
                : T;

// What the class says; else a Cacheable becomes some RemoteCache, and a Copyable is copied as itself.
type CopyOf<T, C> = unknown extends C ? (T extends Cached ? RemoteCache : T) : C;

// Arrays by an array type, which TypeScript puts off, so that recursive types end; a mapped type would not be put off.
type ReceivedArray<T extends readonly unknown[]> = Untyped[] extends T
  ? T extends unknown[]
    ? Received<T[number]>[]
    : readonly Received<T[number]>[]
  : ReceivedElements<T>;

type ReceivedElements<T extends readonly unknown[]> = { [I in keyof T]: Received<T[I]> };

/**
 * What may be passed where the other side declares a `T`: an object of one's own, a reference or the promise of one for a
 * reference, `Float` for a number, and the same inside of containers. Values are copied, so read-only ones will do.
 * What goes home arrives as it was there: a RemoteStock as the Stock, but a reference to a Viewable as its ViewPoint, so
 * this is what its owner must declare. An Avatar itself cannot be sent.
 */
export type Sendable<T> =
  IsAny<T> extends true
    ? Untyped
    : T extends number
      ? T | (number extends T ? Float : never)
      : T extends Primitive
        ? T
        : T extends Branded
          ? SendableBranded<T>
          : T extends Opaque | ErrorOf<T>
            ? T
            : T extends Unsendable
              ? never
              : T extends readonly unknown[]
                ? SendableArray<T>
                : T extends ReadonlyMap<infer K, infer V>
                  ? ReadonlyMap<Sendable<K>, Sendable<V>>
                  : T extends ReadonlySet<infer V>
                    ? ReadonlySet<Sendable<V>>
                    : T extends AsyncIterable<infer U>
                      ? AsyncIterable<Sendable<U>>
                      : T extends object
                        ? { readonly [K in keyof T]: Sendable<T[K]> }
                        : T;

type SendableBranded<T extends Branded> =
  T extends ReferenceTo<infer U>
    ? RemoteReference<U> | LocalOf<U> | PendingReference<U>
    : T extends StandsFor<infer U>
      ? RemoteReference<U> | T | PendingReference<U>
      : T extends Local
        ? RemoteReference<T> | T | PendingReference<T>
        : T extends CopyFlavor
          ? SendableCopy<T>
          : T extends TupleOf<infer I>
            ? Tuple<SentElements<I>>
            : T extends FrozenSetOf<infer V>
              ? FrozenSet<Sendable<V>>
              : T extends LoggedIn | Observing
                ? never
                : T;

// A RemoteCopy goes nowhere, but the Copyables that become one arrive as it; a RemoteCache goes home as well.
type SendableCopy<T extends CopyFlavor> =
  T extends CopiedAs<infer C>
    ? T extends Cached
      ? T | CopyOf<T, C>
      : T
    : T extends Following
      ? T | CopiedAs<T>
      : CopiedAs<T>;

type SendableArray<T extends readonly unknown[]> = Untyped[] extends T
  ? readonly Sendable<T[number]>[]
  : Readonly<SentElements<T>>;

type SentElements<T extends readonly unknown[]> = { [I in keyof T]: Sendable<T[I]> };

/**
 * The type of a class's `static parameters`, checked against its methods:
 *
 * ```ts
 * class Calculator extends Referenceable {
 *   static readonly parameters: ParameterNames<Calculator> = { add: ["a", "b?"] };
 *   remote_add(a: number, b = 1) { return a + b; }
 * }
 * ```
 *
 * Every name must be that of a remote method and every list as long as that method's parameters, with a `?` behind
 * the names of optional ones and of no others. A method that takes any number of arguments has no list; that of a
 * `view_` method begins after the avatar.
 * `{ … } satisfies ParameterNames<Calculator>` checks the same; a subclass that adds names needs the annotation.
 */
export type ParameterNames<T> =
  IsAny<T> extends true
    ? { readonly [name: string]: readonly string[] }
    : { readonly [N in MethodName<T>]?: NameList<ParametersOf<T, N>> };

/**
 * The type of a class's `static synchronized`, checked against its methods: `true`, or the names of those that run one at a time.
 *
 * ```ts
 * class Account extends Referenceable {
 *   static readonly synchronized: SynchronizedMethods<Account> = ["deposit", "withdraw"];
 * ```
 *
 * A subclass adds names of its own. For that the base class says `readonly string[]`, and `satisfies` checks the names:
 * `static readonly synchronized: readonly string[] = ["deposit"] satisfies SynchronizedMethods<Account>`.
 */
export type SynchronizedMethods<T> = true | readonly MethodName<T>[];

type NameList<P extends readonly unknown[]> = number extends P["length"]
  ? never
  : P extends readonly []
    ? readonly []
    : P extends readonly [infer Head, ...infer Rest]
      ? readonly [undefined extends Head ? string : RequiredName, ...NameList<Rest>]
      : P extends readonly [_?: unknown, ...rest: infer Rest]
        ? readonly [OptionalName?, ...NameList<Rest>]
        : never;

// How a name ends: TypeScript cannot say "any string that does not end in ?".
type OptionalName = `${string}?`;
type RequiredName = `${string}${NameEnd}`;
type NameEnd = Letter | Uppercase<Letter> | Character<"0123456789_">;
type Letter = Character<"abcdefghijklmnopqrstuvwxyz">;
type Character<Text> = Text extends `${infer First}${infer Rest}` ? First | Character<Rest> : never;

/**
 * The type of a class's `static schemas`, which check the arguments of calls; each is a Standard Schema, of any library:
 *
 * ```ts
 * class Bank extends Referenceable {
 *   static readonly schemas: Schemas<Bank> = { deposit: { args: [z.string(), z.number().positive()] } };
 *   remote_deposit(account: string, amount: number) { … }
 * }
 * ```
 *
 * `args` has a schema for every parameter, also for optional ones, and what each gives out must fit that parameter. A method
 * that takes any number of arguments has another one, `rest`, for each of those. The list of a `view_` method begins after
 * the avatar.
 */
export type Schemas<T> =
  IsAny<T> extends true
    ? { readonly [name: string]: { readonly args: readonly StandardSchemaV1[]; readonly rest?: StandardSchemaV1 } }
    : { readonly [N in MethodName<T>]?: SchemasOf<ParametersOf<T, N>> };

type SchemasOf<P extends readonly unknown[]> = number extends P["length"]
  ? { readonly args: SchemaList<P>; readonly rest: StandardSchemaV1<unknown, RestOf<P>> }
  : { readonly args: SchemaList<P>; readonly rest?: undefined };

type SchemaList<P extends readonly unknown[]> = P extends readonly []
  ? readonly []
  : P[number][] extends P // What is left is any number of arguments.
    ? readonly []
    : P extends readonly [infer Head, ...infer Rest]
      ? readonly [StandardSchemaV1<unknown, Head>, ...SchemaList<Rest>]
      : P extends readonly [_?: infer Head, ...rest: infer Rest]
        ? readonly [StandardSchemaV1<unknown, Head | undefined>, ...SchemaList<Rest>]
        : never;

type RestOf<P extends readonly unknown[]> = P[number][] extends P
  ? P[number]
  : P extends readonly [_?: unknown, ...rest: infer Rest]
    ? RestOf<Rest>
    : P[number];

// Walks along the arguments; the parameters that are left when the Keywords comes may be named in it.
type EndingInKeywords<A extends readonly unknown[], P extends readonly unknown[]> = A extends readonly [unknown]
  ? [keywords: AnyKeywords]
  : A extends readonly [unknown, ...infer RestA]
    ? P extends readonly []
      ? [keywords: AnyKeywords]
      : P extends readonly [_?: infer Head, ...rest: infer RestP]
        ? [Sendable<Head>, ...EndingInKeywords<RestA, RestP>]
        : [Sendable<P[number]>, ...EndingInKeywords<RestA, P>]
    : [...Sendable<P[number]>[], AnyKeywords];

// What a Sendable<RemoteReference<T>> has beside the reference. An interface is only a description (of a Python
// server, say), so an object with these methods must be referenceable as well.
type LocalOf<T> =
  IsAny<T> extends true
    ? Local | Seen
    : T extends Local
      ? T
      : T extends Seen
        ? T | (Local & StandsFor<T>)
        : T extends LoggedIn
          ? Local & StandsFor<T>
          : T & (Local | Seen);

type MethodOf<T, N extends string> = Extract<T[`${Prefix<T>}_${N}` & keyof T], Method>;
type ParametersOf<T, N extends string> = `view_${N}` extends `${Prefix<T>}_${N}` & keyof T
  ? Rest<Parameters<MethodOf<T, N>>>
  : Parameters<MethodOf<T, N>>;

// What answers for T's calls: the object behind a ViewPoint.
type Served<T> = T extends StandsFor<infer U> ? U : T;
type Prefix<T> = T extends Branded ? (T["~pb"] extends keyof Prefixes ? Prefixes[T["~pb"]] : "remote") : AnyPrefix;
type AnyPrefix = "remote" | Prefixes[keyof Prefixes];
interface Prefixes {
  readonly avatar: "perspective";
  readonly view: "view";
  readonly cached: "observe";
}

type Rest<P extends readonly unknown[]> = P extends readonly []
  ? []
  : P extends readonly [_?: unknown, ...rest: infer R]
    ? R
    : P;
type WithoutFirst<F> = F extends Method ? (...args: Rest<Parameters<F>>) => ReturnType<F> : F;

// `void`, because nothing is compared with it: a method whose return type is still being inferred is not circular.
type Method = (...args: never) => void;
type Parameters<F> = F extends (...args: infer P) => unknown ? P : never;
type ReturnType<F> = F extends (...args: never) => infer R ? R : never;

type Primitive = string | number | boolean | bigint | null | undefined;
type Opaque = Date | RegExp | URL | ArrayBufferView;
// By its stack, because any object with a name and a message is an Error to TypeScript.
type ErrorOf<T> = "stack" extends keyof T ? Error : never;
type Unsendable = symbol | Method | (abstract new (...args: never) => unknown) | PromiseLike<unknown>;
type Stream<T> = AsyncIterable<T> | IterableIterator<T>;

interface Branded<B extends string = string> {
  readonly "~pb": B;
}
type Local = Branded<"ref">;
type Seen = Branded<"view">;
type LoggedIn = Branded<"avatar">;
type Observing = Branded<"observer">;
type Cached = Branded<"cache">;
type Following = Branded<"cached">;
type CopyFlavor = Branded<"copy" | "cache" | "cached">;
type AnyKeywords = Branded<"keywords">;
/** What becomes a `C` at the other side. Phantom, there is no such property. */
interface CopiedAs<C> {
  readonly "~pb": "copy" | "cache";
  readonly "~pbCopy": C;
}
/** A referenceable object that crosses in place of a `T`: a ViewPoint, an AvatarReference. Phantom, too. */
interface StandsFor<T> {
  readonly "~pbStandsFor": T;
}
interface Dispatching {
  perspectiveMessageReceived: unknown;
}
interface ReferenceTo<T> extends Callee<T> {
  readonly "~pb": "remote";
}
interface TupleOf<T extends readonly unknown[]> {
  readonly "~pb": "tuple";
  toArray(): T;
}
interface FrozenSetOf<T> extends ReadonlySet<T> {
  readonly "~pb": "frozenset";
}

type IsAny<T> = 0 extends 1 & T ? true : false;
// What may be called by any name: what has no type, and perspectives that dispatch messages themselves.
type IsOpen<T> = 0 extends 1 & T ? true : [T] extends [Dispatching] ? IsOwnDispatch<T> : false;
type IsOwnDispatch<T> = [T] extends [never] ? false : T extends Branded ? false : true;

// biome-ignore lint/suspicious/noExplicitAny: who leaves out the type of a reference may call and pass anything.
type Untyped = any;
