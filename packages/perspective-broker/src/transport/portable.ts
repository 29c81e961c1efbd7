// The transports of a runtime that is not Node (`#transports`, condition "default"). Nothing here may import from Node.
import { dialMemory, listenMemory } from "./memory.ts";
import type { Dial, Listen } from "./transport.ts";

/** How to connect, by the scheme of an address. */
export const dialers: ReadonlyMap<string, Dial> = new Map([["memory", dialMemory]]);

/** How to listen. */
export const listeners: ReadonlyMap<string, Listen> = new Map([["memory", listenMemory]]);

/** There are no TLS sockets here: a page's own TLS is below its WebSocket. */
export type TlsClientOptions = object;

/** The same on the other side. */
export type TlsServerOptions = object;
