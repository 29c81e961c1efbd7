// Hand-made minimal JSON-RPC over ws: id -> promise map, JSON text messages. Bytes as base64.
export const meta = {
  title: "ws + JSON-RPC by hand",
  lang: "node",
  packages: ["ws"],
  workloads: ["W1", "W2", "W3", "W4a", "W4b", "W6", "W6mem", "W7", "W8", "W9"],
};
export async function startServer({ host, port }) {
  const { WebSocketServer } = await import("ws");
  const subs = new Set();
  const wss = new WebSocketServer({ host, port, backlog: 4096, perMessageDeflate: false, maxPayload: 1 << 24 });
  wss.on("connection", (ws) => {
    const wait = new Map();
    let seq = 1;
    const methods = {
      echo: (p) => p,
      echoBytes: (p) => Buffer.from(p, "base64").toString("base64"),
      poke: (p) =>
        new Promise((r) => {
          const id = seq++;
          wait.set(id, r);
          ws.send(JSON.stringify({ jsonrpc: "2.0", id, method: "cb", params: p }));
        }),
      subscribe: () => {
        subs.add(ws);
      },
      publish: (p) => {
        const m = JSON.stringify({ jsonrpc: "2.0", method: "event", params: p });
        for (const s of subs) s.send(m);
      },
    };
    ws.on("message", async (d) => {
      const m = JSON.parse(d.toString());
      if (m.method === undefined) {
        const r = wait.get(m.id);
        wait.delete(m.id);
        r(m.result);
        return;
      }
      let result = methods[m.method](m.params);
      if (result instanceof Promise) result = await result;
      if (m.id !== undefined) ws.send(JSON.stringify({ jsonrpc: "2.0", id: m.id, result: result ?? null }));
    });
    ws.on("close", () => subs.delete(ws));
  });
  await new Promise((r) => wss.once("listening", r));
  return { port: wss.address().port };
}
export async function connect({ host, port }) {
  const { default: WebSocket } = await import("ws");
  const ws = new WebSocket(`ws://${host}:${port}`, { perMessageDeflate: false });
  await new Promise((r, j) => {
    ws.once("open", r);
    ws.once("error", j);
  });
  const map = new Map();
  let seq = 1,
    cb,
    ev;
  ws.on("message", (d) => {
    const m = JSON.parse(d.toString());
    if (m.method === "cb") {
      ws.send(JSON.stringify({ jsonrpc: "2.0", id: m.id, result: cb(m.params) }));
      return;
    }
    if (m.method === "event") {
      ev(m.params);
      return;
    }
    const r = map.get(m.id);
    map.delete(m.id);
    r(m.result);
  });
  const call = (method, params) =>
    new Promise((r) => {
      const id = seq++;
      map.set(id, r);
      ws.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    });
  return {
    echo: (v) => call("echo", v),
    echoBytes: async (u8) =>
      Buffer.from(
        await call("echoBytes", Buffer.from(u8.buffer, u8.byteOffset, u8.byteLength).toString("base64")),
        "base64",
      ),
    async setCallback(f) {
      cb = f;
    },
    poke: (x) => call("poke", x),
    subscribe: (f) => {
      ev = f;
      return call("subscribe");
    },
    publish: (e) => {
      ws.send(JSON.stringify({ jsonrpc: "2.0", method: "publish", params: e }));
    },
  };
}
