// Node's diagnostics_channel, as far as the library uses it: whoever wants to know what goes on subscribes to a name.

export interface DiagnosticsChannel {
  readonly hasSubscribers: boolean;
  publish(message: object): void;
}

/** One that can also set stores of AsyncLocalStorage for the time of a function. */
export interface StartChannel extends DiagnosticsChannel {
  runStores<R>(message: object, fn: () => R): R;
}

/** The channels of something that begins and ends: `tracing:NAME:start` and so on. */
export interface TracingChannels {
  /** Whether any of them has. */
  readonly hasSubscribers: boolean;
  readonly start: StartChannel;
  readonly end: DiagnosticsChannel;
  readonly asyncStart: DiagnosticsChannel;
  readonly asyncEnd: DiagnosticsChannel;
  readonly error: DiagnosticsChannel;
}

export interface Diagnostics {
  channel(name: string): DiagnosticsChannel;
  tracing(name: string): TracingChannels;
}
