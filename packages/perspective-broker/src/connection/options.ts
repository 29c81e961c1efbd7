// What `connect` and `listen` can be told, and what they do if they are not.

import { dialects as defaultDialects } from "#dialects";
import { type CallStore, callStore } from "../broker/current-call.ts";
import type { CallInterceptor as BrokerInterceptor } from "../broker/interceptors.ts";
import { consoleLog, type Log, safeLog } from "../broker/log.ts";
import { Referenceable } from "../flavors/referenceable.ts";
import { type Limits, limitsFrom } from "../limits.ts";
import { type Clock, systemClock } from "../platform/clock.ts";
import { globalClasses } from "../wire/class-table.ts";
import type { ClassPolicy, Dialect, ValueOptions } from "../wire/dialect.ts";
import type { Registry } from "../wire/jelly/registry.ts";
import type { SecurityOptions } from "../wire/jelly/security.ts";
import type { CallInterceptor } from "./interceptors.ts";

/** Options of both sides. */
export interface BrokerOptions {
  /** The dialects that may be spoken, most wanted first. Default in Node `[pb7, pb, none]`, elsewhere `[pb7]`. */
  readonly dialects?: readonly Dialect[];
  /** The classes that travel as themselves. Default: those of the functions `registerCopyable`, `registerCopyableModule` and `registerError`. */
  readonly registry?: Registry;
  /** The types that are admitted. Default: all of the protocol's, and registered classes. */
  readonly security?: SecurityOptions;
  /** `exact` receives an integral float as `Float`, so that it is sent on as one. Default `number`. */
  readonly floats?: ValueOptions["floats"];
  /** `map` receives every dictionary as a Map. Default `object`: a plain object where all keys are texts. */
  readonly dicts?: ValueOptions["dicts"];
  /** `date` receives a datetime as Date, in UTC and to the millisecond. Default `plain`: as PlainDateTime. */
  readonly dates?: ValueOptions["dates"];
  /** `unpersistable` sends Twisted's placeholder for what cannot be sent. Default `throw`: the call fails. */
  readonly unsendable?: ValueOptions["unsendable"];
  /** Bounds; see `Limits` for each and its default. */
  readonly limits?: Partial<Limits>;
  /** How `currentCall()` is kept: `async` follows `await` (default where the runtime can), `sync` is cheaper. */
  readonly context?: "async" | "sync";
  /** Around every call, in and out: one function, or several, the outermost first. Default: none. */
  readonly onCall?: CallInterceptor | readonly CallInterceptor[];
  /** Whether stack traces of errors travel to the peer. Default false. */
  readonly unsafeTracebacks?: boolean;
  /** Told of unexpected errors. Default: errors and warnings go to the console. */
  readonly log?: Log;
  /** Milliseconds until the dialect must be agreed on, and in pb7 the peer's hello be there. Default 10 000. */
  readonly handshakeTimeout?: number;
  /**
   * Milliseconds of silence after which the peer is asked for a sign of life, in pb7; after three of them without one the
   * connection ends. 0 or false: never. Default 10 000.
   */
  readonly heartbeat?: number | false;
  /**
   * What a call does while `limits.outputBytes` wait to be sent: `reject` with LimitExceeded, or `wait` until there is room
   * (its signal and timeout hold meanwhile, its arguments are not copied before). Default `reject`.
   */
  readonly whenFull?: "reject" | "wait";
  /** Objects that the peer can ask for by name. */
  readonly objects?: Readonly<Record<string, Referenceable>>;
  /** Time, for tests. */
  readonly clock?: Clock;
}

/** The same, complete. Made once for a server, so that its connections cost little. */
export interface Settings {
  readonly dialects: readonly Dialect[];
  readonly classes: ClassPolicy;
  readonly values: ValueOptions;
  readonly limits: Limits;
  readonly store: CallStore;
  readonly interceptors: readonly BrokerInterceptor[];
  readonly log: Log;
  readonly handshakeTimeout: number;
  /** 0 for none. */
  readonly heartbeat: number;
  readonly whenFull: "reject" | "wait";
  readonly objects: Readonly<Record<string, Referenceable>>;
  readonly clock: Clock;
}

const HANDSHAKE_TIMEOUT = 10_000;
const HEARTBEAT = 10_000;

/** Throws TypeError or RangeError for what makes no sense. */
export function settingsFrom(options: BrokerOptions): Settings {
  const dialects = options.dialects ?? defaultDialects;
  if (dialects.length === 0) throw new TypeError("dialects: at least one is needed, for example { dialects: [pb7] }");
  if (dialects.some((dialect) => typeof dialect?.open !== "function")) {
    throw new TypeError("dialects: those that the package exports, as values: [pb7, pb, none]");
  }
  const handshakeTimeout = options.handshakeTimeout ?? HANDSHAKE_TIMEOUT;
  if (!(handshakeTimeout > 0)) throw new RangeError("handshakeTimeout: must be a number of milliseconds above 0");
  const heartbeat = options.heartbeat ?? HEARTBEAT;
  if (!(Number(heartbeat) >= 0 && Number(heartbeat) < 2 ** 31) || (heartbeat as unknown) === true) {
    throw new RangeError("heartbeat: must be a number of milliseconds, or 0 or false for none");
  }
  return {
    dialects,
    classes: (options.registry ?? globalClasses).policy(options.security),
    values: {
      floats: oneOf("floats", options.floats, ["number", "exact"]),
      dicts: oneOf("dicts", options.dicts, ["object", "map"]),
      dates: oneOf("dates", options.dates, ["plain", "date"]),
      unsendable: oneOf("unsendable", options.unsendable, ["throw", "unpersistable"]),
      unsafeTracebacks: options.unsafeTracebacks ?? false,
    },
    limits: limitsFrom(options.limits),
    store: callStore(
      options.context === undefined
        ? undefined
        : oneOf<"async" | "sync">("context", options.context, ["async", "sync"]),
    ),
    interceptors: checkedInterceptors(options.onCall ?? []),
    log: safeLog(options.log ?? consoleLog),
    handshakeTimeout,
    heartbeat: Math.ceil(Number(heartbeat)),
    whenFull: oneOf<"reject" | "wait">("whenFull", options.whenFull, ["reject", "wait"]),
    objects: checkedObjects(options.objects ?? {}),
    clock: options.clock ?? systemClock,
  };
}

function checkedObjects(objects: Readonly<Record<string, Referenceable>>): Readonly<Record<string, Referenceable>> {
  for (const [name, object] of Object.entries(objects)) {
    if (!(object instanceof Referenceable)) throw new TypeError(`objects.${name}: must be a Referenceable`);
    Referenceable.checkDeclarations(object);
  }
  return objects;
}

function checkedInterceptors(given: CallInterceptor | readonly CallInterceptor[]): readonly BrokerInterceptor[] {
  const interceptors = typeof given === "function" ? [given] : [...given];
  if (interceptors.some((interceptor) => typeof interceptor !== "function")) {
    throw new TypeError("onCall: must be a function, or a list of functions");
  }
  // A broker's calls are those of a Connection, which only its own floor knows.
  return interceptors as readonly unknown[] as readonly BrokerInterceptor[];
}

/** The given value, or the first of the possible ones. */
function oneOf<T extends string>(name: string, given: T | undefined, possible: readonly [T, ...T[]]): T {
  if (given === undefined) return possible[0];
  if (!possible.includes(given)) throw new TypeError(`${name}: one of ${possible.join(", ")}`);
  return given;
}
