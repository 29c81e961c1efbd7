import { afterEach, describe, expect, it, vi } from "vitest";
import { showProgress } from "../calculator/progress.ts";

const { isTTY } = process.stdout;

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  process.stdout.isTTY = isTTY;
});

describe("the progress of the calculation", () => {
  it("is a coloured bar on a terminal", () => {
    const written = shown({ terminal: true, NO_COLOR: "" });
    expect(written.at(-2)?.replaceAll("\x1b", "ESC")).toMatch(/^\r {2}ESC\[36m█+ESC\[0m░+ {2}30 of 60$/);
    expect(written.at(-1)).toBe("\n");
  });

  it("has no escape codes where colours are not wanted", () => {
    expect(shown({ terminal: true, NO_COLOR: "1" }).at(-2)).toMatch(/^\r {2}█+░+ {2}30 of 60$/);
  });

  it("is a line now and then where there is no terminal", () => {
    expect(shown({ terminal: false, NO_COLOR: "" })).toEqual(["   10 of 60", "   20 of 60", "   30 of 60"]);
  });
});

/** What is written while half of the calculations are done. */
function shown({ terminal, NO_COLOR }: { terminal: boolean; NO_COLOR: string }): string[] {
  const written: string[] = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  vi.spyOn(console, "log").mockImplementation((text) => void written.push(text));
  vi.stubEnv("NO_COLOR", NO_COLOR);
  vi.stubEnv("TERM", "xterm");
  process.stdout.isTTY = terminal;
  const progress = showProgress(60);
  for (let done = 1; done <= 30; done++) progress.show(done);
  progress.end();
  return written;
}
