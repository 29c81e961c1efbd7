import type { RemoteReference } from "./references/remote-reference.ts";
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
    /** Calls the method `remote_` + `name` and promises its result. */
    callRemote<U, N extends MethodName<U>, A extends readonly unknown[]>(this: Callee<U>, name: N, ...args: Arguments<U, N, A>): ResultOf<U, N>;
    /** Calls it and asks for no answer: nothing is known of how it went. */
    callRemoteOnly<U, N extends MethodName<U>, A extends readonly unknown[]>(this: Callee<U>, name: N, ...args: Arguments<U, N, A>): void;
    /** A view with these options for every call through it. */
    with(options: CallOptions): Callable<T>;
}
/** What `with()` takes. */
export interface CallOptions {
    /** Aborting it rejects the calls that are not yet answered. */
    readonly signal?: AbortSignal | undefined;
    /** Milliseconds until a call that is not answered rejects. */
    readonly timeout?: number | undefined;
}
/** `reference.remote`: the remote methods as methods. Not thenable; a method called `then` needs `callRemote`. */
export type RemoteProxy<T> = IsAny<T> extends true ? Untyped : {
    readonly [N in Exclude<MethodName<T>, "then" | "toJSON">]: <A extends readonly unknown[]>(...args: Arguments<T, N, A>) => ResultOf<T, N>;
};
/** The methods that a `T` offers to the other side: those called `remote_`, without the prefix. */
export type RemoteMethods<T> = {
    [K in keyof T as K extends `remote_${infer N}` ? (T[K] extends Method | undefined ? N : never) : never]: T[K];
};
/** The names of these methods; any name for `any`. */
export type MethodName<T> = IsAny<T> extends true ? string : [T] extends [never] ? never : keyof RemoteMethods<T> & string;
/**
 * The arguments of a call of `T`'s method `N`: all of them, or the first few (or none) and then a `Keywords`.
 * `A` is what the caller passes, as TypeScript infers it. It only decides which of the two is meant, so that a wrong or
 * missing argument is reported as itself and not as a mismatch with every possible list.
 */
export type Arguments<T, N extends string, A extends readonly unknown[] = []> = IsAny<T> extends true ? Untyped[] : [A] extends [never] ? A : A extends readonly [...unknown[], AnyKeywords] ? EndingInKeywords<A, Parameters<MethodOf<T, N>>> : SentElements<Parameters<MethodOf<T, N>>>;
/** What a call of `T`'s method `N` returns. */
export type ResultOf<T, N extends string> = IsAny<T> extends true ? PendingUntyped : Result<ReturnType<MethodOf<T, N>>>;
/** What a call returns, of a method that returns `R`: a stream for what can be iterated, else a promise. */
export type Result<R> = IsAny<R> extends true ? PendingUntyped : [R] extends [never] ? Promise<never> : [R] extends [Stream<infer U>] ? RemoteStream<Received<U>> : Pending<Received<Awaited<R>>>;
/**
 * The promise of a call: a real Promise, which can be called through while it is pending if what it promises is a
 * reference. `Two | undefined` is awaited and looked at first, as everywhere in TypeScript. An `async` function
 * returns a promise of its own, so calls go through the direct result only.
 */
export type Pending<T> = IsAny<T> extends true ? PendingUntyped : [T] extends [never] ? Promise<never> : [T] extends [ReferenceTo<infer U>] ? PendingReference<U> : Promise<T>;
/** The promise of a reference to a `T`. */
export interface PendingReference<T> extends Promise<RemoteReference<T>>, Omit<Callable<T>, "with"> {
}
/** The promise of a call whose result has no type: it may be a reference. */
export interface PendingUntyped extends Promise<Untyped>, Omit<Callable<Untyped>, "with"> {
}
/** A remote iterable. Leaving a `for await` over it, or disposing it, ends it at the other side. */
export interface RemoteStream<T> extends AsyncIterable<T>, AsyncDisposable {
}
/** What the other side gets for a `T`: references for referenceable objects, in whatever they are contained. */
export type Received<T> = IsAny<T> extends true ? Untyped : T extends Primitive ? T : T extends Branded ? ReceivedBranded<T> : T extends Uint8Array ? Uint8Array : T extends Opaque | ErrorOf<T> ? T : T extends Unsendable ? never : T extends readonly unknown[] ? ReceivedArray<T> : T extends Map<infer K, infer V> ? Map<Received<K>, Received<V>> : T extends Set<infer V> ? Set<Received<V>> : T extends ReadonlyMap<infer K, infer V> ? ReadonlyMap<Received<K>, Received<V>> : T extends ReadonlySet<infer V> ? ReadonlySet<Received<V>> : T extends Stream<infer U> ? RemoteStream<Received<U>> : T extends object ? {
    [K in keyof T]: Received<T[K]>;
} : T;
type ReceivedBranded<T extends Branded> = T extends ReferenceTo<infer U> ? RemoteReference<U> : T extends Local ? RemoteReference<T> : T extends TupleOf<infer I> ? Tuple<ReceivedElements<I>> : T extends FrozenSetOf<infer V> ? FrozenSet<Received<V>> : T;
type ReceivedArray<T extends readonly unknown[]> = Untyped[] extends T ? T extends unknown[] ? Received<T[number]>[] : readonly Received<T[number]>[] : ReceivedElements<T>;
type ReceivedElements<T extends readonly unknown[]> = {
    [I in keyof T]: Received<T[I]>;
};
/**
 * What may be passed where the other side declares a `T`: an object of one's own or a reference for a reference,
 * `Float` for a number, and the same inside of containers. Values are copied, so read-only ones will do.
 */
