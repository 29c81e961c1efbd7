// A short run of the fuzzer, always the same one. `npm run fuzz` does as much as it is told to.
import { describe, expect, it } from "vitest";
import { fuzz } from "./fuzz.ts";

describe("an end that is sent changed frames", () => {
  it.each([
    ["server", 1],
    ["client", 2],
  ] as const)("as a %s ends by a named reason, or goes on", { timeout: 60_000 }, async (role, seed) => {
    const { changed, ends } = await fuzz({ seed, frames: 4000, roles: [role] });
    expect(changed).toBeGreaterThanOrEqual(4000);
    // Not only refused at once, and not only harmless.
    expect(ends.alive).toBeGreaterThan(10);
    expect(ends.PROTOCOL_ERROR).toBeGreaterThan(10);
  });
});
