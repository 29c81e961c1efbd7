// The recorded sessions, and what of them is compared: bytes, but for the number that Twisted counts its failures with.
import type { ConnectionInspection } from "../../../src/index.ts";
import { type DialectName, decodeAll, firstOf, hex, type Sexp } from "./elements.ts";
import { countGiven } from "./unjelly.ts";
import { type Recorded, type RecordedSession, sessions } from "./vectors.ts";

/** The session of that name. */
export function session(name: string): RecordedSession {
  const found = sessions.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no session ${name}`);
  return found;
}

/** The dialect that the client of a connection chose. */
export function dialectOf(connection: readonly Recorded[]): DialectName {
  const choice = connection.find(({ from, bytes }) => from === "client" && bytes !== undefined);
  return choice?.bytes !== undefined && decodeAll(choice.bytes, "none")[0] === "none" ? "none" : "pb";
}

/** The messages of one side, without its half of the negotiation. */
export function messagesOf(connection: readonly Recorded[], side: Recorded["from"]): Uint8Array[] {
  const sent = connection.flatMap(({ from, bytes }) => (from === side && bytes !== undefined ? [bytes] : []));
  return sent.slice(1);
}

/** Whether it gives something back. */
export function isGivingBack(message: Uint8Array, dialect: DialectName): boolean {
  return /^(decref|decache)$/.test(nameOf(message, dialect));
}

export function nameOf(message: Uint8Array, dialect: DialectName): string {
  return firstOf(message, dialect) as string;
}

/** The bytes as hex, `count` of a failure aside. */
export function comparable(message: Uint8Array): string {
  return hex(message).replace(/(0582636f756e74)(?:[0-7].)+81/, "$1..81");
}

/** A failure's pairs in alphabetical order, `count` aside; other messages as they are. For where the order may differ. */
export function unordered(message: Uint8Array, dialect: DialectName): Sexp {
  const [sexp] = decodeAll(message, dialect) as any;
  if (sexp[0] !== "error" || sexp[2][0] !== "twisted.spread.pb.CopyableFailure") return sexp;
  const pairs = sexp[2][1].slice(1).filter(([key]: any) => key[1] !== "count");
  return ["error", sexp[1], pairs.sort(([a]: any, [b]: any) => (a[1] < b[1] ? -1 : 1))];
}

/** What is held of one side's objects, or of its caches, when the session ends, by the messages alone. */
export function balance(
  recorded: readonly Recorded[],
  kind: "objects" | "caches",
  owner: Recorded["from"],
  dialect: DialectName,
): [number, number][] {
  const counts = new Map<number, number>();
  for (const message of messagesOf(recorded, owner)) {
    if (message.length < 10_000) for (const sexp of decodeAll(message, dialect)) countGiven(sexp, kind, counts);
  }
  const giving = kind === "objects" ? "decref" : "decache";
  for (const message of messagesOf(recorded, owner === "server" ? "client" : "server")) {
    if (nameOf(message, dialect) !== giving) continue;
    const id = (decodeAll(message, dialect)[0] as [string, number])[1];
    counts.set(id, (counts.get(id) ?? 0) - 1);
  }
  return [...counts].filter(([, count]) => count > 0);
}

/** The same of all tables of one side at once. */
export function balances(recorded: readonly Recorded[], side: Recorded["from"], dialect: DialectName): Tables {
  const other = side === "server" ? "client" : "server";
  return {
    exports: balance(recorded, "objects", side, dialect),
    imports: balance(recorded, "objects", other, dialect),
    cachesGiven: balance(recorded, "caches", side, dialect),
    cachesHeld: balance(recorded, "caches", other, dialect),
  };
}

/** Numbers and counts of what is in the tables of a connection. */
export function tablesOf({ exports, imports, cachesGiven, cachesHeld }: ConnectionInspection): Tables {
  return {
    exports: exports.map(({ id, count }) => [id, count]),
    imports: imports.map(({ id, receipts }) => [id, receipts]),
    cachesGiven: cachesGiven.map(({ id, count }) => [id, count]),
    // Until the owner says that the id is free the place is kept.
    cachesHeld: cachesHeld.filter(({ receipts }) => receipts > 0).map(({ id, receipts }) => [id, receipts]),
  };
}

export type Tables = Record<"exports" | "imports" | "cachesGiven" | "cachesHeld", [id: number, count: number][]>;
