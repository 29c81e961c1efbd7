// `connect`: a transport to an address, the handshake, and a connection that is ready to be used.
import { dialers, type TlsClientOptions } from "#transports";
import { AddressError, type CloseReason, ConnectError, HandshakeTimeout, NegotiationError } from "../errors.ts";
import type { Transport } from "../transport/transport.ts";
import { isBadAddress, transportFor } from "./address.ts";
import { Connection } from "./connection.ts";
import { type BrokerOptions, settingsFrom } from "./options.ts";

export interface ConnectOptions extends BrokerOptions {
  /** Milliseconds for the transport to connect. Default: the platform's own limit. */
  readonly connectTimeout?: number;
  /** Gives up connecting: the promise rejects with the signal's reason. Means nothing afterwards. */
  readonly signal?: AbortSignal;
  /** For tls:// addresses: Node's own options. */
  readonly tls?: TlsClientOptions;
}

/**
 * Connects to `tcp://host:port`, `tls://host:port`, `unix:/path` or `memory://name`, or over a transport of one's own.
 * Resolves when the dialect is agreed on, and in pb7 the server has said hello. Rejects with AddressError, ConnectError,
 * NegotiationError, HandshakeTimeout, or the signal's reason.
 */
// biome-ignore lint/suspicious/noExplicitAny: without a type every name is allowed
export async function connect<T = any>(
  address: string | Transport,
  options: ConnectOptions = {},
): Promise<Connection<T>> {
  const settings = settingsFrom(options);
  const { signal } = options;
  if (options.connectTimeout !== undefined && !(options.connectTimeout > 0)) {
    throw new RangeError("connectTimeout: must be a number of milliseconds above 0");
  }
  signal?.throwIfAborted();
  const transport = isTransport(address) ? address : await dial(address, options);
  const connection = await new Promise<Connection<T>>((resolve, reject) => {
    const ready = () => {
      signal?.removeEventListener("abort", abort);
      resolve(opening);
    };
    const ended = (_: unknown, { error, message }: CloseReason) => {
      signal?.removeEventListener("abort", abort);
      const named = error instanceof NegotiationError || error instanceof HandshakeTimeout;
      const where = typeof address === "string" ? address : transport.peer.address;
      reject(named ? error : new ConnectError(`${where}: ${message}`, error && { cause: error }));
    };
    const opening = new Connection<T>(transport, "client", settings, { ready, ended });
    const abort = () => {
      void opening.close();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    opening.start();
  });
  return connection;
}

function isTransport(address: unknown): address is Transport {
  return typeof (address as Partial<Transport> | undefined)?.start === "function";
}

async function dial(address: string, options: ConnectOptions): Promise<Transport> {
  const { signal, connectTimeout, tls } = options;
  try {
    return await transportFor(address, dialers)(address, {
      ...(signal && { signal }),
      ...(connectTimeout !== undefined && { connectTimeout }),
      ...(tls && { tls }),
    });
  } catch (error) {
    if (signal?.aborted || error instanceof AddressError) throw error;
    if (isBadAddress(error)) throw new AddressError(error.message, { cause: error });
    throw new ConnectError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
