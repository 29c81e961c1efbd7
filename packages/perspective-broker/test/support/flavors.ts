// The objects that the tests of the flavours trade in, and a conversation of one end with a peer that says what it is told to.
import { onTestFinished } from "vitest";
import {
  type Connection,
  type ConnectOptions,
  type LogRecord,
  ObservableCacheable,
  type Observer,
  Registry,
  RemoteCache,
  type RemoteReference,
  Root,
} from "../../src/index.ts";
import { until } from "./ends.ts";
import { type RawPeer, rawServer, type Term } from "./raw-peer.ts";

/** A Cacheable that keeps a record of those who observe it. */
export class Stock extends ObservableCacheable<RemoteStock> {
  static readonly wireName: string = "shop.Stock";
  price = 10;
  /** Each call of the state method, and of `stoppedObserving`, with the perspective. */
  readonly began: { perspective: unknown; observer: Observer }[] = [];
  readonly stopped: { perspective: unknown; observer: Observer }[] = [];

  override getStateToCopyFor(_perspective: unknown): object {
    return { price: this.price };
  }

  override getStateToCacheAndObserveFor(perspective: unknown, observer: Observer<RemoteStock>): object {
    this.began.push({ perspective, observer });
    return super.getStateToCacheAndObserveFor(perspective, observer);
  }

  override stoppedObserving(perspective: unknown, observer: Observer<RemoteStock>): void {
    super.stoppedObserving(perspective, observer);
    this.stopped.push({ perspective, observer });
  }

  setPrice(price: number): Promise<PromiseSettledResult<number>[]> {
    this.price = price;
    return this.observers.callRemote("price", price);
  }
}

export class RemoteStock extends RemoteCache {
  price = 0;
  readonly heard: number[] = [];

  observe_price(price: number): number {
    this.price = price;
    this.heard.push(price);
    return price;
  }
  observe_crash(): never {
    throw new RangeError("crashed");
  }
}

/** Knows the stock. */
export function shop(): Registry {
  const registry = new Registry();
  registry.registerCopyable("shop.Stock", RemoteStock);
  return registry;
}

/** Gives and takes whatever a test wants. */
export class Counter extends Root {
  given: unknown;
  taken: unknown[] = [];

  remote_get(): unknown {
    return this.given;
  }
  remote_take(...values: unknown[]): number {
    this.taken.push(...values);
    return values.length;
  }
  remote_echo(value: unknown): unknown {
    return value;
  }
}

/** One end of ours with a scripted peer at the other. */
export interface Conversation {
  readonly peer: RawPeer;
  readonly connection: Connection;
  readonly root: RemoteReference;
  readonly logged: LogRecord[];
  /** Calls `take` over there and gives its arguments as they are on the wire; answers with None unless told otherwise. */
  sends(...values: unknown[]): Promise<readonly Term[]>;
  /** What a form becomes here, as the result of a call. */
  receives(form: Term): Promise<unknown>;
}

export async function conversation(options: ConnectOptions = {}): Promise<Conversation> {
  const logged: LogRecord[] = [];
  const { peer, connection } = await rawServer({ log: (record) => void logged.push(record), ...options });
  onTestFinished(async () => void (await connection.close()));
  const { root } = connection;
  return {
    ...{ peer, connection, root, logged },
    sends: async (...values) => {
      const result = root.callRemote("take", ...values);
      const heard = (await Promise.race([call(peer), result])) as Term[];
      peer.says(["answer", heard[1] as number, NONE]);
      await result;
      return (heard[5] as Term[]).slice(1);
    },
    receives: async (form) => {
      const result = root.callRemote("get");
      const [, id] = await call(peer);
      peer.says(["answer", id as number, form]);
      return result;
    },
  };
}

/** The call that was heard; what was heard before it stays. */
async function call(peer: RawPeer): Promise<Term[]> {
  const isCall = (term: Term): boolean => Array.isArray(term) && term[0] === "message";
  await until(() => peer.heard.some(isCall), "a call");
  return peer.heard.splice(peer.heard.findIndex(isCall), 1)[0] as Term[];
}

export const NONE: Term = ["None"];

/** `[unicode text]`, in ASCII. */
export const text = (value: string): Term => ["unicode", value];

/** `[dictionary [[unicode key] value]…]` */
export function dictionary(entries: Readonly<Record<string, Term>>): Term {
  return ["dictionary", ...Object.entries(entries).map(([key, value]): Term => [text(key), value])];
}

/** `[message id object method 1 [tuple …] [dictionary]]` */
export function message(id: number, object: number | string, method: string, ...args: Term[]): Term {
  return ["message", id, object, method, 1, ["tuple", ...args], ["dictionary"]];
}

/** `[cachemessage id luid method flag [tuple …] [dictionary]]` */
export function cachemessage(id: number, luid: number, method: string, args: Term[], flag = 1): Term {
  return ["cachemessage", id, luid, method, flag, ["tuple", ...args], ["dictionary"]];
}

/** An error answer, for comparing: its request, its type and its text. */
export function failure(term: Term): { request: Term; type: string; text: string } {
  const [command, request, [tag, [, ...pairs]]] = term as unknown as [
    string,
    Term,
    [string, [string, ...[[string, string], Term][]]],
  ];
  if (command !== "error" || tag !== "twisted.spread.pb.CopyableFailure")
    throw new Error(`no error: ${JSON.stringify(term)}`);
  const state = new Map(pairs.map(([[, key], value]) => [key, value]));
  return { request, type: state.get("type") as string, text: (state.get("value") as string[])[1] as string };
}
