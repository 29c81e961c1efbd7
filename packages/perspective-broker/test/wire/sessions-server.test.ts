// Whole sessions that two real Twisted programs had, played again to a server of ours: it gets the client's bytes and has to
// say what Twisted's server said, byte for byte. What differs on purpose is in one table.
import { describe, expect, it, onTestFinished } from "vitest";
import { type ConnectionInspection, type LogRecord, listen, Registry, type Server } from "../../src/index.ts";
import { PeerRoot, Shared } from "../peers/served/root.ts";
import { KnownError } from "../peers/wire-errors.ts";
import { type DialectName, hex } from "./support/elements.ts";
import { anotherStranger, type Stranger } from "./support/stranger.ts";
import { balance, comparable, dialectOf, isDecref, messagesOf, session, unordered } from "./support/transcripts.ts";
import { type Recorded, sessions } from "./support/vectors.ts";

interface Difference {
  readonly why: string;
  /** Ours and Twisted's messages without decrefs; throws if they differ more than they should. */
  compare(ours: readonly Uint8Array[], theirs: readonly Uint8Array[], dialect: DialectName): void;
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
    why: "no class of copies is served here: getPoint is no method",
    compare: (ours) => expect(ours.length).toBe(2),
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

/** Twisted gives a reference back when its last variable goes, before the answer; here it follows the answer (§5.8, §12.3). */
const laterDecrefs = "decrefs are compared as a set";

interface Played {
  readonly stranger: Stranger;
  /** The server's tables before the end. */
  readonly tables: ConnectionInspection;
}

/** Plays the client's half of one connection; `size` is that of the chunks. */
async function play(server: Server, recorded: readonly Recorded[], size: number): Promise<Played> {
  const { stranger, connection } = await anotherStranger(server);
  stranger.dialect = dialectOf(recorded);
  let due = 0;
  let tables = connection.inspect();
  for (const { from, bytes } of recorded) {
    if (from === "client" && bytes !== undefined) {
      await stranger.write(bytes, size);
    } else if (bytes !== undefined) {
      if (!isDecref(bytes, stranger.dialect)) due++;
      // The greeting is one of them, and is not among the frames.
      await waitFor(() => withoutDecrefs(stranger.frames(), stranger.dialect).length >= due - 1);
    } else {
      // If it was the server who closed, ours may have had a better idea.
      tables = connection.inspect();
      stranger.close();
      await stranger.quiet();
    }
  }
  await connection.closed;
  return { stranger, tables };
}

/** Timers of the server run by the real clock: one scenario answers after a tenth of a second. */
async function waitFor(holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < 500 && !holds(); waited++) await new Promise((resolve) => setTimeout(resolve, 2));
}

function withoutDecrefs(messages: readonly Uint8Array[], dialect: DialectName): Uint8Array[] {
  return messages.filter((message) => !isDecref(message, dialect));
}

function decrefs(messages: readonly Uint8Array[], dialect: DialectName): string[] {
  return messages
    .filter((message) => isDecref(message, dialect))
    .map(hex)
    .sort();
}

async function servePeer(): Promise<{ server: Server; logged: LogRecord[] }> {
  const registry = new Registry();
  registry.registerError(KnownError);
  const shared = new Shared();
  const logged: LogRecord[] = [];
  const server = await listen((connection) => new PeerRoot(connection, shared), `memory://replay-${++servers}`, {
    registry,
    floats: "exact",
    dicts: "map",
    log: (record) => void logged.push(record),
  });
  onTestFinished(() => server.close());
  return { server, logged };
}

let servers = 0;

async function replay(name: string, size: number): Promise<void> {
  const { server, logged } = await servePeer();
  for (const recorded of session(name).connections) {
    const { stranger, tables } = await play(server, recorded, size);
    const dialect = stranger.dialect;
    const greeting = recorded[0]?.bytes as Uint8Array;
    expect(hex(stranger.bytes.subarray(0, greeting.length))).toBe(hex(greeting));
    const theirs = messagesOf(recorded, "server");
    const ours = stranger.frames();
    const different = differences[name];
    if (different === undefined) {
      expect(withoutDecrefs(ours, dialect).map(comparable)).toEqual(withoutDecrefs(theirs, dialect).map(comparable));
    } else {
      different.compare(withoutDecrefs(ours, dialect), withoutDecrefs(theirs, dialect), dialect);
    }
    expect(decrefs(ours, dialect), laterDecrefs).toEqual(decrefs(theirs, dialect));
    expect(tables.exports.map(({ id, count }) => [id, count])).toEqual(balance(recorded, "server", dialect));
    expect(tables.imports.map(({ id, receipts }) => [id, receipts])).toEqual(balance(recorded, "client", dialect));
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
