// What a call allocates, held, because the collector is the tail latency of any RPC. Both sides together, with the loop that calls.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const program = fileURLToPath(new URL("support/allocating.ts", import.meta.url));
const flags = ["--expose-gc", "--min-semi-space-size=64", "--max-semi-space-size=64"];
const source = ["--import", "tsx", "--conditions=perspective-broker:source", program];

describe("an echo call over pb7", () => {
  // Measured on Node 20: 2.4 and 2.6 KB, of which the promise and the loop of the caller are 0.3; other lines of Node differ by some.
  it.each([
    ["sync", 3200],
    ["async", 3600],
  ] as const)("allocates no more than was measured, context: %s", { timeout: 60_000 }, async (context, most) => {
    const bytes = await new Promise<number>((resolve, reject) => {
      execFile(process.execPath, [...flags, ...source, context], { timeout: 50_000 }, (error, out) => {
        if (error === null) resolve(Number(out));
        else reject(error);
      });
    });
    expect(bytes).toBeGreaterThan(100);
    expect(bytes).toBeLessThanOrEqual(most);
  });
});
