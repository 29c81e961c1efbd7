// Comlink over a worker_threads Worker (in-process transport). The "server" is the worker.
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
export const meta = {
  title: "Comlink 4.4 (worker_threads)",
  lang: "node",
  packages: ["comlink"],
  inproc: true,
  workloads: ["W1", "W2", "W3", "W4a", "W4b", "W5", "W5leak", "W7", "W9"],
};
// comlink's node-adapter is CommonJS (UMD) and the main entry has no exports map; import the ESM files by path.
const lib = async () => {
  const C = await import("comlink/dist/esm/comlink.mjs");
  const ep = (await import("comlink/dist/esm/node-adapter.mjs")).default;
  return { C, ep };
};
if (!isMainThread && workerData?.peer === "comlink") {
  const { C, ep } = await lib();
  let cb;
  class Counter {
    #v;
    constructor(v) {
      this.#v = v;
    }
    get() {
      return this.#v;
    }
  }
  C.expose(
    {
      echo: (v) => v,
      make: (v) => C.proxy(new Counter(v)),
      setCallback(f) {
        cb = f;
      },
      poke: (x) => cb(x),
    },
    ep(parentPort),
  );
}
export async function connect() {
  const { C, ep } = await lib();
  // Node's MessagePort is not an EventEmitter-compatible Endpoint for nested proxies: comlink needs addEventListener, which Node >= 15 ports have.
  const w = new Worker(new URL(import.meta.url), { workerData: { peer: "comlink" } });
  w.unref();
  const api = C.wrap(ep(w));
  return {
    echo: (v) => api.echo(v),
    echoBytes: (u8) => api.echo(u8),
    async refCycle(x) {
      const r = await api.make(x);
      const v = await r.get();
      r[C.releaseProxy]();
      return v;
    },
    async setCallback(f) {
      await api.setCallback(C.proxy(f));
    },
    poke: (x) => api.poke(x),
  };
}
