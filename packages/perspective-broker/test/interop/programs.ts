// The programs that interop tests start: the peers of test/peers and small ones in Python, each in a process of its own that
// ends with the test at the latest.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export type Program = readonly [path: string, ...args: string[]];

/** A program of this library, run from source. */
export function ours(name: "server.ts" | "client.ts", ...args: string[]): Program {
  const file = fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
  return [process.execPath, "--import", "tsx", "--conditions=perspective-broker:source", file, ...args];
}

/** A program of test/peers on real Twisted. */
export function twisted(python: string, name: "pb_server.py" | "pb_client.py", ...args: string[]): Program {
  return [python, "-B", peerFile(name), ...args];
}

/** A program of test/interop in Python. */
export function python(interpreter: string, name: string, ...args: string[]): Program {
  return [interpreter, "-B", fileURLToPath(new URL(name, import.meta.url)), ...args];
}

/** The path of a file of test/peers. */
export function peerFile(name: string): string {
  return fileURLToPath(new URL(`../peers/${name}`, import.meta.url));
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; one that takes longer than `seconds` is killed. */
export function finished(program: Program, seconds: number): Promise<Finished> {
  return started(program, seconds).finished;
}

/** A server that has said where it listens. */
export interface RunningServer {
  readonly port: number;
  readonly port2: number;
  /** Kills it, and waits until it is gone. */
  stop(): Promise<void>;
}

/** Starts a server and waits for its `READY port port2`. */
export async function serving(program: Program): Promise<RunningServer> {
  const running = started(program, 600);
  const line = await running.line(/^READY (\d+) (\d+)$/m);
  return { port: Number(line[1]), port2: Number(line[2]), stop: running.stop };
}

export interface Running {
  /** Waits until the program has printed something of that form; rejects if it ends before. */
  line(form: RegExp): Promise<RegExpExecArray>;
  readonly finished: Promise<Finished>;
  stop(): Promise<void>;
}

/** Starts a program. */
export function started(program: Program, seconds: number): Running {
  const leash = fileURLToPath(new URL("leash.mjs", import.meta.url));
  const child = spawn(process.execPath, [leash, ...program], { stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  let look = () => {};
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
    look();
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  // A program that has ended already takes no leash any more.
  child.stdin.on("error", () => {});
  const timer = setTimeout(() => child.stdin.end(), seconds * 1000);
  const ended = new Promise<Finished>((resolve) => {
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
  });
  const line = (form: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      look = () => {
        const match = form.exec(stdout);
        if (match) resolve(match);
      };
      look();
      void ended.then(({ code }) => reject(new Error(`${program.join(" ")} ended (${code}):\n${stdout}${stderr}`)));
    });
  const stop = async (): Promise<void> => {
    child.stdin.end();
    await ended;
  };
  return { line, finished: ended, stop };
}
