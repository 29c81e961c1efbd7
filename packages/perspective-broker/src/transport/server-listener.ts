// What the listeners of tcp, unix and tls have in common over a server of node:net.
import type { ListenOptions, Server } from "node:net";
import type { Listener, ListenTransportOptions } from "./transport.ts";

/** Connections that the system may keep for us before we take them; it lowers this to its own limit. */
const backlog = 4096;

/** Begins to listen at `where`; `address()` is asked once that works. `onClose` runs in the listener's close. */
export async function openListener(
  server: Server,
  where: ListenOptions,
  options: ListenTransportOptions,
  address: () => string,
  onClose?: () => void,
): Promise<Listener> {
  if (options.maxConnections !== undefined) server.maxConnections = options.maxConnections;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ ...where, backlog }, () => {
      server.off("error", reject);
      // From now on: an accept that failed, such as for want of file descriptors. It goes on listening.
      server.on("error", (error) => options.onError?.(error));
      resolve();
    });
  });
  return {
    address: address(),
    close(): Promise<void> {
      // Its callback would wait for the last connection; the place itself is free at once.
      server.close();
      onClose?.();
      return new Promise((resolve) => setImmediate(resolve));
    },
  };
}
