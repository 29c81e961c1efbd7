// Interceptors and what diagnostics channels are told, as applications see them: with the connection's own class.
import type * as diagnostics from "../broker/diagnostics.ts";
import type * as broker from "../broker/interceptors.ts";
import type { Connection } from "./connection.ts";

export type { CallOutcome } from "../broker/interceptors.ts";

/**
 * A function around the calls of a connection, in both directions: `onCall(call, next)`. It returns what the call is to result
 * in, which is what `next()` gives, or something else.
 */
export type CallInterceptor = broker.CallInterceptor<Connection>;

/** A call on its way to the peer, or from it. */
export type InterceptedCall = broker.InterceptedCall<Connection>;

/** What subscribers of `tracing:perspective-broker:call:*` get. */
export type CallMessage = diagnostics.CallMessage<Connection>;

/** What subscribers of `perspective-broker:connection:open` and `:close` get. */
export type ConnectionMessage = diagnostics.ConnectionMessage<Connection>;
