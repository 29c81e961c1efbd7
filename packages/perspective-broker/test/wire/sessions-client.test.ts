// Whole sessions that two real Twisted programs had, played again to a client of ours: each recorded call is made once more
// through the public names, the server's bytes are the recorded ones, and what the client writes has to be what Twisted's
// client wrote, byte for byte. Where Python's garbage collector gave a reference back, `release()` does.
import { describe, expect, it } from "vitest";
import { InsecureJelly, NegotiationError, RemoteError } from "../../src/errors.ts";
import { type Connection, Keywords, none, pb, Registry, RemoteReference } from "../../src/index.ts";
import type { Target } from "../../src/references/conversation.ts";
import { targetOf } from "../../src/references/remote-reference.ts";
import { ClientTwo } from "../peers/scenarios/client-two.ts";
import { KnownError, Unregistered, UnregisteredNoDot } from "../peers/wire-errors.ts";
import { type DialectName, decodeAll, encode, type Sexp } from "./support/elements.ts";
import { difference } from "./support/graph.ts";
import { GREETING, type Stranger, strangerAtClient } from "./support/stranger.ts";
import { balance, comparable, dialectOf, messagesOf, nameOf, session } from "./support/transcripts.ts";
import { type Objects, unjelly } from "./support/unjelly.ts";
import { type Recorded, sessions } from "./support/vectors.ts";

type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** A client of ours in the place of Twisted's. */
class Player {
  readonly #stranger: Stranger;
  readonly #connection: Connection;
  readonly #dialect: DialectName;
  /** Our objects by the id that Twisted's client gave them; ours has to give them the same. */
  readonly #mine = new Map<number, ClientTwo>();
  readonly #theirs = new Map<number, RemoteReference>();
  readonly outcomes = new Map<number, Outcome>();
  #calls = 0;

  constructor(stranger: Stranger, connection: Connection, dialect: DialectName) {
    this.#stranger = stranger;
    this.#connection = connection;
    this.#dialect = dialect;
  }