export type Sendable<T> = IsAny<T> extends true ? Untyped : T extends number ? T | (number extends T ? Float : never) : T extends Primitive ? T : T extends Branded ? SendableBranded<T> : T extends Opaque | ErrorOf<T> ? T : T extends Unsendable ? never : T extends readonly unknown[] ? SendableArray<T> : T extends ReadonlyMap<infer K, infer V> ? ReadonlyMap<Sendable<K>, Sendable<V>> : T extends ReadonlySet<infer V> ? ReadonlySet<Sendable<V>> : T extends AsyncIterable<infer U> ? AsyncIterable<Sendable<U>> : T extends object ? {
    readonly [K in keyof T]: Sendable<T[K]>;
} : T;
type SendableBranded<T extends Branded> = T extends ReferenceTo<infer U> ? RemoteReference<U> | LocalOf<U> : T extends Local ? RemoteReference<T> | T : T extends TupleOf<infer I> ? Tuple<SentElements<I>> : T extends FrozenSetOf<infer V> ? FrozenSet<Sendable<V>> : T;
type SendableArray<T extends readonly unknown[]> = Untyped[] extends T ? readonly Sendable<T[number]>[] : Readonly<SentElements<T>>;
type SentElements<T extends readonly unknown[]> = {
    [I in keyof T]: Sendable<T[I]>;
};
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
 * the names of optional ones and of no others. A method that takes any number of arguments has no list.
 * `{ … } satisfies ParameterNames<Calculator>` checks the same; a subclass that adds names needs the annotation.
 */
export type ParameterNames<T> = IsAny<T> extends true ? {
    readonly [name: string]: readonly string[];
} : {
    readonly [N in MethodName<T>]?: NameList<Parameters<MethodOf<T, N>>>;
};
type NameList<P extends readonly unknown[]> = number extends P["length"] ? never : P extends readonly [] ? readonly [] : P extends readonly [infer Head, ...infer Rest] ? readonly [undefined extends Head ? string : RequiredName, ...NameList<Rest>] : P extends readonly [_?: unknown, ...rest: infer Rest] ? readonly [OptionalName?, ...NameList<Rest>] : never;
type OptionalName = `${string}?`;
type RequiredName = `${string}${NameEnd}`;
type NameEnd = Letter | Uppercase<Letter> | Character<"0123456789_">;
type Letter = Character<"abcdefghijklmnopqrstuvwxyz">;
type Character<Text> = Text extends `${infer First}${infer Rest}` ? First | Character<Rest> : never;
type EndingInKeywords<A extends readonly unknown[], P extends readonly unknown[]> = A extends readonly [unknown] ? [keywords: AnyKeywords] : A extends readonly [unknown, ...infer RestA] ? P extends readonly [] ? [keywords: AnyKeywords] : P extends readonly [_?: infer Head, ...rest: infer RestP] ? [Sendable<Head>, ...EndingInKeywords<RestA, RestP>] : [Sendable<P[number]>, ...EndingInKeywords<RestA, P>] : [...Sendable<P[number]>[], AnyKeywords];
type LocalOf<T> = IsAny<T> extends true ? Local : T extends Local ? T : T & Local;
type MethodOf<T, N extends string> = Extract<T[`remote_${N}` & keyof T], Method>;
type Method = (...args: never) => void;
type Parameters<F> = F extends (...args: infer P) => unknown ? P : never;
type ReturnType<F> = F extends (...args: never) => infer R ? R : never;
type Primitive = string | number | boolean | bigint | null | undefined;
type Opaque = Date | RegExp | URL | ArrayBufferView;
type ErrorOf<T> = "stack" extends keyof T ? Error : never;
type Unsendable = symbol | Method | (abstract new (...args: never) => unknown) | PromiseLike<unknown>;
type Stream<T> = AsyncIterable<T> | IterableIterator<T>;
interface Branded {
    readonly "~pb": string;
}
interface Local {
    readonly "~pb": "ref";
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
interface AnyKeywords {
    readonly "~pb": "keywords";
}
type IsAny<T> = 0 extends 1 & T ? true : false;
type Untyped = any;
export {};
