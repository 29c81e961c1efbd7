// One calculator. `main.ts` starts three of them; each can also be started by hand, on a port of its own.
import { setTimeout as wait } from "node:timers/promises";
import { listen, Root } from "perspective-broker";

export class Calculator extends Root {
  /** About 100 ms, a little more or less each time. Other calls are answered meanwhile. */
  async remote_square(n: number) {
    await wait(80 + 40 * Math.random());
    return n * n;
  }
}

const server = await listen(new Calculator(), `tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
console.log("READY", server.address);

// Started by main.ts, it must not outlive it, however that ends. By hand, there is nothing to be disconnected from.
process.once("disconnect", () => process.exit());
