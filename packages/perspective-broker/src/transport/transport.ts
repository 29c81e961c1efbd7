// What every transport is: bytes in, bytes out, in order, and one end. Whoever writes a transport of their own
// implements this; the layers above know nothing else of it. No message, no dialect and no retry belongs here.

/** Who is at the other end, as far as the transport can tell. */
export interface Peer {
  readonly scheme: "tcp" | "tls" | "unix" | "memory" | (string & {});
  /** The other end without its scheme: `127.0.0.1:8800`, `[::1]:8800`, the path of a Unix socket, a memory name. */
  readonly address: string;
  /**
   * What the peer showed of itself: with TLS in Node, `getPeerCertificate(true)`; undefined when it showed none.
   * It was verified, unless the TLS options said `rejectUnauthorized: false`.
   */
  readonly certificate?: unknown;
  /** Whether the certificate was verified against the authorities that this side trusts. */
  readonly authorized?: boolean;
}

/**
 * What the owner of a transport is told.
 *
 * Order: any number of `data` and `drain`, then `closed`, exactly once, and nothing after it. No method is called
 * inside a call to the transport (not in `start`, `write`, `resume`, `close` or `abort`), always later.
 * Failure: a method that throws breaks the rules; what happens then is up to the platform.
 */
export interface TransportHandler {
  /**
   * Bytes that arrived, in order and never empty; where one chunk ends and the next begins means nothing. The chunk
   * belongs to the receiver from now on: it may keep it, and views of it, and the transport never touches it again.
   * Not called while paused, nor after `close()` or `abort()` of this side.
   */
  data(chunk: Uint8Array): void;
  /** After a write returned false: nothing waits any more. Once per such stretch, and not after the end. */
  drain(): void;
  /**
   * The end, and the last call. `error` is there when nobody asked for it in order: the link failed, the peer
   * vanished or aborted, or after `close()` the peer did not take the last bytes. It is absent when the peer ended in
   * order, when `close()` did its work, and after `abort()` of this side, which got what it asked for.
   * All bytes of a peer that ended in order come before it; so, while paused, it waits for `resume()`. A failure does
   * not wait, and may take bytes with it that had arrived.
   */
  closed(error?: Error): void;
}

/** One end of a reliable, ordered stream of bytes. */
export interface Transport {
  readonly peer: Peer;
  /** Where the link is secured: bytes that only its two ends know, for a login to cover (RFC 9266, tls-exporter). */
  readonly channelBinding?: () => Uint8Array | undefined;
  /**
   * Says who is told, once; a second call throws. Before it nothing is lost: bytes that came earlier, and an end, are
   * told after `start` has returned. Writing, pausing and closing are allowed before it.
   */
  start(handler: TransportHandler): void;
  /**
   * Queues `chunk` behind all that was written before. Never throws: what fails is told by `closed`.
   * The chunk belongs to the transport from now on, in all ways of ending, so the caller must not change these bytes;
   * the memory around them stays the caller's. It may reach the peer at any time after, or, when the link fails, never.
   * False means that much is waiting: it is queued all the same, and `drain` tells when nothing waits any more.
   * Once this side or the peer has ended, it does nothing and returns true.
   */
  write(chunk: Uint8Array): boolean;
  /** `write` of all of them in order, handed to the platform at once where it can. The array stays the caller's. */
  writev(chunks: readonly Uint8Array[]): boolean;
  /**
   * How many of the last bytes that `write` accepted were never given to the platform (in memory: to the peer), and
   * so have certainly not been seen by the peer; those before them may or may not have been. After `close()` they are
   * still on their way. Stays readable after the end, where it tells what was dropped.
   */
  readonly unsent: number;
  /**
   * Something that changes whenever bytes that had to wait leave, and is above 0 while any wait: finer than `unsent`, where a
   * large write counts as given from its beginning. Absent where `unsent` is as fine as that.
   */
  readonly underway?: number;
  /** Stops `data`, so that a fast peer is slowed down: what arrives meanwhile is bounded. */
  pause(): void;
  /** Goes on with `data`, after this call has returned. */
  resume(): void;
  /**
   * Ends in order: what was written is sent, then the peer is told, then `closed` comes. What still arrives is thrown
   * away. The wait is bounded: a peer that takes nothing for a while is dropped, and `closed` has an error then.
   * A second call, or one after the end, does nothing.
   */
  close(): void;
  /** Ends now: unsent bytes are dropped. The peer sees a failure, or an end in the middle of whatever was going on. */
  abort(): void;
}

/** A place where others can connect to. */
export interface Listener {
  /** The whole address with the real port: what `dial` of the same transport takes. */
  readonly address: string;
  /** Stops accepting, which has happened when it resolves. Accepted transports live on. A second call is harmless. */
  close(): Promise<void>;
}

export interface DialOptions {
  /** Milliseconds for all up to a usable link, a TLS handshake included. Without it, the platform's own limit. */
  connectTimeout?: number;
  /** Gives up the attempt: the promise rejects with the signal's reason. Means nothing once there is a transport. */
  signal?: AbortSignal;
  /** The platform's own TLS options; in Node `ConnectionOptions` of node:tls. */
  tls?: object;
}

export interface ListenTransportOptions {
  /** The platform's own TLS options; in Node `TlsOptions` of node:tls. */
  tls?: object;
  /** Links at the same time; those above it are turned away. */
  maxConnections?: number;
  /** Told of what concerns no accepted transport: a TLS handshake that failed, an accept that the system refused. */
  onError?: (error: Error) => void;
}

/**
 * How links of one kind come to be. `address` is the whole address (`tcp://127.0.0.1:8800`). What goes wrong is told by
 * rejecting with the platform's own kind of error, with a `code` (`ECONNREFUSED`, `EADDRINUSE`, `ETIMEDOUT`, and
 * `EINVAL` for an address or option that makes no sense); nothing is left behind then.
 */
export interface TransportFactory {
  readonly dial: Dial;
  readonly listen: Listen;
}

export type Dial = (address: string, options: DialOptions) => Promise<Transport>;

/** Calls `accept` for each usable link, which belongs to the callee then; never after the listener's `close()`. */
export type Listen = (
  address: string,
  accept: (transport: Transport) => void,
  options: ListenTransportOptions,
) => Promise<Listener>;
