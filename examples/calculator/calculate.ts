// The client: spreads the calculations over the calculators and tells how it went.
import { type Connection, connect } from "perspective-broker";
import { showProgress } from "./progress.ts";
import type { Calculator } from "./server.ts";

const COUNT = 60;
const AT_A_TIME = 2; // on each calculator

interface Share {
  readonly connection: Connection<Calculator>;
  readonly address: string;
  count: number;
}

export async function calculate(addresses: readonly string[]): Promise<void> {
  const shares: Share[] = [];
  try {
    for (const address of addresses) {
      shares.push({ connection: await connect<Calculator>(address), address, count: 0 });
    }
    const started = performance.now();
    const results = await spread(shares);
    report(shares, results, (performance.now() - started) / 1000);
  } finally {
    for (const { connection } of shares) await connection.close();
  }
}

/** Gives each calculator a few calculations at a time: who is done takes the next, so a quicker one gets more of them. */
async function spread(shares: readonly Share[]): Promise<number[]> {
  const progress = showProgress(COUNT);
  const results: number[] = [];
  let done = 0;
  const indexes = Array(COUNT).keys(); // one list for all

  const work = async (share: Share) => {
    for (const i of indexes) {
      results[i] = await share.connection.root.callRemote("square", i + 1);
      share.count++;
      progress.show(++done);
    }
  };
  try {
    await Promise.all(shares.flatMap((share) => Array.from({ length: AT_A_TIME }, () => work(share))));
  } finally {
    progress.end();
  }
  return results;
}

function report(shares: readonly Share[], results: readonly number[], seconds: number) {
  console.log("\nShares");
  for (const { address, count } of shares) {
    console.log(`  ${address}  ${String(count).padStart(2)}  ${"■".repeat(count)}`);
  }
  console.log(`\nResults: the squares of 1 to ${COUNT}`);
  const columns = results.map((result) => String(result).padStart(6));
  while (columns.length > 0) console.log(columns.splice(0, 10).join(""));

  const total = results.reduce((sum, result) => sum + result, 0);
  console.log(`\nTotal: ${total}, in ${seconds.toFixed(1)} s; one after the other they take about ${COUNT / 10} s`);
}
