// Whole sessions that two real Twisted programs had, played again to a server of ours: it gets the client's bytes and has to
// say what Twisted's server said, byte for byte. What differs on purpose is in one table.
import { randomBytes } from "node:crypto";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type Connection,
  type ConnectionInspection,
  type ListenOptions,
  type LogRecord,
  listen,
  none,
  pb,
  type RootFor,
  type Server,
} from "../../src/index.ts";
import { peerPortal } from "../peers/served/portal.ts";
import { PeerRoot } from "../peers/served/root.ts";
import { Shared } from "../peers/served/shared.ts";
import { wireClasses } from "../peers/wire-classes.ts";
import { type DialectName, decodeAll, encode, hex, type Sexp } from "./support/elements.ts";
import { type AtServer, anotherStranger, type Stranger } from "./support/stranger.ts";
import {
  balances,
  comparable,
  dialectOf,
  isGivingBack,
  messagesOf,
  session,
  tablesOf,
  unordered,
} from "./support/transcripts.ts";
import { type Recorded, type RecordedSession, sessions } from "./support/vectors.ts";

interface Difference {
  readonly why: string;
  /** Changes what was recorded before it is played. */
  readonly adapt?: (recorded: readonly Recorded[]) => readonly Recorded[];
  /** Ours and Twisted's messages that give nothing back; throws if they differ more than they should. */
  compare?(ours: readonly Uint8Array[], theirs: readonly Uint8Array[], dialect: DialectName): void;
}

const differences: Record<string, Difference> = {
  take_two_error: {
    why: "a failure that is passed on has the keys of all others; in Twisted traceback goes first and pickled is missing",
    compare(ours, theirs, dialect) {
      const withoutPickled = (message: Uint8Array) =>
        JSON.stringify(unordered(message, dialect)).replace('[["unicode","pickled"],1],', "");
      expect(ours.map(withoutPickled)).toEqual(theirs.map(withoutPickled));
    },
  },
  bad_arguments: {
    why: "the text of a TypeError is JavaScript's affair",
    compare(ours, theirs, dialect) {
      const withoutText = (message: Uint8Array) =>
        JSON.stringify(unordered(message, dialect)).replace(/(\["unicode","value"\],)\["unicode",".*?"\]\]/, "$1]");
      expect(ours.map(withoutText)).toEqual(theirs.map(withoutText));
    },
  },
  x_insecure_answer: {
    why: "the recorded server had been made to send a Point under a tag that nobody has registered",
    compare(ours, theirs, dialect) {
      const retagged = (message: Uint8Array) => {
        const [sexp] = decodeAll(message, dialect);
        return JSON.stringify(sexp).replace('"pbpeer.Point"', '"pbpeer.Unregistered"');
      };
      expect(ours.map(retagged)).toEqual(theirs.map(retagged));
    },
  },
  cacheable_from_server: {
    why: "the recorded client had gone before it could be told that the id of its last cache is free",
    adapt: (recorded) => withLast(recorded, ["uncache", 2]),
  },
  mind: {
    why: "a mind is given back when its avatar logs out; in Twisted when the server collects its garbage",
    adapt: (recorded) => withLast(recorded, ["decref", 1]),
  },
  login_concurrent: {
    why: "passwords are compared beside each other here, so that either login may be done first; one waits for the other",
    adapt: (recorded) => {
      const named = ([name, id]: readonly Sexp[], { bytes }: Recorded): boolean => {
        const [sexp] = bytes === undefined ? [] : (decodeAll(bytes) as any[]);
        return sexp?.[0] === name && sexp[1] === id;
      };
      const answer = recorded.filter((message) => named(["answer", 3], message));
      const others = recorded.filter((message) => !named(["answer", 3], message));
      const at = others.findIndex((message) => named(["message", 4], message));
      return [...others.slice(0, at), ...answer, ...others.slice(at)];
    },
  },
  x_too_big_answer: {
    why: "a result that Banana refuses is an error answer (§12.2); Twisted drops the connection",
    compare(ours, _theirs, dialect) {
      const [version, error] = ours.map((message) => unordered(message, dialect));
      expect(version).toEqual(["version", 6]);
      expect(JSON.stringify(error)).toContain("twisted.spread.banana.BananaError");
    },
  },
};

/** The same, with one more message of the server's before the end. */
function withLast(recorded: readonly Recorded[], message: Sexp): readonly Recorded[] {
  return [...recorded.slice(0, -1), { from: "server", bytes: encode(message) }, ...recorded.slice(-1)];
}

/** Twisted gives a reference back when its last variable goes, before the answer; here it follows the answer (§5.8, §12.3). */
const laterDecrefs = "what gives something back is compared as a set";

/** Plays the client's half of one connection; `size` is that of the chunks. */
class Play {
  readonly stranger: Stranger;
  /** The server's tables before the end. */
  tables: ConnectionInspection;
  readonly #connection: Connection;
  readonly #recorded: readonly Recorded[];
  readonly #size: number;
  #at = 0;
  #due = 0;

  constructor(at: Pick<AtServer, "stranger" | "connection">, recorded: readonly Recorded[], size: number) {
    this.stranger = at.stranger;
    this.stranger.dialect = dialectOf(recorded);
    this.#connection = at.connection;
    this.#recorded = recorded;
    this.#size = size;
    this.tables = at.connection.inspect();
  }

