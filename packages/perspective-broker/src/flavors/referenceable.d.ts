import type { Arguments, Callable, CallOptions, MethodName, ResultOf } from "../types.ts";
import { Keywords } from "../values/keywords.ts";
/**
 * Base of objects that are passed by reference. Whoever holds a reference can call each method of the class chain whose name
 * begins with `remote_`, and nothing else. TypeScript's `private` does not hide a method from the wire; another name does.
 *
 * It can be called in the same words as a reference, so that code need not care whether an object is here or there: such a
 * call is asynchronous and in order, too, but its arguments are passed as they are and not copied.
 */
export declare abstract class Referenceable {
    readonly "~pb": "ref";
    /** Calls `remote_name` here, in a later turn. */
    callRemote<N extends MethodName<this>, A extends readonly unknown[]>(name: N, ...args: Arguments<this, N, A>): ResultOf<this, N>;
    /** Calls `remote_name` here, in a later turn; what becomes of it is not known. */
    callRemoteOnly<N extends MethodName<this>, A extends readonly unknown[]>(name: N, ...args: Arguments<this, N, A>): void;
    /** A view whose calls have these options. */
    with(options: CallOptions): Callable<this>;
    /**
     * Answers a message: the hook that every call from outside goes through. The stock one calls `remote_message` with `this`
     * as the object; throws NoSuchMethod, and TypeError where `static parameters` does not fit.
     */
    remoteMessageReceived(message: string, args: unknown[], keywords: Keywords | undefined): unknown;
    /** Throws DeclarationError if the class declares its methods in a way that is refused. Called when it is first exported. */
    static checkDeclarations(object: Referenceable): void;
}
/** The object that a client sees first. */
export declare class Root extends Referenceable {
    /** The object for one connection, asked for once when it is accepted. The stock one is this object for all. */
    rootObject(_connection: object): Referenceable;
}
