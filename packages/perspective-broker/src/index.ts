// The public names of perspective-broker, grouped; nothing else.

export type { Log, LogRecord } from "./broker/log.ts";
// Both ends
export { type ConnectOptions, connect } from "./connection/connect.ts";
export { Connection, type ConnectionEvents, type ConnectionInspection } from "./connection/connection.ts";
export { type Call, currentCall } from "./connection/current-call.ts";
export { type ListenOptions, listen, type RootFor } from "./connection/listen.ts";
export type { BrokerOptions } from "./connection/options.ts";
export { Server, type ServerEvents, type ServerInspection } from "./connection/server.ts";
// Errors, and what crosses as itself
export * from "./errors.ts";
// Objects and references
export { Referenceable, Root } from "./flavors/referenceable.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export type { Clock } from "./platform/clock.ts";
export { RemoteReference } from "./references/remote-reference.ts";
// Transports of one's own, and the one for tests
export { memoryPair } from "./transport/memory.ts";
export type { Peer, Transport, TransportHandler } from "./transport/transport.ts";
// Types of calls
export type {
  Arguments,
  Callable,
  Callee,
  CallOptions,
  MethodName,
  ParameterNames,
  Pending,
  PendingReference,
  PendingUntyped,
  Received,
  RemoteMethods,
  RemoteProxy,
  RemoteStream,
  Result,
  ResultOf,
  Sendable,
} from "./types.ts";
// Values
export { Decimal, type DecimalFields } from "./values/decimal.ts";
export { Duration, type DurationFields, type DurationUnit } from "./values/duration.ts";
export { Float } from "./values/float.ts";
export { FrozenSet } from "./values/frozen-set.ts";
export { Keywords, kw } from "./values/keywords.ts";
export { PlainDate, type PlainDateFields } from "./values/plain-date.ts";
export { PlainDateTime, type PlainDateTimeFields } from "./values/plain-date-time.ts";
export { PlainTime, type PlainTimeFields } from "./values/plain-time.ts";
export { Tuple, tuple } from "./values/tuple.ts";
export { Unpersistable } from "./values/unpersistable.ts";
// Dialects, bounds, logging, time
export { none, pb } from "./wire/banana/dialects.ts";
export type { Dialect } from "./wire/dialect.ts";
export { globalRegistry, Registry, registerError } from "./wire/jelly/registry.ts";
export { SecurityOptions } from "./wire/jelly/security.ts";
