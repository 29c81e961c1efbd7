import type { Keywords } from "../values/keywords.ts";
export type Method = (...args: never[]) => unknown;
/** A method that can be reached. */
export interface RemoteMethod {
    /** Without the prefix. */
    readonly name: string;
    readonly fn: Method;
    /** The names of its parameters, from `static parameters`; undefined if there are none. */
    readonly parameters: readonly Parameter[] | undefined;
}
interface Parameter {
    readonly name: string;
    readonly optional: boolean;
}
/** The tables of one prefix, by class. */
export declare class MethodTables {
    #private;
    constructor(prefix: string);
    /** The method of that name (without the prefix), or undefined. */
    find(object: object, name: string): RemoteMethod | undefined;
    /** Throws DeclarationError if the object or its class declares a method in a way that is refused. */
    check(object: object): void;
}
/**
 * The arguments to call a method with: keywords put in their places by `static parameters`, or added as the last argument if
 * the method has none. Throws TypeError, as Python does, for what is missing, superfluous, unknown or given twice.
 */
export declare function bindArguments(method: RemoteMethod, args: unknown[], keywords: Keywords | undefined): unknown[];
export {};
