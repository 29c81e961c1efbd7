// The same client for calculators that run already, on Twisted too: give their ports.
import { calculate } from "./calculate.ts";

const ports = process.argv.slice(2);
await calculate((ports.length > 0 ? ports : ["8800"]).map((port) => `tcp://127.0.0.1:${port}`));
