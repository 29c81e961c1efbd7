// tcp://host:port, in Node.
import { type AddressInfo, connect, createServer } from "node:net";
import { establish } from "./establish.ts";
import { formatHostPort, parseHostPort, remoteAddress } from "./host-port.ts";
import { openListener } from "./server-listener.ts";
import { highWater, StreamSocket } from "./stream-socket.ts";
import type { DialOptions, Listener, ListenTransportOptions, Transport, TransportFactory } from "./transport.ts";

/**
 * How sockets are set. No delay: writes come joined from above, waiting for more would only cost time. Keep-alive: a
 * peer that vanished without a word is found, in the end, even when nothing is sent.
 */
export const socketOptions: {
  readonly noDelay: boolean;
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelay: number;
  readonly highWaterMark: number;
} = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000, highWaterMark: highWater };

export const tcp: TransportFactory = {
  async dial(address: string, options: DialOptions): Promise<Transport> {
    options.signal?.throwIfAborted();
    const socket = connect({ ...parseHostPort(address), ...socketOptions });
    return establish(
      socket,
      "connect",
      address,
      options,
      () => new StreamSocket(socket, { scheme: "tcp", address: remoteAddress(socket) }),
    );
  },

  async listen(
    address: string,
    accept: (transport: Transport) => void,
    options: ListenTransportOptions,
  ): Promise<Listener> {
    const where = parseHostPort(address);
    const server = createServer(socketOptions, (socket) => {
      accept(new StreamSocket(socket, { scheme: "tcp", address: remoteAddress(socket) }));
    });
    return openListener(server, where, options, () => {
      return `tcp://${formatHostPort(where.host, (server.address() as AddressInfo).port)}`;
    });
  },
};
