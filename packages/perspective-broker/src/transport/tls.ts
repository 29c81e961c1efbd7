// tls://host:port, in Node: tcp with node:tls around it, and mutual TLS by the options that Node has for it. Loaded
// only when the scheme is used.
import { type AddressInfo, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect, createServer, type TLSSocket, type TlsOptions } from "node:tls";
import { establish } from "./establish.ts";
import { formatHostPort, parseHostPort, remoteAddress } from "./host-port.ts";
import { platformError } from "./platform-error.ts";
import { openListener } from "./server-listener.ts";
import { StreamSocket } from "./stream-socket.ts";
import { socketOptions } from "./tcp.ts";
import type { DialOptions, Listener, ListenTransportOptions, Transport, TransportFactory } from "./transport.ts";

/** Milliseconds that a client may take for its handshake, unless the options say otherwise. */
const handshakeTimeout = 10_000;

export const tls: TransportFactory = {
  /** A server that does not trust the client's certificate may say so only after this has resolved: `closed` tells. */
  async dial(address: string, options: DialOptions): Promise<Transport> {
    options.signal?.throwIfAborted();
    const { host, port } = parseHostPort(address);
    const tlsOptions: ConnectionOptions = options.tls ?? {};
    const socket = connect({
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...tlsOptions,
      ...{ host, port, allowHalfOpen: false, highWaterMark: socketOptions.highWaterMark },
    });
    socket.once("connect", () => {
      socket.setNoDelay(socketOptions.noDelay);
      socket.setKeepAlive(socketOptions.keepAlive, socketOptions.keepAliveInitialDelay);
    });
    return establish(socket, "secureConnect", address, options, () => secured(socket));
  },

  async listen(
    address: string,
    accept: (transport: Transport) => void,
    options: ListenTransportOptions,
  ): Promise<Listener> {
    const where = parseHostPort(address);
    const tlsOptions: TlsOptions = options.tls ?? {};
    requireIdentity(address, tlsOptions);
    const server = createServer({
      handshakeTimeout,
      ...tlsOptions,
      ...{ ...socketOptions, allowHalfOpen: false, pauseOnConnect: false },
    });
    let listening = true;
    const shaking = new Map<string, Socket>(); // those that are still in the handshake
    server.on("connection", (socket) => {
      const key = fourTuple(socket);
      shaking.set(key, socket);
      socket.on("close", () => {
        if (shaking.get(key) === socket) shaking.delete(key);
      });
    });
    server.on("secureConnection", (socket) => {
      shaking.delete(fourTuple(socket));
      if (listening) accept(secured(socket));
      else socket.destroy();
    });
    server.on("tlsClientError", (error, socket) => {
      socket.destroy();
      if (listening) options.onError?.(refusal(error, socket));
    });
    return openListener(
      server,
      where,
      options,
      () => `tls://${formatHostPort(where.host, (server.address() as AddressInfo).port)}`,
      () => {
        listening = false;
        for (const socket of shaking.values()) socket.destroy();
      },
    );
  },
};

function secured(socket: TLSSocket): Transport {
  const certificate = socket.getPeerCertificate(true);
  const shown = certificate !== null && Object.keys(certificate).length > 0;
  const transport = new StreamSocket(socket, {
    scheme: "tls",
    address: remoteAddress(socket),
    ...(shown ? { certificate, authorized: socket.authorized } : {}),
  });
  return Object.assign(transport, { channelBinding: () => exporter(socket) });
}

/** RFC 9266: 32 bytes, without context. None once the socket is gone, nor before TLS 1.3, where they may be another's, too. */
function exporter(socket: TLSSocket): Uint8Array | undefined {
  if (socket.getProtocol() !== "TLSv1.3") return undefined;
  try {
    return socket.exportKeyingMaterial(32, "EXPORTER-Channel-Binding", Buffer.alloc(0));
  } catch {
    return undefined;
  }
}

/** What a plain socket and the TLS socket made of it have in common: Node does not tell which belongs to which. */
function fourTuple({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

/** Without it each handshake would fail, with an error that says little. */
function requireIdentity(address: string, { cert, pfx, SNICallback, pskCallback }: TlsOptions): void {
  if (cert ?? pfx ?? SNICallback ?? pskCallback) return;
  throw platformError("EINVAL", `listening at ${address} needs a certificate: the TLS options cert and key, or pfx`);
}

/** Why a client did not get in. */
function refusal(error: Error, socket: TLSSocket): Error {
  const reason: unknown = socket.authorizationError; // its type says Error; it is the code
  if (typeof reason !== "string") return error;
  return platformError(reason, `the client's certificate was refused: ${reason}`, error);
}
