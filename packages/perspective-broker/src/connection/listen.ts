// `listen`: a place where clients connect to, each with its own connection and, if wanted, its own root.
import { listeners, type TlsServerOptions } from "#transports";
import { Portal } from "../cred/portal.ts";
import { AddressError, ListenError } from "../errors.ts";
import { Referenceable, Root } from "../flavors/referenceable.ts";
import { isBadAddress, transportFor } from "./address.ts";
import type { Connection } from "./connection.ts";
import { type BrokerOptions, settingsFrom } from "./options.ts";
import { PortalHostOfConnection } from "./portal-host.ts";
import { Server } from "./server.ts";

export interface ListenOptions extends BrokerOptions {
  /** Connections at the same time; those above it are turned away. */
  readonly maxConnections?: number;
  /** For tls:// addresses: Node's own options; `requestCert` with `ca` asks clients for certificates. */
  readonly tls?: TlsServerOptions;
}

/** What a server offers as root: one object for all connections, a Portal to log in at, or a function for each connection. */
export type RootFor = Referenceable | Portal | ((connection: Connection) => Referenceable);

/**
 * Serves a root at `tcp://host:port`, `tls://host:port`, `unix:/path` or `memory://name`, until `server.close()`. Port 0
 * chooses a free one; `server.address` has it. Rejects with AddressError or ListenError.
 */
export async function listen(root: RootFor, address: string, options: ListenOptions = {}): Promise<Server> {
  const settings = settingsFrom(options);
  const server = new Server(rootMaker(root), settings);
  const { maxConnections, tls } = options;
  try {
    server.opened(
      await transportFor(address, listeners)(address, (transport) => server.accept(transport), {
        ...(maxConnections !== undefined && { maxConnections }),
        ...(tls && { tls }),
        onError: (error) => settings.log({ level: "debug", message: `${address}: ${error.message}`, error }),
      }),
    );
  } catch (error) {
    if (error instanceof AddressError) throw error;
    if (isBadAddress(error)) throw new AddressError(error.message, { cause: error });
    throw new ListenError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  return server;
}

function rootMaker(root: RootFor): (connection: Connection) => Referenceable {
  if (typeof root === "string") throw new TypeError("listen takes the root first, then the address");
  // A class is a function, too, but what is meant is an object of it.
  if (typeof root === "function" && !(root.prototype instanceof Referenceable)) return root;
  if (root instanceof Portal) return (connection) => root.rootObject(new PortalHostOfConnection(connection));
  const object = root as Referenceable;
  Referenceable.checkDeclarations(object);
  return object instanceof Root ? (connection) => object.rootObject(connection) : () => object;
}
