// `npm start`: what it prints, how it ends, and that its calculators never outlive it.
import { connect } from "perspective-broker";
import { describe, expect, it } from "vitest";
import { startTypeScript } from "./support/program.ts";

describe("the distributed calculation", () => {
  it("spreads sixty calculations over three processes, in plain lines, and ends by itself", async () => {
    const main = startTypeScript("calculator/main");
    const { code, stdout, stderr } = await main.ended;
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).not.toContain("\x1b");
    expect(stdout).not.toContain("\r");
    expect(stdout.match(/\d+ of 60/g)).toEqual([
      "10 of 60",
      "20 of 60",
      "30 of 60",
      "40 of 60",
      "50 of 60",
      "60 of 60",
    ]);

    const shares = [...stdout.matchAll(/^ {2}tcp:\S+ +(\d+) {2}■+$/gm)].map((match) => Number(match[1]));
    expect(shares).toHaveLength(3);
    expect(Math.min(...shares)).toBeGreaterThan(0);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBe(60);

    const table = /squares of 1 to 60\n([\d\s]+)\n\n/.exec(stdout)?.[1] ?? "";
    expect(table.trim().split(/\s+/).map(Number)).toEqual(Array.from({ length: 60 }, (_, i) => (i + 1) ** 2));
    expect(stdout).toMatch(/\nTotal: 73810, in \d\.\d s; .*\n$/);
    await allGone(stdout);
  });

  it("leaves no calculator behind when it is interrupted or killed", async () => {
    const endings = (["SIGINT", "SIGKILL"] as const).map(async (signal) => {
      const main = startTypeScript("calculator/main");
      await main.printed(/10 of 60/);
      const { stdout } = await main.stop(signal);
      expect(stdout).not.toContain("Total");
      await allGone(stdout);
    });
    await Promise.all(endings);
  });

  it("ends with an error, and with all its calculators, when it loses one of them", async () => {
    const main = startTypeScript("calculator/main");
    await main.printed(/10 of 60/);
    const [, second] = [...main.stdout.matchAll(/ process (\d+)$/gm)].map((match) => Number(match[1]));
    process.kill(second!, "SIGKILL");
    const { code, stdout, stderr } = await main.ended;
    expect(code).toBe(1);
    expect(stderr).toContain("ConnectionLost");
    await allGone(stdout);
  });
});

/** Nobody listens any more where the calculators were. They share main's standard error, so it has not ended before them. */
async function allGone(stdout: string): Promise<void> {
  const addresses = [...stdout.matchAll(/^ {2}(tcp:\S+) +process/gm)].map((match) => match[1] as string);
  expect(addresses).toHaveLength(3);
  for (const address of addresses) await expect(connect(address)).rejects.toThrow("ECONNREFUSED");
}
