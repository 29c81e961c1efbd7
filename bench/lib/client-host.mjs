// node lib/client-host.mjs PEER '{"workload":"W1","port":…,"serverPid":…,…}'
// Connects one client, runs one workload, prints one line RESULT {json}.
// Static imports are forbidden here: W9 measures what a fresh process loads for the peer alone.
const [, , name, json] = process.argv;
const options = JSON.parse(json);
const { workload, port } = options;
const variant = name.split(":")[1] ?? "";
const where = { host: "127.0.0.1", port, variant, workload };

try {
  await print(workload === "W9" ? await startUp() : await run());
} catch (error) {
  await print({ error: String(error?.stack || error).slice(0, 600) });
}

/** W9: from the import of the peer to its first answered call. */
async function startUp() {
  const hello = "hello network";
  const t0 = performance.now();
  const peer = await import(options.peerUrl);
  const t1 = performance.now();
  const client = await peer.connect(where);
  const t2 = performance.now();
  if ((await client.echo(hello)) !== hello) throw new Error("the echo differs");
  const t3 = performance.now();
  return {
    importAndCallMs: t3 - t0,
    importFileMs: t1 - t0,
    connectMs: t2 - t1,
    firstCallMs: t3 - t2,
    rss: process.memoryUsage.rss(),
  };
}

async function run() {
  const { workloads } = await import("./workloads.mjs");
  const peer = await import(options.peerUrl);
  const connect = (extra) => peer.connect({ ...where, ...extra });
  return workloads[workload]({ connect, options });
}

function print(result) {
  return new Promise(() => {
    process.stdout.write(`RESULT ${JSON.stringify(result)}\n`, () => process.exit(result.error ? 1 : 0));
  });
}
