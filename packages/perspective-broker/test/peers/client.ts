// Runs the scenarios of README.md against any server with that interface. One line each, `ok NAME` or `FAIL NAME: why`, then
// `N passed, M failed`; exit status 1 when something failed, 2 when it was called wrongly.
import { type ConnectOptions, none, pb } from "perspective-broker";
import { misused, numberFrom, readOptions } from "./command-line.ts";
import { scenarios } from "./scenarios/index.ts";
import { Peer, type Scenario } from "./scenarios/scenario.ts";

const usage = "npm run -s peer:client -- --port N --port2 M [--host H] [--only a,b] [--list] [--timeout S] [--verbose]";
const options = readOptions(
  {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string" },
    port2: { type: "string" },
    only: { type: "string", default: "" },
    timeout: { type: "string", default: "10" },
    list: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
  usage,
);

/** Rejections that nobody took: a defect of the scenario or of the library, so the running scenario fails. */
const strays: unknown[] = [];

if (options.list) {
  for (const { name, about } of scenarios) console.log(`${name}: ${about}`);
} else {
  await runAll(chosen(options.only));
}

async function runAll(list: readonly Scenario[]): Promise<void> {
  const port = numberFrom("port", options.port, usage) ?? misused("--port is missing", usage);
  const port2 = numberFrom("port2", options.port2, usage);
  const seconds = numberFrom("timeout", options.timeout, usage) ?? 10;
  // The scenarios say what becomes of values in Twisted's dialects.
  const dialects = [pb, none];
  const connecting: ConnectOptions = options.verbose ? { dialects } : { dialects, log: () => {} };
  process.on("unhandledRejection", (reason) => strays.push(reason));
  let failed = 0;
  for (const scenario of list) {
    const why = await failure(scenario, new Peer({ host: options.host, port, port2 }, connecting), seconds);
    if (why === undefined) {
      console.log(`ok ${scenario.name}`);
    } else {
      failed++;
      console.log(`FAIL ${scenario.name}: ${why}`);
    }
  }
  console.log(`${list.length - failed} passed, ${failed} failed`);
  // A connection that does not end must not keep the process: what failed has been told.
  process.exit(failed > 0 ? 1 : 0);
}

/** Why the scenario failed, in one line; undefined if it did not. */
async function failure({ run }: Scenario, peer: Peer, seconds: number): Promise<string | undefined> {
  try {
    await within(seconds, run(peer));
    await within(seconds, peer.closeAll());
    const stray = strays.splice(0).at(0);
    return stray === undefined ? undefined : `a rejection that nobody took: ${String(stray)}`;
  } catch (error) {
    void peer.closeAll();
    strays.length = 0;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return text.replace(/\s*\n\s*/g, " ");
  }
}

async function within(seconds: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not finished within ${seconds} seconds`)), seconds * 1000);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function chosen(only: string): readonly Scenario[] {
  if (only === "") return scenarios;
  const names = only.split(",");
  for (const name of names) {
    if (!scenarios.some((scenario) => scenario.name === name)) misused(`there is no scenario ${name}`, usage);
  }
  return scenarios.filter((scenario) => names.includes(scenario.name));
}
