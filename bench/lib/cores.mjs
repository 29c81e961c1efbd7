// The processor cores that this process may use, by number; none where processes cannot be pinned (no Linux, no taskset).
import { execFileSync } from "node:child_process";

export function coresToPin() {
  try {
    const answer = execFileSync("taskset", ["-cp", String(process.pid)], { encoding: "utf8", stdio: "pipe" });
    return answer
      .slice(answer.lastIndexOf(":") + 1)
      .trim()
      .split(",")
      .flatMap((range) => {
        const [first, last = first] = range.split("-").map(Number);
        return Array.from({ length: last - first + 1 }, (_, i) => first + i);
      });
  } catch {
    return [];
  }
}
