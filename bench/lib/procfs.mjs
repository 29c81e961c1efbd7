// CPU and memory of another process, from Linux' /proc; NaN where there is none.
import fs from "node:fs";

const HZ = 100; // sysconf(_SC_CLK_TCK) on Linux

/** Seconds, user and system, all threads. */
export function procCpu(pid) {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / HZ;
}

/** Resident bytes. */
export function procRss(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1]) * 1024;
}

function read(file) {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
