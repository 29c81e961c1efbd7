// Raw worker_threads MessagePort ping-pong: the floor of the in-process transport. FIFO matching, promise per call.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
export const meta = {
  title: "raw MessagePort (worker_threads)",
  lang: "node",
  packages: [],
  inproc: true,
  workloads: ["W1", "W2", "W3", "W4a", "W4b", "W9"],
  variants: { transfer: { workloads: ["W4a", "W4b"] } },
};
if (!isMainThread && workerData?.peer === "port") {
  const t = workerData.variant === "transfer";
  parentPort.on("message", (m) => (t ? parentPort.postMessage(m, [m.buffer]) : parentPort.postMessage(m)));
}
export async function connect({ variant }) {
  const w = new Worker(new URL(import.meta.url), { workerData: { peer: "port", variant } });
  w.unref();
  let q = [],
    h = 0;
  w.on("message", (m) => {
    const r = q[h];
    q[h++] = undefined;
    if (h > 1024) {
      q = q.slice(h);
      h = 0;
    }
    r(m);
  });
  const t = variant === "transfer";
  const call = (m) =>
    new Promise((r) => {
      q.push(r);
      w.postMessage(m);
    });
  return {
    echo: call,
    echoBytes: t
      ? (u8) =>
          new Promise((r) => {
            const c = u8.slice();
            q.push(r);
            w.postMessage(c, [c.buffer]);
          })
      : call,
  };
}
