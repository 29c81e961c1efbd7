// The public names of perspective-broker, grouped; nothing else.

export type { Log, LogRecord } from "./broker/log.ts";
// Both ends
export { type ConnectOptions, connect } from "./connection/connect.ts";
export { Connection, type ConnectionEvents, type ConnectionInspection } from "./connection/connection.ts";
export { type Call, currentCall } from "./connection/current-call.ts";
export type {
  CallInterceptor,
  CallMessage,
  CallOutcome,
  ConnectionMessage,
  InterceptedCall,
} from "./connection/interceptors.ts";
export { type ListenOptions, listen, type RootFor } from "./connection/listen.ts";
export type { BrokerOptions } from "./connection/options.ts";
export { Server, type ServerEvents, type ServerInspection } from "./connection/server.ts";
// Users
export { ANONYMOUS, allowAnonymous } from "./cred/anonymous.ts";
export { type CertificateUsers, certificateUsers, type ShownCertificate } from "./cred/certificate-users.ts";
export type { Awaitable, Checker, CredentialsChecker, UserRecord, UserStore } from "./cred/checker.ts";
export {
  Anonymous,
  BearerToken,
  ClientCertificate,
  type CredentialKind,
  type Credentials,
  CustomCredentials,
  HashedPassword,
  PeerCertificate,
  PlainPassword,
  UsernamePassword,
} from "./cred/credentials.ts";
export type { LoginCrypto, Random } from "./cred/crypto.ts";
export type { LoginOptions } from "./cred/login.ts";
export { MemoryUsers } from "./cred/memory-users.ts";
export {
  addToPasswordFile,
  PasswordFile,
  type PasswordFileOptions,
  removeFromPasswordFile,
} from "./cred/password-file.ts";
export type { PasswordLine } from "./cred/password-lines.ts";
export { Portal } from "./cred/portal.ts";
export type { LoginHost, LoginPeer, PortalHost } from "./cred/portal-host.ts";
export type { AvatarLogin, LoginEvent, PortalOptions, Realm } from "./cred/portal-settings.ts";
export { type QueriedUsersOptions, queriedUsers } from "./cred/queried-users.ts";
export type { RateLimit } from "./cred/rate-limit.ts";
export { type StoredUser, type StoredUserOptions, storedUser } from "./cred/stored-user.ts";
// Errors, and what crosses as itself
export * from "./errors.ts";
// Objects and references
export { Avatar, type IPerspective } from "./flavors/avatar.ts";
export { Cacheable, ObservableCacheable, Observers } from "./flavors/cacheable.ts";
export { Copyable, RemoteCopy } from "./flavors/copyable.ts";
export { FilePager } from "./flavors/file-pager.ts";
export {
  type ArgumentsAfterCollector,
  CallbackPageCollector,
  type CollectOptions,
  getAllPages,
  PageCollector,
} from "./flavors/page-collector.ts";
export type { PageSource } from "./flavors/page-source.ts";
export { type Collector, Pager, type PagerDone } from "./flavors/pager.ts";
export { Publishable } from "./flavors/publishable.ts";
export { FilePublishedStore, MemoryPublishedStore, type PublishedStore } from "./flavors/published-store.ts";
export { Referenceable, Root } from "./flavors/referenceable.ts";
export { RemotePublished, whenReady } from "./flavors/remote-published.ts";
export type { StandardSchemaV1 } from "./flavors/standard-schema.ts";
export { StringPager } from "./flavors/string-pager.ts";
export { Viewable, ViewPoint } from "./flavors/viewable.ts";
export { defaultLimits, type Limits } from "./limits.ts";
export type { Clock } from "./platform/clock.ts";
export { Observer } from "./references/observer.ts";
export { type CacheChange, RemoteCache } from "./references/remote-cache.ts";
export { RemoteReference } from "./references/remote-reference.ts";
export { RemoteStream, type StreamIterator } from "./references/remote-stream.ts";
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
  Result,
  ResultOf,
  Schemas,
  Sendable,
  SynchronizedMethods,
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
export {
  type CopyClass,
  type CopyCodec,
  type CopyOptions,
  type ErrorOptionsOnWire,
  globalRegistry,
  Registry,
  registerCopyable,
  registerCopyableModule,
  registerError,
} from "./wire/jelly/registry.ts";
export { SecurityOptions } from "./wire/jelly/security.ts";
export { pb7 } from "./wire/pb7/pb7.ts";
