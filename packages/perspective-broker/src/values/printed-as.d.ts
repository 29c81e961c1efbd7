/** Lets `util.inspect` print the instances of a class by `print`; `nested` prints a value inside, as far as it may. */
export declare function printedAs<T extends object>(type: {
    readonly prototype: T;
}, print: (value: T, nested: (inner: unknown) => string) => string): void;
