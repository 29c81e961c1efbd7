// Programs of their own, for the documentation: run to their end, or started and waited for until they listen.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { connect, createServer } from "node:net";

/** Runs a program to its end. */
export function printed(program: string, args: string[], cwd: string): Promise<{ out: string[]; all: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, timeout: 30_000, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      const failure = error === null || stdout + stderr !== "" ? "" : String(error);
      resolve({ out: stdout.trimEnd().split("\n"), all: stdout + stderr + failure });
    });
  });
}

/** Starts a program that listens at a port, and waits until it does. */
export async function started(
  program: string,
  args: string[],
  cwd: string,
  port: number,
): Promise<{ close(): Promise<void> }> {
  const child: ChildProcess = spawn(program, args, { cwd, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr?.on("data", (chunk) => {
    said += chunk;
  });
  const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
  for (const end = Date.now() + 15_000; !(await listensAt(port)); ) {
    if (child.exitCode !== null || Date.now() > end) throw new Error(`${args.join(" ")} does not listen: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    close: () => {
      child.kill();
      return ended;
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listensAt(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
