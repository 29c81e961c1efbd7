/** A tuple of the items `T`; indexes and destructuring are typed by position. */
export type Tuple<T extends readonly unknown[] = unknown[]> = TupleArray<T> & T;
/** Makes a tuple: `tuple("a", 1)` is `("a", 1)` in Python. */
export declare function tuple<T extends unknown[]>(...items: T): Tuple<T>;
/** What a tuple has beside its items' positions. */
export interface TupleArray<T extends readonly unknown[] = unknown[]> extends Array<T[number]> {
    readonly "~pb": "tuple";
    /** The items as a plain array. */
    toArray(): T;
}
/** The class of tuples: `value instanceof Tuple`. */
export interface TupleConstructor {
    readonly prototype: Tuple;
    new (): Tuple;
    /** One argument is one item, also when it is a number: `new Tuple(5)` is not an array of length 5. */
    new <T extends readonly unknown[] = unknown[]>(...items: T): Tuple<T>;
    from<U>(items: Iterable<U> | ArrayLike<U>): Tuple<U[]>;
    of<T extends unknown[]>(...items: T): Tuple<T>;
}
export declare const Tuple: TupleConstructor;
