// Conversations recorded from two real ends: for each side its frames, and how much it had heard when it sent each.
import { createHash } from "node:crypto";
import { connect, listen, pb7, type Server } from "../../src/index.ts";
import { FuzzClock } from "./clock.ts";
import { type Scene, scenes } from "./scenes.ts";
import { FrameCounter, joined, Wire } from "./wire.ts";
import { portal, registry, Sane, World } from "./world.ts";

/** The bytes of the negotiation: the server's list of one dialect, the client's choice. */
export const GREETING: Readonly<Record<Role, Uint8Array>> = {
  server: Uint8Array.of(1, 0x80, 3, 0x82, 0x70, 0x62, 0x37),
  client: Uint8Array.of(3, 0x82, 0x70, 0x62, 0x37),
};

export type Role = "client" | "server";

export interface Recorded {
  /** With its head. */
  readonly bytes: Uint8Array;
  /** Frames of the other side that had come before it was sent. */
  readonly after: number;
}

export interface Conversation {
  readonly scene: Scene;
  /** What each side said. */
  readonly said: Readonly<Record<Role, readonly Recorded[]>>;
}

export interface Corpus {
  readonly conversations: readonly Conversation[];
  /** All frames of a side. */
  readonly frames: Readonly<Record<Role, readonly Uint8Array[]>>;
  /** Tells one version of the protocol and its conversations from another. */
  readonly hash: string;
}

const HELLO = 0x10;

/** A server of the application; the portal's is another. */
export async function served(serves: Scene["serves"], clock: FuzzClock, options: object): Promise<Server> {
  const root = serves === "world" ? () => new World() : portal(clock);
  const address = `memory://fuzz-${serves}-${++names}`;
  return listen(root, address, {
    dialects: [pb7],
    registry,
    clock,
    objects: { sane: new Sane(), check: new Sane() },
    ...options,
  });
}
let names = 0;

export async function record(): Promise<Corpus> {
  const conversations: Conversation[] = [];
  for (const scene of scenes) conversations.push(await recordScene(scene));
  const all = (role: Role) => conversations.flatMap(({ said }) => said[role].map(({ bytes }) => bytes));
  const frames = { client: all("client"), server: all("server") };
  const hash = createHash("sha256");
  for (const frame of [...frames.client, ...frames.server]) hash.update(frame);
  return { conversations, frames, hash: hash.digest("hex").slice(0, 8) };
}

async function recordScene(scene: Scene): Promise<Conversation> {
  const clock = new FuzzClock();
  const log = () => {};
  const server = await served(scene.serves, clock, { log });
  const wires = { client: new Wire(new FrameCounter(0)), server: new Wire(new FrameCounter(0)) };
  const tapes = { client: new Tape("client"), server: new Tape("server") };
  joined(wires.client, wires.server);
  tap(wires.client, tapes.client, tapes.server);
  tap(wires.server, tapes.server, tapes.client);
  server.accept(wires.server);
  const connection = await connect(wires.client, {
    dialects: [pb7],
    registry,
    clock,
    log,
    objects: { sane: new Sane() },
  });
  await scene.run(connection, (milliseconds) => clock.advance(milliseconds));
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  await connection.close();
  await server.close();
  return { scene, said: { client: tapes.client.recorded, server: tapes.server.recorded } };
}

function tap(wire: Wire, own: Tape, other: Tape): void {
  const send = wire.onWrite;
  wire.onWrite = (chunk) => {
    own.says(chunk);
    const frames = own.recorded.length;
    // Before it is delivered, so that what the other side says then comes after it.
    process.nextTick(() => {
      other.heard = frames;
    });
    send(chunk);
  };
}

class Tape {
  readonly recorded: Recorded[] = [];
  heard = 0;
  #rest: Uint8Array;
  #skip: number;

  constructor(role: Role) {
    this.#rest = new Uint8Array(0);
    this.#skip = GREETING[role].length;
  }

  says(chunk: Uint8Array): void {
    let rest: Uint8Array = Buffer.concat([this.#rest, chunk]);
    const skip = Math.min(this.#skip, rest.length);
    this.#skip -= skip;
    rest = rest.subarray(skip);
    for (;;) {
      const [, low = 0, middle = 0, high = 0] = rest;
      const end = 4 + (low | (middle << 8) | (high << 16));
      if (rest.length < Math.max(4, end)) break;
      const bytes = withoutChance(Uint8Array.from(rest.subarray(0, end)));
      this.recorded.push({ bytes, after: this.heard });
      rest = rest.subarray(end);
    }
    this.#rest = Uint8Array.from(rest);
  }
}

/** The number of a process is random: a recording has always the same. */
function withoutChance(frame: Uint8Array): Uint8Array {
  if (frame[0] !== HELLO) return frame;
  // It is the last of the pairs; their numbers are ended by bytes without the top bit.
  const body = [...frame.subarray(4)];
  let at = body.length - 1;
  while ((body[at - 1] as number) > 127) at--;
  return Uint8Array.of(HELLO, at + 2, 0, 0, ...body.slice(0, at), 0xb9, 0x60);
}
