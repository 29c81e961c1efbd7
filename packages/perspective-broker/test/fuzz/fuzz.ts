// Plays recorded conversations, with frames changed, against real ends, and looks at what becomes of these.
import {
  type CloseReason,
  type Connection,
  type ConnectionInspection,
  connect,
  type LogRecord,
  memoryPair,
  PBError,
  PerspectiveBrokerError,
  pb7,
  type Server,
} from "../../src/index.ts";
import { collectNow } from "../support/collect-now.ts";
import { FuzzClock } from "./clock.ts";
import { type Conversation, type Corpus, GREETING, type Recorded, type Role, record, served } from "./corpus.ts";
import { frame, invented, mutated, setRoughness, text, varint } from "./mutate.ts";
import { Random } from "./random.ts";
import { FrameCounter, Wire } from "./wire.ts";
import { registry, Sane } from "./world.ts";

const ANSWER = 0x14;
const CALL = 0x13;
const HELLO = 0x10;
/** What an end may need to take a step. */
const TURNS = 40;
/** The bound for what is kept after a collection, above what was kept at the beginning. */
const GROWTH = 24 * 1024 * 1024;

export interface FuzzOptions {
  readonly seed: number;
  /** Changed frames to be sent. */
  readonly frames: number;
  readonly roles?: readonly Role[];
  /** The first case. */
  readonly from?: number;
  readonly cases?: number;
  readonly tell?: (progress: Progress) => void;
  /** Called with the number of each case before it begins. */
  readonly begins?: (number: number) => void;
  /** Told what is done in each case. */
  readonly explain?: (line: string) => void;
}

export interface Progress {
  readonly cases: number;
  /** Frames that an end was given before its connection ended: those that were changed, and all. */
  readonly changed: number;
  readonly frames: number;
  /** How the connections ended; `alive` are those that answered at the end of their case. */
  readonly ends: Readonly<Record<string, number>>;
  /** Bytes that are kept after a collection. */
  readonly kept: number;
  readonly hash: string;
}

/** Something that must not be, with the case in which it was. */
export class FuzzFailure extends Error {
  readonly number: number;
  constructor(number: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.number = number;
  }
}

let recorded: Promise<Corpus> | undefined;

export async function fuzz(options: FuzzOptions): Promise<Progress> {
  recorded ??= record();
  const run = new Run(options, await recorded);
  try {
    return await run.all();
  } finally {
    await run.close();
  }
}

interface Planned {
  readonly bytes: Uint8Array;
  readonly after: number;
  readonly changed: boolean;
}

class Run {
  readonly #options: FuzzOptions;
  readonly #corpus: Corpus;
  readonly #clock = new FuzzClock();
  readonly #ends: Record<string, number> = {};
  readonly #unexpected: unknown[] = [];
  readonly #onUnexpected = (error: unknown) => void this.#unexpected.push(error);
  readonly #log = (record: LogRecord) => this.#logged(record);
  #servers!: Readonly<Record<"world" | "portal" | "beating", Server>>;
  #honest!: Connection;
  #accepted!: Connection;
  /** What the honest client holds is not collected. */
  #held: unknown;
  #number = 0;
  #cases = 0;
  #changed = 0;
  #frames = 0;
  #baseline = 0;
  #kept = 0;

  constructor(options: FuzzOptions, corpus: Corpus) {
    this.#options = options;
    this.#corpus = corpus;
  }

