// `npm run fuzz -- --seed N --frames M [--role server|client] [--workers W]`, and `--case K` to see one case again. The fuzzing is
// done in threads of its own, so that one that hangs can be told from one that works.
import { writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { Role } from "./corpus.ts";
import { FuzzFailure, fuzz, type Progress } from "./fuzz.ts";

/** Milliseconds in which a case must have come to its end. */
const PATIENCE = 10_000;

interface Job {
  readonly seed: number;
  readonly frames: number;
  readonly roles: readonly Role[];
  readonly from: number;
  readonly cases: number | undefined;
  readonly explain: boolean;
  /** The case that is worked at. */
  readonly at: SharedArrayBuffer;
}

type Told = { readonly progress: Progress } | { readonly done: Progress } | { readonly failed: string; number: number };

/** Each worker has cases of its own, so many apart. */
const APART = 1e9;

if (isMainThread) await main();
else await work(workerData as Job);

async function work(job: Job): Promise<void> {
  const at = new Float64Array(job.at);
  const tell = (told: Told) => parentPort?.postMessage(told);
  const { explain, cases, ...options } = job;
  // Most of what is sent ends as an error, and where it was made matters when one case is looked at.
  if (!explain) Error.stackTraceLimit = 0;
  try {
    const done = await fuzz({
      ...options,
      ...(cases !== undefined && { cases }),
      tell: (progress) => tell({ progress }),
      begins: (number) => {
        at[0] = number;
      },
      ...(explain && { explain: (line: string) => void writeSync(1, `${line}\n`) }),
    });
    tell({ done });
  } catch (error) {
    const number = error instanceof FuzzFailure ? error.number : (at[0] as number);
    const { stack, cause } = error as Error;
    tell({ failed: `${stack}${cause === undefined ? "" : `\ncaused by ${inspected(cause)}`}`, number });
  }
}

function inspected(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return `${error.stack}${error.cause === undefined ? "" : `\ncaused by ${inspected(error.cause)}`}`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      frames: { type: "string", default: "1000000" },
      role: { type: "string" },
      workers: { type: "string", default: "1" },
      case: { type: "string" },
    },
  });
  const seed = Number(values.seed ?? Date.now() % 1e9);
  const workers = values.case === undefined ? Number(values.workers) : 1;
  const roles: readonly Role[] = values.role === undefined ? ["server", "client"] : [values.role as Role];
  console.log(`seed ${seed}, ${values.frames} frames, ${roles.join(" and ")}, ${workers} at a time`);
  const start = performance.now();
  let peak = 0;
  let failed = false;
  const progress = new Map<number, Progress>();
  const show = () => {
    const seconds = (performance.now() - start) / 1000;
    const all = [...progress.values()];
    const sum = (of: (one: Progress) => number) => all.reduce((total, one) => total + of(one), 0);
    const changed = sum((one) => one.changed);
    console.log(
      `${changed} changed frames of ${sum((one) => one.frames)} in ${sum((one) => one.cases)} connections, ${seconds.toFixed(0)} s, ` +
        `${Math.round(changed / seconds)}/s, kept ${megabytes(sum((one) => one.kept))}, at most ${megabytes(peak)} resident`,
    );
  };
  const measuring = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 250);
  const each = async (number: number): Promise<void> => {
    const from = values.case === undefined ? number * APART : Number(values.case);
    const one = values.case === undefined ? undefined : 1;
    const at = new SharedArrayBuffer(8);
    const frames = Math.ceil(Number(values.frames) / workers);
    const job: Job = { seed, frames, roles, from, cases: one, explain: one !== undefined, at };
    const outcome = await watched(job, (told) => {
      progress.set(number, told);
      show();
    });
    if ("done" in outcome) {
      progress.set(number, outcome.done);
      return;
    }
    failed = true;
    console.log(`FAILED in case ${outcome.number}: ${outcome.failed}`);
    const role = values.role === undefined ? "" : ` --role ${values.role}`;
    console.log(`again: npm run fuzz -- --seed ${seed}${role} --case ${outcome.number}`);
  };
  await Promise.all(Array.from({ length: workers }, (_, number) => each(number)));
  clearInterval(measuring);
  show();
  const ends: Record<string, number> = {};
  for (const one of progress.values()) {
    for (const [end, count] of Object.entries(one.ends)) ends[end] = (ends[end] ?? 0) + count;
  }
  console.log(`conversations ${[...progress.values()][0]?.hash}, ends: ${JSON.stringify(ends)}`);
  if (failed) process.exitCode = 1;
}

function watched(job: Job, tell: (progress: Progress) => void): Promise<Exclude<Told, { progress: Progress }>> {
  const worker = new Worker(new URL(import.meta.url), { workerData: job });
  const at = new Float64Array(job.at);
  return new Promise((resolve) => {
    let last = -1;
    let since = performance.now();
    const end = (outcome: Exclude<Told, { progress: Progress }>) => {
      clearInterval(watching);
      void worker.terminate();
      resolve(outcome);
    };
    const watching = setInterval(() => {
      const now = performance.now();
      if (at[0] !== last) since = now;
      last = at[0] as number;
      if (now - since > PATIENCE) end({ failed: `it has hung for ${PATIENCE} ms`, number: last });
    }, 250);
    worker.on("message", (told: Told) => {
      if ("progress" in told) tell(told.progress);
      else end(told);
    });
    worker.on("error", (error) => end({ failed: String(error.stack), number: at[0] as number }));
    worker.on("exit", (code) => end({ failed: `the thread has ended (${code})`, number: at[0] as number }));
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