  /** One recorded message of the client's. */
  async client(bytes: Uint8Array): Promise<void> {
    const [message] = decodeAll(bytes, this.#dialect) as [any];
    switch (message[0]) {
      case "message":
        this.#call(message);
        break;
      case "decref":
        (this.#theirs.get(message[1]) as RemoteReference).release();
        break;
      // Our objects answer by themselves, and the version is sent unasked.
      case "answer":
      case "error":
      case "version":
        break;
      default:
        throw new Error(`${message[0]} in a transcript`);
    }
    await this.#stranger.quiet();
  }

  async server(bytes: Uint8Array): Promise<void> {
    await this.#stranger.write(bytes);
  }

  /** The value that a recorded answer should have been received as. */
  expected(form: Sexp): unknown {
    return unjelly(form, {
      remote: (id) => this.#theirs.get(id),
      local: (id) => this.#mine.get(id as number),
    });
  }

  #call([, , target, method, flag, args, keywords]: [
    string,
    number,
    number | string,
    string,
    number,
    Sexp,
    Sexp,
  ]): void {
    const values = this.#values(args) as unknown[];
    const named = Object.entries(this.#values(keywords) as object);
    if (named.length > 0) values.push(Keywords.fromEntries(named));
    const callee = this.#target(target);
    const id = ++this.#calls;
    if (flag === 0) {
      callee.callRemoteOnly(method, ...values);
      return;
    }
    callee.callRemote(method, ...values).then(
      (value: unknown) => {
        this.#remember(value);
        this.outcomes.set(id, { value });
      },
      (error: unknown) => this.outcomes.set(id, { error }),
    );
  }

  #target(id: number | string): RemoteReference {
    if (typeof id === "string") return id === "root" ? this.#connection.root : this.#connection.object(id);
    // An id that the server never gave out cannot be called through the public names.
    const { conversation } = targetOf(this.#connection.root);
    return this.#theirs.get(id) ?? new RemoteReference({ conversation, id, receipts: 1 } satisfies Target);
  }

  #values(form: Sexp): unknown {
    return unjelly(form, {
      remote: (id) => {
        if (!this.#mine.has(id)) this.#mine.set(id, new ClientTwo());
        return this.#mine.get(id);
      },
      local: (id) => (typeof id === "string" ? this.#connection.root : this.#theirs.get(id)),
      instance: (tag) => (tag === "pbpeer.Unregistered" ? new Unregistered() : new UnregisteredNoDot()),
    });
  }

  #remember(value: unknown): void {
    if (value instanceof RemoteReference) this.#theirs.set(targetOf(value).id as number, value);
    else if (Array.isArray(value)) for (const item of value) if (!Array.isArray(item)) this.#remember(item);
  }
}

interface Difference {
  readonly why: string;
  /** Changes what was recorded before it is played. */
  readonly adapt?: (recorded: readonly Recorded[]) => Recorded[];
  /** Instead of comparing with the recorded answer. */
  readonly outcome?: (outcome: Outcome | undefined) => void;
}

const differences: Record<string, Difference> = {
  unserializable: {
    why: "a call that Banana refuses uses no request id here (§3.9); in Twisted it does, so the recorded call has number 2",
    adapt: (recorded) =>
      recorded.map(({ from, bytes }) => {
        const [sexp] = bytes === undefined || bytes.length > 200 ? [] : (decodeAll(bytes) as [any]);
        if (sexp?.[0] !== "message" && sexp?.[0] !== "answer") return { from, bytes };
        expect(sexp[1]).toBe(2);
        return { from, bytes: encode([sexp[0], 1, ...sexp.slice(2)]) };
      }),
  },
  x_insecure_answer: {
    why: "an answer that cannot be decoded fails its call (§12.1); Twisted's client drops the connection",
    outcome: (outcome) => expect((outcome as { error: unknown }).error).toBeInstanceOf(InsecureJelly),
  },
};

async function replay(name: string): Promise<void> {
  const registry = new Registry();
  if (name === "error_known") registry.registerError(KnownError);
  if (name === "insecure_jelly") for (const kind of [Unregistered, UnregisteredNoDot]) registry.registerError(kind);
  for (const original of session(name).connections) {
    const recorded = differences[name]?.adapt?.(original) ?? original;
    const dialect = dialectOf(recorded);
    const dialects = dialect === "none" ? [none] : [pb, none];
    const { stranger, connected } = strangerAtClient({ registry, dialects, floats: "exact" });
    stranger.dialect = dialect;
    await stranger.write(GREETING);
    const connection = await connected;
    const player = new Player(stranger, connection, dialect);
    // Its choice is no message, and goes out unasked.
    let chosen = false;
    let tables = connection.inspect();
    for (const { from, bytes } of recorded.slice(1)) {
      if (from === "client" && !chosen) chosen = true;
      else if (from === "client" && bytes !== undefined) await player.client(bytes);
      else if (bytes !== undefined) await player.server(bytes);
      else {
        tables = connection.inspect();
        if (from === "client") await connection.close();
        else stranger.close();
      }
    }
    await connection.closed;
    await stranger.quiet();
    const theirs = messagesOf(recorded, "client");
    expect(stranger.frames().map(comparable)).toEqual(theirs.map(comparable));
    expect(tables.exports.map(({ id, count }) => [id, count])).toEqual(balance(recorded, "client", dialect));
    expect(tables.imports.map(({ id, receipts }) => [id, receipts])).toEqual(balance(recorded, "server", dialect));
    checkOutcomes(name, recorded, player, dialect);
  }
}

/** Each recorded answer has to be what its call resolved to, each error what it rejected with. */
function checkOutcomes(name: string, recorded: readonly Recorded[], player: Player, dialect: DialectName): void {
  const answers = messagesOf(recorded, "server").filter((message) => /^(answer|error)$/.test(nameOf(message, dialect)));
  let checked = 0;
  for (const message of answers) {
    const [[kind, id, form]] = decodeAll(message, dialect) as any;
    const outcome = player.outcomes.get(id);
    checked++;
    if (differences[name]?.outcome !== undefined) {
      differences[name].outcome(outcome);
    } else if (kind === "answer") {
      expect(outcome).toHaveProperty("value");
      expect(difference((outcome as { value: unknown }).value, player.expected(form))).toBeUndefined();
    } else if (form[0] === "pbpeer.KnownError") {
      const { error } = outcome as { error: KnownError };
      expect(error).toBeInstanceOf(KnownError);
      expect({ ...error }).toEqual(unjelly(form[1], {} as Objects));
    } else {
      const { error } = outcome as { error: RemoteError };
      expect(error).toBeInstanceOf(RemoteError);
      const state = form[1].slice(1).map(([[, key], value]: any) => [key, value]);
      const { type, value } = Object.fromEntries(state);
      expect([error.type, error.message]).toEqual([type, Buffer.from(value[1], "latin1").toString()]);
    }
  }
  // Those that were never answered were lost with the connection.
  const lost = [...player.outcomes.values()].filter(
    (outcome) => "error" in outcome && !(outcome.error instanceof RemoteError || outcome.error instanceof KnownError),
  );
  for (const outcome of lost) {
    if (differences[name]?.outcome === undefined) {
      expect((outcome as { error: unknown }).error).toMatchObject({ code: "CONNECTION_LOST" });
    }
  }
  expect(player.outcomes.size).toBe(checked + (differences[name]?.outcome === undefined ? lost.length : 0));
}

describe("a session with Twisted's server, played to a client of ours", () => {
  for (const { name, about } of sessions) {
    if (name === "x_no_common_dialect") continue; // there is nothing to play, see below
    it(`${name}: ${about}`, () => replay(name));
  }

  it("x_no_common_dialect: a client that knows none of the offered dialects closes", async () => {
    const odd = { name: "odd", open: pb.open };
    const { stranger, connected } = strangerAtClient({ dialects: [odd] });
    const [[greeting, end] = []] = session("x_no_common_dialect").connections;
    expect(end).toEqual({ from: "client", bytes: undefined });
    await stranger.write(greeting?.bytes as Uint8Array);
    await expect(connected).rejects.toThrow(NegotiationError);
    expect([stranger.bytes.length, stranger.ended]).toEqual([0, true]);
  });

  it("x_echo_own_reference is our own object, where Twisted's client got None (§5.8, §12.3)", async () => {
    const { stranger, connected } = strangerAtClient();
    await stranger.write(GREETING);
    const connection = await connected;
    const mine = new ClientTwo();
    const echoed = connection.root.callRemote("echo", mine);
    await stranger.say(["decref", 1]);
    expect(connection.inspect().exports).toEqual([{ id: 1, class: "ClientTwo", count: 0 }]);
    await stranger.say(["answer", 1, ["local", 1]]);
    expect(await echoed).toBe(mine);
    expect(connection.inspect().exports).toEqual([]);
  });
});