  async all(): Promise<Progress> {
    const { frames, from = 0, cases = Number.POSITIVE_INFINITY, tell, begins } = this.#options;
    process.on("uncaughtException", this.#onUnexpected);
    process.on("unhandledRejection", this.#onUnexpected);
    await this.#open();
    let told = 0;
    for (let number = from; this.#changed < frames && number < from + cases; number++) {
      this.#number = number;
      begins?.(number);
      await this.#case(new Random(this.#options.seed, number));
      this.#cases++;
      if (number % 64 === 0) await this.#checkHonest();
      if (this.#changed - told < 50_000) continue;
      told = this.#changed;
      await this.#checkMemory();
      tell?.(this.#progress());
    }
    await this.#checkHonest();
    await this.#checkMemory();
    this.#checkUnexpected();
    return this.#progress();
  }

  async close(): Promise<void> {
    await this.#honest?.close();
    for (const server of Object.values(this.#servers ?? {})) await server.close();
    process.off("uncaughtException", this.#onUnexpected);
    process.off("unhandledRejection", this.#onUnexpected);
  }

  async #open(): Promise<void> {
    const clock = this.#clock;
    // A context that follows `await` makes all promises of a process slower, and no frame concerns it.
    const options = { log: this.#log, heartbeat: 0, context: "sync" };
    this.#servers = {
      world: await served("world", clock, options),
      portal: await served("portal", clock, options),
      beating: await served("world", clock, { ...options, heartbeat: 1000 }),
    };
    const [near, far] = memoryPair();
    this.#servers.world.accept(near);
    [this.#accepted] = this.#servers.world.connections as unknown as [Connection];
    this.#honest = await connect(far, { dialects: [pb7], registry, clock: this.#clock, heartbeat: 0, context: "sync" });
    await this.#honest.root.callRemote("keep", new Sane());
    this.#held = await this.#honest.root.callRemote("stock");
    await this.#checkHonest();
  }

  // ---- One case

  async #case(random: Random): Promise<void> {
    const roles = this.#options.roles ?? (["server", "client"] as const);
    const role = random.pick(roles);
    const conversation = random.pick(this.#corpus.conversations);
    const peer = role === "server" ? "client" : "server";
    const plan = this.#plan(random, conversation, peer);
    this.#options.explain?.(`case ${this.#number}: ${conversation.scene.name}, a ${role}`);
    const heard = new Heard();
    const wire = new Wire(new FrameCounter(GREETING[role].length, (type, body) => heard.frame(type, body)));
    if (random.oneIn(20)) wire.slow = true;
    const end = role === "server" ? this.#accepting(random, conversation, wire) : this.#connecting(conversation, wire);
    const said = new FrameCounter(GREETING[peer].length);
    const negotiated = await this.#play(random, wire, plan, peer, said, heard);
    await this.#look(random, wire, said, heard, negotiated);
    await this.#finish(random, wire, end);
    this.#checkUnexpected();
  }

  /** What will be said: the beginning of a conversation as it was, and then more and more that was not. */
  #plan(random: Random, conversation: Conversation, peer: Role): Planned[] {
    const pool = this.#corpus.frames[peer];
    const original = conversation.said[peer];
    const plan: Planned[] = original.map(({ bytes, after }) => ({ bytes, after, changed: false }));
    // The farewell ends everything: it is left out mostly.
    if (!random.oneIn(10)) plan.pop();
    const first = random.oneIn(40) ? 0 : 1 + random.below(plan.length);
    const often = random.pick([1, 2, 2, 3, 6]);
    setRoughness(random.pick([2, 6, 40, 400]));
    for (let at = first; at < plan.length; at++) if (random.oneIn(often)) at += change(random, plan, at, pool);
    const more = random.pick([0, 10, 60, 250]);
    for (let i = 0; i < more; i++) {
      const bytes = random.oneIn(40) ? mutated(random, random.pick(pool), pool) : invented(random);
      plan.splice(first + random.below(Math.max(1, plan.length - first)), 0, changedAt(bytes, plan[first - 1]));
    }
    return plan;
  }

  #accepting(random: Random, { scene }: Conversation, wire: Wire): End {
    const server =
      scene.serves === "portal" ? this.#servers.portal : this.#servers[random.oneIn(20) ? "beating" : "world"];
    const before = new Set(server.connections);
    server.accept(wire);
    for (const connection of server.connections) if (!before.has(connection)) return new End(connection);
    throw new FuzzFailure(this.#number, "the server did not accept");
  }

  #connecting({ scene }: Conversation, wire: Wire): End {
    const end = new End(undefined);
    const objects = { sane: new Sane(), check: new Sane() };
    const log = this.#log;
    const context = "sync";
    const heartbeat = this.#number % 20 === 0 ? 1000 : 0;
    end.doing = connect(wire, { dialects: [pb7], registry, clock: this.#clock, log, objects, heartbeat, context }).then(
      async (connection) => {
        end.connection = connection;
        await scene.run(connection, () => {});
      },
    );
    end.doing.then(
      () => end.settle(),
      (error) => {
        // What is said to a client's calls may be anything; what cannot be is an error of no class of ours.
        if (!isKnown(error)) this.#onUnexpected(error);
        end.settle();
      },
    );
    return end;
  }

  /** Says it all, in chunks that begin and end anywhere; returns whether the negotiation was in order. */
  async #play(
    random: Random,
    wire: Wire,
    plan: readonly Planned[],
    peer: Role,
    said: FrameCounter,
    heard: Heard,
  ): Promise<boolean> {
    let greeting = GREETING[peer];
    const negotiated = !random.oneIn(100);
    if (!negotiated) {
      greeting = greeting.slice();
      greeting[random.below(greeting.length)] = random.below(256);
    }
    const say = (bytes: Uint8Array) => {
      said.take(bytes);
      wire.says(bytes);
    };
    say(greeting);
    await tick();
    for (let at = 0; at < plan.length && !wire.ended; ) {
      const { after } = plan[at] as Planned;
      const most = random.oneIn(3) ? 1 + random.below(6) : 1;
      let end = at + 1;
      // What answers something waits for it, mostly.
      while (end < plan.length && end - at < most && ((plan[end] as Planned).after <= after || random.oneIn(20))) end++;
      const group = plan.slice(at, end);
      at = end;
      for (let turn = 0; turn < 6 && heard.frames < after && !wire.ended; turn++) await tick();
      this.#send(random, group, say, wire);
      if (random.oneIn(3)) await tick();
      if (random.oneIn(60)) await turnOver();
      if (random.oneIn(200)) this.#clock.advance(random.pick([1, 20, 1000, 40_000]));
      if (wire.slow && random.oneIn(4)) wire.drain();
    }
    return negotiated;
  }

  #send(random: Random, group: readonly Planned[], say: (bytes: Uint8Array) => void, wire: Wire): void {
    for (const { changed } of wire.ended ? [] : group) {
      this.#frames++;
      if (changed) this.#changed++;
    }
    for (const { bytes, changed } of wire.ended ? [] : group) {
      this.#options.explain?.(
        `${changed ? "changed" : "       "} ${Buffer.from(bytes.subarray(0, 60)).toString("hex")}`,
      );
    }
    const bytes = group.length === 1 ? (group[0] as Planned).bytes : joinedBytes(group);
    const cuts = random.oneIn(6) ? 1 + random.below(4) : 0;
    let from = 0;
    for (let i = 0; i < cuts; i++) {
      const to = from + random.below(Math.min(bytes.length - from, 100) + 1);
      if (to > from) say(bytes.slice(from, to));
      from = to;
    }
    if (from < bytes.length) say(bytes.slice(from));
  }

  /** A connection that has not ended answers a call. */
  async #look(random: Random, wire: Wire, said: FrameCounter, heard: Heard, negotiated: boolean): Promise<void> {
    wire.slow = false;
    wire.drain();
    await tick();
    if (wire.ended || !negotiated) return;
    // Whatever has begun has to end before.
    for (let missing = said.missing; missing > 0 && !wire.ended; missing = said.missing) {
      if (missing > 100_000) return;
      const rest = new Uint8Array(missing);
      said.take(rest);
      wire.says(rest);
    }
    const id = 2 ** 50 + random.below(2 ** 20);
    wire.says(frame(CALL, [0x21, ...varint(id), 0, ...text("check"), 0, ...text("ok"), 0]));
    for (let turn = 0; turn < TURNS && !wire.ended; turn++) {
      await (turn < 4 ? tick() : turnOver());
      if (heard.answered.includes(id)) {
        this.#count("alive");
        return;
      }
    }
    if (!wire.ended) throw new FuzzFailure(this.#number, "the connection neither answers nor ends");
  }

  async #finish(random: Random, wire: Wire, end: End): Promise<void> {
    const way = random.below(3);
    const { connection } = end;
    if (!wire.ended && way === 0) void connection?.close();
    if (!wire.ended) wire.hangUp(way === 1 ? new Error("reset") : undefined);
    let reason: CloseReason | undefined;
    connection?.closed.then((told) => {
      reason = told;
    });
    for (let turn = 0; turn < TURNS; turn++) {
      await (turn < 4 ? tick() : turnOver());
      if (
        connection === undefined ? wire.told && end.settled : reason !== undefined && end.settled && isEmpty(connection)
      ) {
        break;
      }
    }
    if (!end.settled) throw new FuzzFailure(this.#number, "a call of the client has not settled");
    if (connection === undefined) return;
    if (reason === undefined) throw new FuzzFailure(this.#number, "the end of the connection was not told");
    this.#count(reason.code);
    this.#options.explain?.(`${reason.code}: ${reason.message}`);
    if (reason.code === "INTERNAL_ERROR") throw new FuzzFailure(this.#number, reason.message, reason.error);
    const left = leftIn(connection.inspect());
    if (left !== "") throw new FuzzFailure(this.#number, `left after the end: ${left}`);
  }

  #count(end: string): void {
    this.#ends[end] = (this.#ends[end] ?? 0) + 1;
  }

  // ---- What must hold

  #logged({ level, message, error }: LogRecord): void {
    if (level === "error" && !isKnown(error)) this.#unexpected.push(new Error(message, { cause: error }));
  }

  #checkUnexpected(): void {
    if (this.#unexpected.length === 0) return;
    const [error] = this.#unexpected;
    throw new FuzzFailure(this.#number, "an error of the library", error);
  }

  /** The other connection to the same server has not changed and works. */
  async #checkHonest(): Promise<void> {
    const call = this.#honest.root.callRemote("kept");
    let settled = false;
    call.then(
      () => {
        settled = true;
      },
      () => {},
    );
    for (let turn = 0; turn < TURNS && !settled; turn++) await turnOver();
    if (!settled || this.#held === undefined)
      throw new FuzzFailure(this.#number, "the honest connection does not answer");
    const { exports, imports, cachesGiven, awaited, running } = this.#accepted.inspect();
    const found = [exports.length, imports.length, cachesGiven.length, awaited, running].join();
    if (found !== "0,1,1,0,0") throw new FuzzFailure(this.#number, `the honest connection's tables: ${found}`);
    for (const { connections } of Object.values(this.#servers)) {
      if (connections.size > 1) throw new FuzzFailure(this.#number, "connections that have ended are kept");
    }
    if (this.#clock.waiting > 10) throw new FuzzFailure(this.#number, `${this.#clock.waiting} timers are left`);
  }

  async #checkMemory(): Promise<void> {
    this.#clock.advance(100_000);
    for (let round = 0; round < 2; round++) {
      collectNow();
      for (let turn = 0; turn < 3; turn++) await turnOver();
    }
    const { heapUsed, external } = process.memoryUsage();
    this.#kept = heapUsed + external;
    if (this.#baseline === 0) this.#baseline = this.#kept;
    const growth = this.#kept - this.#baseline;
    if (growth > GROWTH) throw new FuzzFailure(this.#number, `memory has grown by ${growth} bytes`);
  }

  #progress(): Progress {
    const { hash } = this.#corpus;
    return {
      ...{ cases: this.#cases, changed: this.#changed, frames: this.#frames, ends: this.#ends, kept: this.#kept, hash },
    };
  }
}

/** One end that is fuzzed. */
class End {
  connection: Connection | undefined;
  /** The client's conversation. */
  doing: Promise<void> | undefined;
  settled: boolean;

  constructor(connection: Connection | undefined) {
    this.connection = connection;
    this.settled = connection !== undefined;
  }

  settle(): void {
    this.settled = true;
  }
}

/** What an end has said. */
class Heard {
  frames = 0;
  readonly answered: number[] = [];

  frame(type: number, body: Uint8Array): void {
    this.frames++;
    if (type !== ANSWER) return;
    let id = 0;
    for (let at = 1, scale = 1; at < body.length; at++, scale *= 128) {
      id += ((body[at] as number) & 127) * scale;
      if ((body[at] as number) < 128) break;
    }
    if (id >= 2 ** 50) this.answered.push(id);
  }
}

/** Changes what stands at a place of a plan; returns how many places it has now, less one. */
function change(random: Random, plan: Planned[], at: number, pool: readonly Uint8Array[]): number {
  const planned = plan[at] as Planned;
  const place = { after: planned.after, changed: true };
  // What the rest needs is changed now and then only; mostly something comes before it.
  if (planned.bytes[0] !== CALL && !random.oneIn(6)) {
    plan.splice(at, 0, { ...place, bytes: invented(random) });
    return 1;
  }
  switch (random.below(20)) {
    case 0:
      plan.splice(at, 0, { ...planned, changed: true });
      return 1;
    case 1:
      plan.splice(at, 1);
      return -1;
    case 2: {
      const other = random.below(plan.length);
      const { bytes } = plan[other] as Planned;
      if (at === 0 || other === 0 || bytes[0] === HELLO) return 0;
      plan[other] = { ...(plan[other] as Planned), bytes: planned.bytes, changed: true };
      plan[at] = { ...place, bytes };
      return 0;
    }
    case 3:
      plan.splice(at, 0, { ...place, bytes: random.pick(pool) });
      return 1;
    case 4:
      plan.splice(at, 0, { ...place, bytes: invented(random) });
      return 1;
    default:
      plan[at] = { ...place, bytes: mutated(random, planned.bytes, pool) };
      return 0;
  }
}

function joinedBytes(group: readonly Planned[]): Uint8Array {
  const bytes = new Uint8Array(group.reduce((sum, one) => sum + one.bytes.length, 0));
  let at = 0;
  for (const one of group) {
    bytes.set(one.bytes, at);
    at += one.bytes.length;
  }
  return bytes;
}

function changedAt(bytes: Uint8Array, before: Recorded | undefined): Planned {
  return { bytes, after: before?.after ?? 0, changed: true };
}

function isKnown(error: unknown): boolean {
  return error instanceof PerspectiveBrokerError || error instanceof PBError;
}

function isEmpty(connection: Connection): boolean {
  return leftIn(connection.inspect()) === "";
}

function leftIn(inspected: ConnectionInspection): string {
  const { exports, imports, cachesGiven, cachesHeld, awaited, running, waiting, results, streams } = inspected;
  const counts = { awaited, running, waiting, results, given: streams.given, held: streams.held };
  const tables = { exports, imports, cachesGiven, cachesHeld };
  const left = Object.entries(counts).filter(([, count]) => count > 0);
  for (const [name, table] of Object.entries(tables)) if (table.length > 0) left.push([name, table.length]);
  return left.map(([name, count]) => `${name} ${count}`).join(", ");
}

/** What was put off to the end of this turn has its turn. */
function tick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

function turnOver(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
