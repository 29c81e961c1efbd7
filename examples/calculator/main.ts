// `npm start`: a distributed calculation. Three calculators, each a process of its own, and a client that uses them all.
import { calculate } from "./calculate.ts";
import { startCalculator } from "./start-calculator.ts";

const calculators = await Promise.all([startCalculator(), startCalculator(), startCalculator()]);
console.log("Three calculators");
for (const { address, pid } of calculators) console.log(`  ${address}  process ${pid}`);
console.log("\nSixty calculations of about 100 ms each");
try {
  await calculate(calculators.map(({ address }) => address));
} finally {
  await Promise.all(calculators.map((calculator) => calculator.stop()));
}
