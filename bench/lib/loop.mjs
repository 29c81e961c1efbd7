// Closed loops, and what one of them costs: rate, latency, CPU of both sides.
import { quantile } from "./numbers.mjs";
import { procCpu } from "./procfs.mjs";

/** Keeps `inflight` calls of `fn` going, bounded by time and by count. */
export async function loop(fn, { inflight, ms, maxCount = 5e6, latencies = null }) {
  const t0 = performance.now();
  const end = t0 + ms;
  let n = 0;
  const worker = async () => {
    while (n < maxCount) {
      const start = performance.now();
      if (start >= end) break;
      await fn();
      n++;
      if (latencies) latencies.push(performance.now() - start);
    }
  };
  if (inflight === 1) await worker();
  else await Promise.all(Array.from({ length: inflight }, worker));
  const secs = (performance.now() - t0) / 1000;
  return { n, secs, rate: n / secs };
}

/** Warms up, collects garbage, measures. `pump` is a peer's own loop, for a peer without promises. */
export async function measured(fn, { options, inflight, latency = false, pump = null }) {
  const run = pump ? (ms) => pump({ inflight, ms }) : (ms, latencies) => loop(fn, { inflight, ms, latencies });
  await run(options.warmMs, null);
  globalThis.gc?.();
  const latencies = latency ? [] : null;
  const cpu = startCpu(options.serverPid);
  const result = await run(options.runMs, latencies);
  return { ...result, inflight, ...cpu(result.n), ...(latencies?.length ? spread(latencies) : {}) };
}

/** Reads both processes' CPU now; the function returned tells what was used since, per 100,000 calls too. */
export function startCpu(serverPid) {
  const server0 = serverPid ? procCpu(serverPid) : Number.NaN;
  const client0 = process.cpuUsage();
  return (n) => {
    const used = process.cpuUsage(client0);
    const clientCpu = (used.user + used.system) / 1e6;
    const serverCpu = serverPid ? procCpu(serverPid) - server0 : Number.NaN;
    return {
      clientCpu,
      serverCpu,
      clientCpuPer100k: (clientCpu / n) * 1e5,
      serverCpuPer100k: (serverCpu / n) * 1e5,
    };
  };
}

function spread(latencies) {
  latencies.sort((a, b) => a - b);
  return { p50us: quantile(latencies, 0.5) * 1000, p99us: quantile(latencies, 0.99) * 1000 };
}
