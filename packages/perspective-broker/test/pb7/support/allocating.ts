// Prints the bytes that an echo call allocates on the heap, both sides together, in a process whose new space is so large that
// nothing is collected meanwhile: node --expose-gc --min-semi-space-size=64 --max-semi-space-size=64 allocating.ts sync|async
import { connect, listen, pb7, Root } from "../../../src/index.ts";

const CALLS = 4000;

class Echo extends Root {
  remote_echo(value: string) {
    return value;
  }
}

const context = process.argv[2] as "sync" | "async";
const server = await listen(new Echo(), "memory://allocating", { dialects: [pb7], context });
const { root } = await connect<Echo>(server.address, { dialects: [pb7], context });

async function echo(calls: number): Promise<void> {
  const caller = async () => {
    for (let i = 0; i < calls / 16; i++) await root.callRemote("echo", "hello network");
  };
  await Promise.all(Array.from({ length: 16 }, caller));
}

// Compiled code allocates less: escape analysis needs some thousand calls.
for (let round = 0; round < 10; round++) await echo(CALLS);
let least = Number.POSITIVE_INFINITY;
for (let round = 0; round < 5; round++) {
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  await echo(CALLS);
  const bytes = (process.memoryUsage().heapUsed - before) / CALLS;
  if (bytes > 0) least = Math.min(least, bytes);
}
console.log(Math.round(least));
process.exit(0);
