// What both sides of a conversation in pb7 wrote, in the order of writing, and what the reader in Python says of it.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BrokerOptions } from "../../../src/connection/options.ts";
import * as library from "../../../src/index.ts";
import type { Transport, TransportHandler } from "../../../src/transport/transport.ts";
import { hex } from "./sides.ts";

const READER = fileURLToPath(new URL("../../peers/pb7_reader.py", import.meta.url));

/** Lines of a side, `S` or `C`, and the bytes that it wrote in one go. */
export type Capture = string[];

/** Runs `work` over a connection in memory, closes it, and returns all that was sent. */
export async function captured(
  root: library.Root,
  work: (connection: library.Connection) => Promise<void>,
  options: BrokerOptions = {},
): Promise<Capture> {
  const capture: Capture = [];
  const [near, far] = library.memoryPair();
  const both = { dialects: [library.pb7], log: () => {}, ...options };
  const server = await library.listen(root, `memory://captured-${++servers}`, both);
  server.accept(tapped(far, "S", capture));
  const connection = await library.connect(tapped(near, "C", capture), both);
  try {
    await work(connection);
    await connection.close();
  } finally {
    await server.close();
  }
  return capture;
}

let servers = 0;

/** What the reader prints of lines of bytes. */
export function readInPython(lines: readonly string[], ...options: string[]): string {
  const { stdout, stderr, status } = spawnSync("python3", [READER, ...options], {
    input: lines.join("\n"),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the reader failed: ${stderr}\n${stdout}`);
  return stdout;
}

export const hasPython: boolean = spawnSync("python3", ["--version"]).status === 0;

function tapped(inner: Transport, side: string, capture: Capture): Transport {
  const write = (chunk: Uint8Array): boolean => {
    capture.push(`${side} ${hex(chunk)}`);
    return inner.write(chunk);
  };
  return {
    peer: inner.peer,
    get unsent() {
      return inner.unsent;
    },
    start: (handler: TransportHandler) => inner.start(handler),
    write,
    writev: (chunks) => chunks.map(write).at(-1) ?? true,
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    close: () => inner.close(),
    abort: () => inner.abort(),
  };
}
