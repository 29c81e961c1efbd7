// capnweb. '' = over ws WebSocket (as documented for Node); 'tcp' = the same library over a
// newline-delimited JSON TCP transport (custom RpcTransport), to separate the library from WebSocket;
// 'tcp-batch' = that transport with the writes of one turn coalesced
import net from "node:net";
export const meta = {
  title: "capnweb 0.12",
  lang: "node",
  packages: ["capnweb", "ws"],
  workloads: ["W1", "W2", "W3", "W4a", "W4b", "W5", "W5p", "W5leak", "W6", "W6mem", "W7", "W8", "W9"],
  variants: {
    "tcp-batch": { workloads: ["W1", "W2", "W3", "W5", "W5p", "W7", "W8"] },
    tcp: { workloads: ["W1", "W2", "W3", "W4a", "W4b", "W5", "W5p", "W7", "W8"] },
  },
};
class LineTransport {
  #q = [];
  #w = [];
  #err = null;
  constructor(sock, batch) {
    this.sock = sock;
    this.batch = batch;
    this.buf = "";
    let acc = [];
    sock.setEncoding("utf8");
    sock.on("data", (s) => {
      let i = 0;
      for (let j = s.indexOf("\n"); j >= 0; j = s.indexOf("\n", i)) {
        let m = s.slice(i, j);
        if (acc.length) {
          acc.push(m);
          m = acc.join("");
          acc = [];
        }
        i = j + 1;
        this.#push(m);
      }
      if (i < s.length) acc.push(i ? s.slice(i) : s);
    });
    const end = (e) => {
      this.#err = e instanceof Error ? e : new Error("closed");
      for (const w of this.#w) w.reject(this.#err);
      this.#w = [];
    };
    sock.on("error", end);
    sock.on("close", end);
  }
  #push(m) {
    const w = this.#w.shift();
    if (w) w.resolve(m);
    else this.#q.push(m);
  }
  async send(m) {
    if (!this.batch) {
      this.sock.write(`${m}\n`);
      return;
    }
    if (this.buf === "")
      process.nextTick(() => {
        const b = this.buf;
        this.buf = "";
        this.sock.write(b);
      });
    this.buf += `${m}\n`;
  }
  receive() {
    if (this.#q.length) return Promise.resolve(this.#q.shift());
    if (this.#err) return Promise.reject(this.#err);
    return new Promise((resolve, reject) => this.#w.push({ resolve, reject }));
  }
  abort() {
    this.sock.destroy();
  }
}
export async function startServer({ host, port, variant }) {
  const { RpcTarget, RpcSession, newWebSocketRpcSession } = await import("capnweb");
  let live = 0;
  const subs = new Set();
  class Counter extends RpcTarget {
    #v;
    constructor(v) {
      super();
      this.#v = v;
      live++;
    }
    get() {
      return this.#v;
    }
    [Symbol.dispose]() {
      live--;
    }
  }
  class Api extends RpcTarget {
    echo(v) {
      return v;
    }
    make(v) {
      return new Counter(v);
    }
    setCallback(cb) {
      this.cb = cb.dup();
    }
    poke(x) {
      return this.cb(x);
    }
    subscribe(cb) {
      subs.add(cb.dup());
    }
    publish(e) {
      for (const s of subs) s(e).catch?.(() => {});
    }
  }
  if (variant.startsWith("tcp")) {
    const server = net.createServer({ noDelay: true }, (s) => {
      new RpcSession(new LineTransport(s, variant === "tcp-batch"), new Api());
    });
    await new Promise((r) => server.listen({ host, port, backlog: 4096 }, r));
    return { port: server.address().port, live: () => live };
  }
  const { WebSocketServer, WebSocket } = await import("ws");
  globalThis.WebSocket ??= WebSocket; // Node 20 has no global WebSocket and capnweb 0.12 reads WebSocket.CONNECTING
  const wss = new WebSocketServer({ host, port, backlog: 4096, perMessageDeflate: false, maxPayload: 1 << 24 });
  wss.on("connection", (ws) => {
    newWebSocketRpcSession(ws, new Api());
  });
  await new Promise((r) => wss.once("listening", r));
  return { port: wss.address().port, live: () => live };
}
export async function connect({ host, port, variant }) {
  const { RpcSession, newWebSocketRpcSession } = await import("capnweb");
  let api;
  if (variant.startsWith("tcp")) {
    const sock = net.connect({ host, port, noDelay: true });
    await new Promise((r) => sock.once("connect", r));
    api = new RpcSession(new LineTransport(sock, variant === "tcp-batch")).getRemoteMain();
  } else {
    const { default: WebSocket } = await import("ws");
    globalThis.WebSocket ??= WebSocket;
    api = newWebSocketRpcSession(new WebSocket(`ws://${host}:${port}`, { perMessageDeflate: false }));
  }
  return {
    echo: (v) => api.echo(v),
    echoBytes: (u8) => api.echo(u8),
    async refCycle(x) {
      const r = await api.make(x);
      const v = await r.get();
      r[Symbol.dispose]();
      return v;
    },
    async refCyclePipelined(x) {
      const r = api.make(x);
      const v = await r.get();
      r[Symbol.dispose]();
      return v;
    },
    async setCallback(f) {
      await api.setCallback(f);
    },
    poke: (x) => api.poke(x),
    async subscribe(f) {
      await api.subscribe(f);
    },
    publish(e) {
      api.publish(e).catch(() => {});
    },
  };
}
