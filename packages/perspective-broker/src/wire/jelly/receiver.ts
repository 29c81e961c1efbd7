// What may be registered for a sender's class: something that takes the states which that class gives. Types only. What a class
// does not say about its states is not checked.
import type { Received } from "../../types.ts";

/** What makes the copies of a `T`: a class, or a function that is given the state. */
export type ReceiverOf<T> =
  | ReceivingClass<DeclaredCopy<T>, ReceivedState<T, never>>
  | ((state: ReceivedState<T, Anything>) => DeclaredCopy<T>);

/** A class whose `setCopyableState` takes a `State`; every class takes `never`. */
export interface ReceivingClass<T extends object, State> {
  // biome-ignore lint/suspicious/noExplicitAny: its constructor is called without arguments, or not at all
  new (...args: any[]): T & Receiving<State>;
}

/** A property and not a method, because TypeScript compares only the parameters of such in earnest. */
export interface Receiving<State> {
  setCopyableState: (state: State) => void;
}

/**
 * The state that a copy of a `T` is made of, as it arrives: what the first of `getStateToCacheAndObserveFor`,
 * `getStateToCopyFor` and `getStateToCopy` returns that says more than `object`. `Unknown` if none does.
 */
export type ReceivedState<T, Unknown> = Said<
  Returned<T, "getStateToCacheAndObserveFor">,
  Said<Returned<T, "getStateToCopyFor">, Said<Returned<T, "getStateToCopy">, Unknown>>
>;

/** What the class of a `T` declares as its copy (`Copyable<RemotePond>`); any object if it declares nothing. */
type DeclaredCopy<T> = T extends { readonly "~pbCopy": infer C } ? (unknown extends C ? object : C & object) : object;

type Returned<T, K extends string> = K extends keyof T
  ? T[K] extends (...args: never) => infer R
    ? R
    : object
  : object;
type Said<State, Else> = Same<State, object> extends true ? Else : Received<State>;
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

// biome-ignore lint/suspicious/noExplicitAny: a state of which nothing is known may be used as anything
type Anything = any;
