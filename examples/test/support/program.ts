// Programs of the examples as processes of their own: started, waited for by what they print, and never left behind.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach } from "vitest";

export interface Program {
  /** Everything printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** What `pattern` finds in the standard output, as soon as it does; rejects if the program ends without it. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** The port of its READY line. */
  port(): Promise<string>;
  /** Types a line. */
  type(line: string): void;
  /** Ends its input, as Ctrl-D does. */
  endInput(): void;
  /** Its exit code and everything that it has printed; null for a signal. */
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  /** Ends it, and resolves to what it has printed. */
  stop(signal?: NodeJS.Signals): Program["ended"];
}

const folder = fileURLToPath(new URL("../../", import.meta.url));
const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

/** A TypeScript example, `startTypeScript("pb1/server", "0")`. */
export function startTypeScript(name: string, ...args: string[]): Program {
  const options = ["--import", "tsx", "--conditions=perspective-broker:source"];
  return start(process.execPath, [...options, `${name}.ts`, ...args]);
}

/** Its counterpart on Twisted. */
export function startPython(python: string, name: string, ...args: string[]): Program {
  return start(python, ["-u", `${name}.py`, ...args]);
}

/** Any program, in the folder of the examples or another. */
export function start(command: string, args: string[], cwd = folder): Program {
  const child = spawn(command, args, { cwd, stdio: "pipe" });
  running.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    child.emit("printed");
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.on("error", () => {}); // it has ended, which is seen by its exit code
  const ended = once(child, "close").then(([code]) => {
    running.delete(child);
    child.emit("printed");
    return { code: code as number | null, stdout, stderr };
  });

  return {
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    ended,
    async printed(pattern) {
      for (;;) {
        const match = pattern.exec(stdout);
        if (match) return match;
        if (!running.has(child)) throw new Error(`${args.join(" ")} ended without ${pattern}\n${stdout}${stderr}`);
        await once(child, "printed");
      }
    },
    async port() {
      return (await this.printed(/^READY tcp:\/\/127\.0\.0\.1:(\d+)\n/m))[1] as string;
    },
    type(line) {
      child.stdin.write(`${line}\n`);
    },
    endInput() {
      child.stdin.end();
    },
    stop(signal = "SIGTERM") {
      child.kill(signal);
      return ended;
    },
  };
}
