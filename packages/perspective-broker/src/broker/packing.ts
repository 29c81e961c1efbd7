// Values as bytes outside of any conversation, for what is kept from one to the next: the arguments of a message to nobody, in
// the conversation's dialect and with its classes and limits. References and caches belong to a connection and are refused.
import { JellyError, UnsendableError } from "../errors.ts";
import type { CodecSetup, Dialect, ObjectTables } from "../wire/dialect.ts";
import { type MessageHandler, type MoreHandler, Wants } from "../wire/message.ts";
import { Outbox } from "../wire/outbox.ts";

export class Packing {
  readonly #dialect: Dialect;
  readonly #setup: Pick<CodecSetup, "limits" | "classes" | "values">;

  constructor(dialect: Dialect, setup: Pick<CodecSetup, "limits" | "classes" | "values">) {
    this.#dialect = dialect;
    this.#setup = setup;
  }

  pack(values: readonly unknown[]): Uint8Array {
    const outbox = new Outbox();
    this.#open(outbox, () => {}).sendCall("object", 0, NAME, NAME, values, undefined, Wants.nothing, null, undefined);
    const packed = new Uint8Array(outbox.waiting);
    let at = 0;
    for (const chunk of outbox.take()) {
      packed.set(chunk, at);
      at += chunk.length;
    }
    return packed;
  }

  unpack(bytes: Uint8Array): unknown[] {
    let unpacked: unknown[] | undefined;
    const codec = this.#open(new Outbox(), (values) => {
      unpacked = values;
    });
    codec.receive(bytes.slice()); // they belong to the codec
    while (unpacked === undefined && codec.next());
    if (unpacked === undefined) throw new JellyError("these bytes hold no packed values");
    return unpacked;
  }

  #open(outbox: Outbox, called: (values: unknown[]) => void): ReturnType<Dialect["open"]> {
    const { limits, classes, values } = this.#setup;
    const handler = { ...nothingElse, called: (call) => called(call.args) } as MessageHandler;
    const options = { ...values, unsendable: "throw" } as const;
    return this.#dialect.open({ outbox, limits, classes, values: options, tables: noTables, handler });
  }
}

const NAME = "packed";

function refuse(): never {
  throw new JellyError("packed values are one message, a call");
}

const nothingElse: Omit<MessageHandler, "called"> = {
  unreadable: (_id, _target, _method, _wants, error) => {
    throw error;
  },
  answered: refuse,
  failed: refuse,
  expected: () => false,
  released: refuse,
  decached: refuse,
  uncached: refuse,
  notUnderstood: refuse,
  more: new Proxy({} as MoreHandler, { get: () => refuse }),
};

function unsendable(): never {
  throw new UnsendableError("", "what lives on a connection cannot be kept beyond it");
}

function unreadable(): never {
  throw new JellyError("packed values refer to an object of a connection");
}

const noTables: ObjectTables = {
  exportObject: unsendable,
  unexport: () => {},
  homeId: unsendable,
  importReference: unreadable,
  localObject: unreadable,
  perspectiveOf: () => null,
  exportCache: unsendable,
  unexportCache: () => {},
  cachesSent: () => {},
  cacheHomeId: unsendable,
  importCache: unreadable,
  importCacheAgain: unreadable,
  localCache: unreadable,
  giveBackCache: () => {},
  refuseCache: () => {},
  pendingResult: () => undefined,
  keptResult: unreadable,
  exportStream: unsendable,
  unexportStream: () => {},
  importStream: unreadable,
  giveBackStream: () => {},
  refuseStream: () => {},
};