  /** Plays the first `count` of the messages, as far as that has not been done. */
  async until(count: number): Promise<void> {
    const { stranger } = this;
    for (const { from, bytes } of this.#recorded.slice(this.#at, count)) {
      if (from === "client" && bytes !== undefined) {
        await stranger.write(bytes, this.#size);
      } else if (bytes !== undefined) {
        if (!isGivingBack(bytes, stranger.dialect)) this.#due++;
        // The greeting is one of them, and is not among the frames.
        await waitFor(() => inOrder(stranger.frames(), stranger.dialect).length >= this.#due - 1);
      } else {
        // If it was the server who closed, ours may have had a better idea.
        this.tables = this.#connection.inspect();
        stranger.close();
        await stranger.quiet();
        await this.#connection.closed;
      }
    }
    this.#at = count;
  }
}

/** Where the connections of a session were not one after the other: which one went on up to which message. */
const turns: Record<string, readonly [connection: number, messages: number][]> = {
  logout: [
    [0, 8],
    [1, 12],
    [0, 10],
    [1, Number.POSITIVE_INFINITY],
    [0, Number.POSITIVE_INFINITY],
  ],
};

/** Timers of the server run by the real clock: one scenario answers after a tenth of a second. */
async function waitFor(holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < 500 && !holds(); waited++) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** The messages without those that give something back. */
function inOrder(messages: readonly Uint8Array[], dialect: DialectName): Uint8Array[] {
  return messages.filter((message) => !isGivingBack(message, dialect));
}

function givingBack(messages: readonly Uint8Array[], dialect: DialectName): string[] {
  return messages
    .filter((message) => isGivingBack(message, dialect))
    .map(hex)
    .sort();
}

/** The challenges that Twisted's server made up. */
function challengesIn({ port, connections }: RecordedSession): Uint8Array[] {
  if (port === 1) return [];
  const answers = connections.flatMap((recorded) => messagesOf(recorded, "server"));
  return answers.flatMap((message) => {
    const [[name, , value]] = decodeAll(message) as any[];
    const isOne = name === "answer" && value[1]?.length === 16 && value[2]?.[0] === "remote";
    return isOne ? [Uint8Array.from(Buffer.from(value[1], "latin1"))] : [];
  });
}

async function servePeer(session: RecordedSession): Promise<{ server: Server; logged: LogRecord[] }> {
  const shared = new Shared();
  const logged: LogRecord[] = [];
  const log = (record: LogRecord) => void logged.push(record);
  const challenges = challengesIn(session);
  const random = (length: number) => (length === 16 && challenges.shift()) || randomBytes(length);
  const root: RootFor =
    session.port === 2 ? peerPortal(shared, { random, log }) : (connection) => new PeerRoot(connection, shared);
  const options: ListenOptions = { registry: wireClasses(), floats: "exact", dicts: "map", dialects: [pb, none], log };
  const server = await listen(root, `memory://replay-${++servers}`, options);
  onTestFinished(() => server.close());
  return { server, logged };
}

let servers = 0;

async function replay(name: string, size: number): Promise<void> {
  const whole = session(name);
  const { server, logged } = await servePeer(whole);
  const connections = whole.connections.map((recorded) => differences[name]?.adapt?.(recorded) ?? recorded);
  const plays: Play[] = [];
  const oneAfterTheOther = connections.map((recorded, i) => [i, recorded.length] as const);
  for (const [i, count] of turns[name] ?? oneAfterTheOther) {
    plays[i] ??= new Play(await anotherStranger(server), connections[i] as readonly Recorded[], size);
    await plays[i].until(count);
  }
  for (const [i, recorded] of connections.entries()) {
    const { stranger, tables } = plays[i] as Play;
    const { dialect } = stranger;
    const greeting = recorded[0]?.bytes as Uint8Array;
    expect(hex(stranger.bytes.subarray(0, greeting.length))).toBe(hex(greeting));
    const theirs = messagesOf(recorded, "server");
    const ours = stranger.frames();
    const different = differences[name];
    if (different?.compare === undefined) {
      expect(inOrder(ours, dialect).map(comparable)).toEqual(inOrder(theirs, dialect).map(comparable));
    } else {
      different.compare(inOrder(ours, dialect), inOrder(theirs, dialect), dialect);
    }
    expect(givingBack(ours, dialect), laterDecrefs).toEqual(givingBack(theirs, dialect));
    expect(tablesOf(tables)).toEqual(balances(recorded, "server", dialect));
  }
  expect(logged.filter(({ message }) => message.includes("library"))).toEqual([]);
}

describe("a session with Twisted's client, played to a server of ours", () => {
  for (const { name, about } of sessions) {
    it(`${name}: ${about}`, () => replay(name, Number.POSITIVE_INFINITY));
  }
});

describe("the same, byte by byte", () => {
  for (const { name } of sessions) {
    if (name === "big_bytes") continue; // a megabyte is played in larger pieces below
    it(name, () => replay(name, 1));
  }

  it("big_bytes, in pieces of 1000", () => replay("big_bytes", 1000));
});

describe("the differences", () => {
  it("are those of sessions that exist, each with its reason", () => {
    const names = sessions.map(({ name }) => name);
    for (const [name, { why }] of Object.entries(differences)) {
      expect(names).toContain(name);
      expect(why.length).toBeGreaterThan(20);
    }
  });
});
