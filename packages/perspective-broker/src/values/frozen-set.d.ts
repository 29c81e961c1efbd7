/** A set that cannot change. `union`, `intersection` and their kin give plain sets. */
export declare class FrozenSet<T> extends Set<T> {
    readonly "~pb": "frozenset";
    constructor(items?: Iterable<T> | null);
    /** Always throws TypeError. */
    add(_item: T): never;
    /** Always throws TypeError. */
    delete(_item: T): never;
    /** Always throws TypeError. */
    clear(): never;
}
/** For decoders alone: adds an item to a frozen set that nobody else has seen yet. */
export declare function fillFrozenSet<T>(set: FrozenSet<T>, item: T): void;
