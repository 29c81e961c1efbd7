/** One whose resolvers are at hand; without a closure per call. */
export declare class RemoteResult<T> extends Promise<T> {
    #private;
    /** Calls a method of the reference that this promises. */
    callRemote(name: string, ...args: unknown[]): RemoteResult<unknown>;
    /** The same without an answer. */
    callRemoteOnly(name: string, ...args: unknown[]): void;
    /** @internal Gives the reference back if nothing was asked of it any more. */
    static abandon(result: RemoteResult<unknown>): void;
    /** @internal `then` that leaves no sign of interest. */
    static watch(result: Promise<unknown>, fulfilled: (value: unknown) => void, rejected: (error: unknown) => void): void;
}
/** A pending result with its resolvers. */
export declare function pending<T>(): {
    result: RemoteResult<T>;
    resolve: (value: T) => void;
    reject: (error: unknown) => void;
};
