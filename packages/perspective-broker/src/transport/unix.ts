// unix:/path/to.sock, in Node. Who may connect is a matter of the folder's permissions and the umask.
import { lstat, unlink } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { establish } from "./establish.ts";
import { platformError } from "./platform-error.ts";
import { openListener } from "./server-listener.ts";
import { highWater, StreamSocket } from "./stream-socket.ts";
import type { DialOptions, Listener, ListenTransportOptions, Transport, TransportFactory } from "./transport.ts";

export const unix: TransportFactory = {
  async dial(address: string, options: DialOptions): Promise<Transport> {
    options.signal?.throwIfAborted();
    const path = pathIn(address);
    const where = { path, highWaterMark: highWater };
    const socket = connect(where);
    return establish(
      socket,
      "connect",
      address,
      options,
      () => new StreamSocket(socket, { scheme: "unix", address: path }),
    );
  },

  /** A socket file that somebody left behind is replaced; anything else at the path is EADDRINUSE. */
  async listen(
    address: string,
    accept: (transport: Transport) => void,
    options: ListenTransportOptions,
  ): Promise<Listener> {
    const path = pathIn(address);
    const open = (): Promise<Listener> => {
      const server = createServer({ highWaterMark: highWater }, (socket) => {
        accept(new StreamSocket(socket, { scheme: "unix", address: path }));
      });
      return openListener(server, { path }, options, () => `unix:${path}`); // closing it removes the file
    };
    try {
      return await open();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE" || !(await removeStale(path))) throw error;
      return await open();
    }
  },
};

/** What a socket address of the system can hold; Node would cut a longer path and listen somewhere else. */
const longestPath = process.platform === "linux" ? 107 : 103;

function pathIn(address: string): string {
  const path = /^unix:(?:\/\/(?=\/))?(?!\/\/)(.+)$/is.exec(address)?.[1];
  if (path === undefined || path.includes("\0")) {
    throw platformError("EINVAL", `"${address}" is no address of a Unix socket: unix:/path/to.sock`);
  }
  if (process.platform !== "win32" && Buffer.byteLength(path) > longestPath) {
    throw platformError("ENAMETOOLONG", `"${path}" is too long for a Unix socket: the limit is ${longestPath} bytes`);
  }
  return path;
}

/** Removes a socket that nobody listens at; false when there is something else, or it was replaced meanwhile. */
async function removeStale(path: string): Promise<boolean> {
  const before = await lstat(path).catch(() => undefined);
  if (before === undefined) return true; // gone by itself
  if (!before.isSocket() || !(await refusesConnections(path))) return false;
  const now = await lstat(path).catch(() => undefined);
  if (now === undefined) return true;
  if (now.ino !== before.ino || now.dev !== before.dev) return false;
  await unlink(path);
  return true;
}

function refusesConnections(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    probe.on("connect", () => {
      probe.destroy();
      resolve(false);
    });
    probe.on("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  });
}
