interface CanCall {
    callRemote(name: string, ...args: unknown[]): unknown;
}
/** The proxy of a reference, always the same one. */
export declare function remoteProxy(callee: CanCall): object;
export {};
