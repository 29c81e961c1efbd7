// The workloads of a Node client, one function each. lib/pyhost.py has the same ones for Twisted: keep them equal.
// Each checks that the answer is right before it measures anything. W9 is in client-host.mjs.
import assert from "node:assert";
import { setTimeout as sleep } from "node:timers/promises";
import { loop, measured, startCpu } from "./loop.mjs";
import { quantile } from "./numbers.mjs";
import { HELLO, makeBytes, makeDoc } from "./payloads.mjs";
import { procRss } from "./procfs.mjs";

export const workloads = {
  /** Sequential echo of a short string. */
  async W1({ connect, options }) {
    const client = await connect();
    assert.strictEqual(await client.echo(HELLO), HELLO);
    return measured(() => client.echo(HELLO), { options, inflight: 1, latency: true, pump: client.pump?.bind(client) });
  },

  /** Pipelined echo: W2 has 128 calls in flight, W2@16 has 16. */
  async W2({ connect, options }) {
    const client = await connect();
    assert.strictEqual(await client.echo(HELLO), HELLO);
    return measured(() => client.echo(HELLO), {
      options,
      inflight: options.parameter ?? 128,
      pump: client.pump?.bind(client),
    });
  },

  /** Structured payload, 32 in flight. */
  async W3({ connect, options }) {
    const client = await connect();
    const doc = makeDoc();
    const echo = client.echoDoc ? () => client.echoDoc(doc) : () => client.echo(doc);
    assert.deepEqual(JSON.parse(JSON.stringify(await echo())), doc);
    return measured(echo, { options, inflight: 32 });
  },

  /** Bulk bytes: 1 MiB with 4 in flight, 64 KiB with 16 in flight. */
  W4a: (cell) => bulk(cell, 1 << 20, 4),
  W4b: (cell) => bulk(cell, 1 << 16, 16),

  /** A new reference, a call on it, its release; 32 in flight. */
  async W5({ connect, options }) {
    const client = await connect();
    assert.strictEqual(await client.refCycle(7), 7);
    return measured(() => client.refCycle(7), { options, inflight: 32 });
  },

  /** The same pipelined: make().get() in one round trip, where the peer can. */
  async W5p({ connect, options }) {
    const client = await connect();
    assert.strictEqual(await client.refCyclePipelined(7), 7);
    return measured(() => client.refCyclePipelined(7), { options, inflight: 32 });
  },

  /** Many reference cycles: the driver reads the server's memory at MARK and at MARK2. */
  async W5leak({ connect, options }) {
    const client = await connect();
    await loop(() => client.refCycle(7), { inflight: 32, ms: 60000, maxCount: 2000 });
    globalThis.gc?.();
    mark("MARK", clientMemory());
    await sleep(500);
    const result = await loop(() => client.refCycle(7), {
      inflight: 32,
      ms: options.leakMs,
      maxCount: options.leakCount,
    });
    for (let i = 0; i < 5; i++) {
      globalThis.gc?.();
      await sleep(100);
    }
    await client.echo(HELLO);
    await sleep(200);
    mark("MARK2");
    await sleep(1500); // the driver takes its reading with this client still connected
    return { ...result, ...clientMemory() };
  },

  /** 100 busy connections beside W6@N idle ones. */
  async W6({ connect, options }) {
    const idleCount = options.parameter ?? 1000;
    const rssBase = procRss(options.serverPid);
    const active = await open(100, connect);
    const echoes = (ms) => Promise.all(active.map((c) => loop(() => c.echo(HELLO), { inflight: 1, ms })));
    await echoes(options.warmMs);
    const rssActive = procRss(options.serverPid);
    const t0 = performance.now();
    const idle = await open(idleCount, connect);
    const connectSecs = (performance.now() - t0) / 1000;
    await sleep(500);
    const rssIdle = procRss(options.serverPid);
    const cpu = startCpu(options.serverPid);
    const results = await echoes(options.runMs);
    const n = results.reduce((sum, r) => sum + r.n, 0);
    const secs = Math.max(...results.map((r) => r.secs));
    return {
      n,
      secs,
      rate: n / secs,
      ...cpu(n),
      rssBase,
      rssActive,
      rssIdle,
      perConnBytes: (rssIdle - rssActive) / idleCount,
      connectsPerSec: idleCount / connectSecs,
      idle: idle.length,
    };
  },

  /** W6mem@N: what N idle connections cost the server, garbage collected; read by the driver at the marks. */
  async W6mem({ connect, options }) {
    const count = options.parameter ?? 5000;
    await open(1, connect); // what the first connection loads is not the connections' cost
    mark("MARK");
    await sleep(500);
    const idle = await open(count, connect);
    await sleep(500);
    mark("MARK2");
    await sleep(1500);
    return { n: idle.length };
  },

  /** The server calls a client's object once per call; 32 in flight. */
  async W7({ connect, options }) {
    const client = await connect();
    let seen = 0;
    await client.setCallback((x) => {
      seen++;
      return x;
    });
    assert.strictEqual(await client.poke(5), 5);
    const result = await measured(() => client.poke(5), { options, inflight: 32 });
    assert.ok(seen > result.n);
    return result;
  },

  /** One event to 1,000 subscribers on 1,000 connections, all received in this process. */
  async W8({ connect, options }) {
    const count = options.parameter ?? 1000;
    let got = 0;
    let all = () => {};
    const onEvent = () => {
      if (++got === count) all();
    };
    const subscribers = await open(count, connect, (client) => client.subscribe(onEvent));
    const publisher = await connect({ many: true });
    await sleep(300);
    const one = () => {
      got = 0;
      return new Promise((resolve) => {
        all = resolve;
        publisher.publish({ id: 1, text: HELLO });
      });
    };
    await loop(one, { inflight: 1, ms: options.warmMs + 300 });
    const cpu = startCpu(options.serverPid);
    const latencies = [];
    const { n: events, secs } = await loop(one, { inflight: 1, ms: Math.max(options.runMs, 1500), latencies });
    const n = events * count;
    latencies.sort((a, b) => a - b);
    return {
      events,
      subscribers: subscribers.length,
      n,
      secs,
      rate: n / secs,
      p50us: quantile(latencies, 0.5) * 1000,
      p99us: quantile(latencies, 0.99) * 1000,
      ...cpu(n),
    };
  },
};

async function bulk({ connect, options }, size, inflight) {
  const client = await connect();
  const data = makeBytes(size);
  const back = await client.echoBytes(data);
  assert.ok(back.byteLength === size && Buffer.compare(view(back), view(data)) === 0, "the bytes differ");
  const result = await measured(() => client.echoBytes(data), { options, inflight });
  return { ...result, mbps: (result.n * size) / result.secs / 1e6 };
}

/** Opens `count` connections, fifty at a time, each with one answered call. */
async function open(count, connect, first = (client) => client.echo(HELLO)) {
  const clients = [];
  while (clients.length < count) {
    const some = Array.from({ length: Math.min(50, count - clients.length) }, async () => {
      const client = await connect({ many: true });
      await first(client);
      return client;
    });
    clients.push(...(await Promise.all(some)));
  }
  return clients;
}

function mark(word, body = {}) {
  process.stdout.write(`${word} ${JSON.stringify(body)}\n`);
}

function clientMemory() {
  const { rss, heapUsed } = process.memoryUsage();
  return { clientRss: rss, clientHeap: heapUsed };
}

function view(bytes) {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
