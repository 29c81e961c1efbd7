// Holds a copy of the stock and shows each change, whoever made it. Numbers that are typed here become its price.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { connect, RemoteCache, registerCopyable } from "perspective-broker";
import type { Exchange } from "./server.ts";

export class RemoteStock extends RemoteCache {
  declare readonly name: string; // these two are set when the copy arrives
  declare price: number;

  /** The server says so. */
  observe_price(price: number) {
    this.price = price;
  }
}
registerCopyable("stocks.Stock", RemoteStock);

await using connection = await connect<Exchange>(`tcp://127.0.0.1:${process.argv[2] ?? 8800}`);
const stock = await connection.root.callRemote("getStock");
console.log(`${stock.name} is ${stock.price}; type another price, or end the input`);

let highest = stock.price;
stock.onChange(() => {
  highest = Math.max(highest, stock.price); // called between a change and the next one
});
const shown = showChanges();

const input = createInterface({ input: process.stdin });
connection.on("close", () => input.close());
input.on("line", (line) => {
  const price = Number(line);
  if (price > 0) connection.root.callRemoteOnly("setPrice", price);
});
await once(input, "close");

stock.release(); // the exchange forgets this holder; without it, it would when the connection ends
await shown;
console.log("the highest was", highest);

/** The same as a loop, which ends when the copy is given back or the connection is lost. */
async function showChanges() {
  for await (const { message, args } of stock) console.log(`${stock.name}: ${message} ${args}`);
}
