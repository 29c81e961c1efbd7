/** Keyword arguments, as the last argument of a call: `callRemote("add", 1, kw({ b: 2 }))`. */
export declare function kw<T extends object>(values: T): Keywords<T>;
/** Keyword arguments. A method without `static parameters` gets them as its last argument. */
export declare class Keywords<T extends object = Record<string, unknown>> {
    #private;
    readonly "~pb": "keywords";
    /** Takes the object's own enumerable properties. One that is undefined counts as not given. */
    constructor(values: T);
    /** Takes pairs of name and value; a name given twice has its last value. */
    static fromEntries(entries: Iterable<readonly [name: string, value: unknown]>): Keywords;
    get size(): number;
    /** The names, in the order given. */
    get names(): string[];
    has(name: string): boolean;
    get<V extends object, K extends keyof V & string>(this: Keywords<V>, name: K): V[K] | undefined;
    entries(): IterableIterator<[name: string, value: unknown]>;
    [Symbol.iterator](): IterableIterator<[name: string, value: unknown]>;
    /** A plain object of the names and values; every name is an own property of it. */
    toObject(): T;
}
