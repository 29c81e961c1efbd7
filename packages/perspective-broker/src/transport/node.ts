// The transports of Node (`#transports`, condition "node").
import type { ConnectionOptions, TlsOptions } from "node:tls";
import { memory } from "./memory.ts";
import { tcp } from "./tcp.ts";
import type { TransportFactory } from "./transport.ts";
import { unix } from "./unix.ts";

/** node:tls is large and may be missing; it is loaded when the scheme is used for the first time. */
const tls: TransportFactory = {
  dial: async (address, options) => (await import("./tls.ts")).tls.dial(address, options),
  listen: async (address, accept, options) => (await import("./tls.ts")).tls.listen(address, accept, options),
};

/** By the scheme of an address. Has no prototype, so that any string can be asked for. */
export const transports: Readonly<Record<string, TransportFactory>> = Object.assign(Object.create(null), {
  memory,
  tcp,
  tls,
  unix,
});

/** What a client can say of TLS: Node's own options. */
export type TlsClientOptions = ConnectionOptions;

/** What a server can say of TLS: Node's own options. */
export type TlsServerOptions = TlsOptions;
