// The transports of a runtime that is not Node (`#transports`, condition "default"). Nothing here may import from Node.
import { memory } from "./memory.ts";
import type { TransportFactory } from "./transport.ts";

/** By the scheme of an address. Has no prototype, so that any string can be asked for. */
export const transports: Readonly<Record<string, TransportFactory>> = Object.assign(Object.create(null), { memory });

/** There are no TLS sockets here: a page's own TLS is below its WebSocket. */
export type TlsClientOptions = object;

/** The same on the other side. */
export type TlsServerOptions = object;
