// What the type tests are written in. A test is a type that only compiles when it holds; `@ts-expect-error` marks what
// must not compile. Nothing in this folder runs, except compile.test.ts, which runs the compiler over it.

/** Compiles if every one of the list is `true`; the message of a failure has the position. */
export type All<T extends readonly true[]> = T;

/** Exactly the same type: `any` equals `any` only, and modifiers count. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** A value of type `From` can be passed where `To` is asked for. */
export type Accepts<To, From> = [From] extends [To] ? true : false;
