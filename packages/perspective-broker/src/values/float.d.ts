/** A float, also when integral: `new Float(1)` is `1.0` in Python. */
export declare class Float {
    readonly "~pb": "float";
    readonly value: number;
    constructor(value: number);
    valueOf(): number;
    toString(): string;
    toJSON(): number;
}
