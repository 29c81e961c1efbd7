// `currentCall()` as applications see it: with the connection's own class.
import { type Call as BrokerCall, runningCall } from "../broker/current-call.ts";
import type { Connection } from "./connection.ts";

/** One call of the peer, while it runs. */
export type Call = BrokerCall<Connection>;

/**
 * The call that is running: who calls, over which connection, and a signal that fires when nobody waits for the answer any
 * more. Throws NoCurrentCall outside of a remote call, and with `context: "sync"` after the first `await`.
 */
export function currentCall(): Call {
  return runningCall() as Call;
}
