// One cell of the table: one workload of one peer, in a fresh server process and a fresh client process.
import { spawn } from "node:child_process";
import readline from "node:readline";
import { pathToFileURL } from "node:url";
import { metaOf, ROOT } from "./peers.mjs";

/** "W2@16" is the workload W2 with the parameter 16. */
export function splitWorkload(workload) {
  const [base, parameter] = workload.split("@");
  return { base, parameter: parameter === undefined ? undefined : Number(parameter) };
}

/** Workloads that are another one under different conditions. `pinned`: both processes on one core. */
const PINNED = { W1pinned: "W1" };

/** The workload as the peers know it. */
export function plainWorkload(workload) {
  const { base } = splitWorkload(workload);
  return PINNED[base] ?? base;
}

export function isPinned(workload) {
  return splitWorkload(workload).base in PINNED;
}

/**
 * Runs one cell; never rejects: what went wrong is `error` in the result.
 * `settings`: python, runMs, warmMs, leakCount, leakMs; `cores` ({ server, client }) to pin the two by taskset, and
 * `pinnedCore`, on which a pinned workload has both.
 */
export async function runCell(peer, workload, settings) {
  const { pinnedCore, python } = settings;
  const cores = isPinned(workload) ? { server: pinnedCore, client: pinnedCore } : (settings.cores ?? {});
  const children = [];
  const start = (role, meta, core, ...args) => {
    const host = meta.python
      ? ["lib/pyhost.py", role]
      : ["--expose-gc", ...(meta.nodeArgs ?? []), `lib/${role}-host.mjs`];
    const command = [meta.python ? python : process.execPath, ...host, peer, ...args];
    const child = startChild(core === undefined ? command : ["taskset", "-c", String(core), ...command]);
    children.push(child);
    return child;
  };
  try {
    const meta = await metaOf(peer);
    const { parameter } = splitWorkload(workload);
    const base = plainWorkload(workload);
    const options = {
      workload: base,
      parameter,
      runMs: settings.runMs,
      warmMs: Math.max(settings.warmMs, meta.warmMs ?? 0),
      leakCount: meta.leakCount ?? settings.leakCount,
      leakMs: settings.leakMs,
      peerUrl: pathToFileURL(meta.file).href,
    };
    let server = null;
    if (!meta.inproc) {
      server = start("server", meta, cores.server, base);
      const ready = await server.line("READY", 20_000);
      if (!ready) return { error: `the server did not start: ${server.errors()}` };
      options.port = ready.port;
      options.serverPid = ready.pid;
    }
    const client = start("client", meta, cores.client, JSON.stringify(options));
    const memory = MARKED.has(base) && server ? await readMarks(server, client, settings.leakMs + 60_000) : null;
    const result = await client.line("RESULT", settings.leakMs + 60_000);
    if (!result) return { error: `the client ended without a result: ${client.errors()}` };
    if (memory) Object.assign(result, grown(memory, base === "W6mem" ? result.n : undefined));
    return result;
  } catch (error) {
    return { error: String(error?.message ?? error) };
  } finally {
    for (const child of children.reverse()) await child.end();
  }
}

/** Workloads whose client prints MARK and MARK2, between which the server's memory grows. */
const MARKED = new Set(["W5leak", "W6mem"]);

async function readMarks(server, client, ms) {
  const memory = () => {
    server.say("gc");
    return server.line("MEM", 15_000);
  };
  if (!(await client.line("MARK ", 60_000))) return null;
  const before = await memory();
  if (!(await client.line("MARK2 ", ms))) return null;
  return { before, after: await memory() };
}

/** The server's memory before and after, in bytes, and what one of `connections` costs. */
function grown({ before, after }, connections) {
  return {
    rssBefore: before?.rss,
    rssAfter: after?.rss,
    heapBefore: before?.heapUsed,
    heapAfter: after?.heapUsed,
    liveAfter: after?.live,
    // What V8 keeps, buffers included; the resident size also grows once by what V8 reserves.
    ...(before?.heapUsed && after
      ? { grownBytes: after.heapUsed + after.external - before.heapUsed - before.external }
      : {}),
    ...(connections && before && after ? { perConnBytes: (after.rss - before.rss) / connections } : {}),
  };
}

/** A child process that talks in lines `WORD {json}`. */
function startChild([command, ...args]) {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1", NODE_ENV: "production" };
  const child = spawn(command, args, { cwd: ROOT, env, stdio: ["pipe", "pipe", "pipe"] });
  let errors = "";
  const early = [];
  const waiters = new Set();
  child.stdin.on("error", () => {});
  child.stderr.on("data", (text) => {
    errors = (errors + text).slice(-4000);
  });
  const ended = new Promise((resolve) => {
    const end = () => {
      for (const waiter of waiters) waiter.settle(null);
      resolve();
    };
    child.on("close", end);
    child.on("error", (error) => {
      errors += error.message;
      end();
    });
  });
  readline.createInterface({ input: child.stdout }).on("line", (line) => {
    for (const waiter of waiters) if (line.startsWith(waiter.word)) return waiter.settle(line);
    early.push(line);
  });
  return {
    /** The body of the next line that begins with `word`, or null after `ms` or at the end of the process. */
    async line(word, ms) {
      const known = early.findIndex((line) => line.startsWith(word));
      const line =
        known >= 0
          ? early.splice(known, 1)[0]
          : child.exitCode !== null
            ? null
            : await new Promise((resolve) => {
                const timer = setTimeout(() => waiter.settle(null), ms);
                const waiter = { word, settle };
                function settle(value) {
                  clearTimeout(timer);
                  waiters.delete(waiter);
                  resolve(value);
                }
                waiters.add(waiter);
              });
      return line === null ? null : JSON.parse(line.slice(line.indexOf("{")));
    },
    say: (line) => child.stdin.write(`${line}\n`),
    errors: () => errors.trim().slice(-800),
    async end() {
      child.stdin.end();
      child.kill("SIGKILL");
      await ended;
    },
  };
}
