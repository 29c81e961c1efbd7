// From a socket that is connecting to a transport, within the dialler's limits. What fails leaves no socket behind.
import type { Socket } from "node:net";
import { platformError } from "./platform-error.ts";
import type { DialOptions, Transport } from "./transport.ts";

/**
 * Waits for `event`, then takes `makeTransport()` in the same moment, so that no event of the socket is missed. Rejects
 * with the socket's error, with ETIMEDOUT, or with the reason of the signal.
 */
export function establish(
  socket: Socket,
  event: "connect" | "secureConnect",
  address: string,
  options: DialOptions,
  makeTransport: () => Transport,
): Promise<Transport> {
  const { connectTimeout, signal } = options;
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      socket.off(event, onReady).off("error", onError).off("close", onClose);
    };
    const fail = (reason: unknown): void => {
      settle();
      socket.on("error", () => {}); // told already, and what else it says concerns nobody
      socket.destroy();
      reject(reason);
    };
    const onReady = (): void => {
      settle();
      resolve(makeTransport());
    };
    const onError = (error: NodeJS.ErrnoException): void => fail(readable(error, address));
    const onClose = (): void => fail(platformError("ECONNRESET", `connect ECONNRESET ${address}: closed by the peer`));
    const onAbort = (): void => fail(signal?.reason);

    socket.on(event, onReady).on("error", onError).on("close", onClose);
    signal?.addEventListener("abort", onAbort);
    if (connectTimeout !== undefined && connectTimeout <= longestTimer) {
      timer = setTimeout(() => {
        fail(platformError("ETIMEDOUT", `connect ETIMEDOUT ${address}: no connection within ${connectTimeout} ms`));
      }, connectTimeout);
    }
  });
}

/** A longer one would fire at once; it means: no limit of ours. */
const longestTimer = 2 ** 31 - 1;

/** A name with several addresses fails with an error that has a code but says nothing: give it words. */
function readable(error: NodeJS.ErrnoException, address: string): Error {
  if (error.message !== "") return error;
  const code = error.code ?? "ECONNREFUSED";
  const attempts = error instanceof AggregateError ? error.errors.map((one: unknown) => String(one)).join("; ") : "";
  return platformError(code, `connect ${code} ${address}${attempts === "" ? "" : `: ${attempts}`}`, error);
}
