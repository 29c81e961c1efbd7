// Starts a calculator as a process of its own, and waits until it says where it listens.
import { fork } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface RunningCalculator {
  readonly address: string;
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

export async function startCalculator(): Promise<RunningCalculator> {
  const child = fork(fileURLToPath(new URL("server.ts", import.meta.url)), ["0"], {
    stdio: ["ignore", "pipe", "inherit", "ipc"], // ipc is the line that breaks when we end, killed or not
    detached: true, // so that Ctrl-C reaches us alone
  });
  const ended = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout! })) {
    const [word, address] = line.split(" ");
    if (word !== "READY" || address === undefined) continue;
    return {
      address,
      pid: child.pid,
      async stop() {
        child.kill();
        await ended;
      },
    };
  }
  throw new Error("a calculator ended before it was ready");
}
