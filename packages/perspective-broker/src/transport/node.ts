// The transports of Node (`#transports`, condition "node").
import type { ConnectionOptions, TlsOptions } from "node:tls";
import { dialMemory, listenMemory } from "./memory.ts";
import { tcp } from "./tcp.ts";
import type { Dial, Listen, TransportFactory } from "./transport.ts";
import { unix } from "./unix.ts";

/** node:tls is large and may be missing; it is loaded when the scheme is used for the first time. */
const tls: TransportFactory = {
  dial: async (address, options) => (await import("./tls.ts")).tls.dial(address, options),
  listen: async (address, accept, options) => (await import("./tls.ts")).tls.listen(address, accept, options),
};

/** How to connect, by the scheme of an address. */
export const dialers: ReadonlyMap<string, Dial> = new Map([
  ["memory", dialMemory],
  ["tcp", tcp.dial],
  ["tls", tls.dial],
  ["unix", unix.dial],
]);

/** How to listen. */
export const listeners: ReadonlyMap<string, Listen> = new Map([
  ["memory", listenMemory],
  ["tcp", tcp.listen],
  ["tls", tls.listen],
  ["unix", unix.listen],
]);

/** What a client can say of TLS: Node's own options. */
export type TlsClientOptions = ConnectionOptions;

/** What a server can say of TLS: Node's own options. */
export type TlsServerOptions = TlsOptions;
