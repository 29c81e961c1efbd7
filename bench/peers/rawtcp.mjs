// The floor: node:net, u32 length prefix + one op byte + payload, setNoDelay, FIFO matching.
// Variants: ''      promise per call, one socket.write per frame
//           'batch' promise per call, frames written in one turn are coalesced (flush on nextTick)
//           'bare'  no promise at all: next request is written from the reply handler (W1, W2 only)
import net from "node:net";
export const meta = {
  title: "raw TCP (node:net)",
  lang: "node",
  packages: [],
  workloads: ["W1", "W2", "W3", "W4a", "W4b", "W5", "W7", "W6", "W6mem", "W8", "W9"],
  variants: {
    bare: { title: "raw TCP without a promise per call", workloads: ["W1", "W2"] },
    batch: {
      title: "raw TCP, the writes of one turn together",
      workloads: ["W1", "W2", "W3", "W4a", "W4b", "W5", "W7", "W8"],
    },
  },
};
const ECHO = 0,
  MAKE = 1,
  GET = 2,
  DROP = 3,
  POKE = 4,
  CB = 5,
  CBRET = 6,
  SUB = 7,
  PUB = 8,
  EVENT = 9;

function framer(sock, onFrame) {
  // onFrame(op, buf, start, end)
  let acc = null,
    accLen = 0,
    need = 0;
  sock.on("data", (chunk) => {
    let buf = chunk;
    if (acc) {
      // a frame is incomplete: gather until it is whole
      acc.push(chunk);
      accLen += chunk.length;
      if (accLen < need) return;
      buf = Buffer.concat(acc, accLen);
      acc = null;
    }
    let i = 0;
    const n = buf.length;
    while (n - i >= 5) {
      const len = ((buf[i] << 24) | (buf[i + 1] << 16) | (buf[i + 2] << 8) | buf[i + 3]) >>> 0;
      if (n - i - 4 < len) break;
      onFrame(buf[i + 4], buf, i + 5, i + 4 + len);
      i += 4 + len;
    }
    if (i < n) {
      const rest = i ? buf.subarray(i) : buf;
      acc = [rest];
      accLen = rest.length;
      need = accLen >= 4 ? (((rest[0] << 24) | (rest[1] << 16) | (rest[2] << 8) | rest[3]) >>> 0) + 4 : 5;
    }
  });
}
function sender(sock, batch) {
  let q = [],
    qLen = 0,
    sched = false;
  const flush = () => {
    sched = false;
    const b = q.length === 1 ? q[0] : Buffer.concat(q, qLen);
    q = [];
    qLen = 0;
    sock.write(b);
  };
  const put = (b) => {
    if (!batch) {
      sock.write(b);
      return;
    }
    q.push(b);
    qLen += b.length;
    if (!sched) {
      sched = true;
      process.nextTick(flush);
    }
  };
  return {
    str(op, s) {
      const n = Buffer.byteLength(s);
      const b = Buffer.allocUnsafe(5 + n);
      b.writeUInt32BE(n + 1, 0);
      b[4] = op;
      if (n) b.write(s, 5, n);
      put(b);
    },
    raw(op, u8) {
      const n = u8.byteLength;
      const h = Buffer.allocUnsafe(5);
      h.writeUInt32BE(n + 1, 0);
      h[4] = op;
      if (batch) {
        put(h);
        put(u8);
      } else if (n > 4096) {
        sock.cork();
        sock.write(h);
        sock.write(u8);
        sock.uncork();
      } else {
        const b = Buffer.allocUnsafe(5 + n);
        h.copy(b);
        b.set(u8, 5);
        sock.write(b);
      }
    },
    num(op, x) {
      const b = Buffer.allocUnsafe(9);
      b.writeUInt32BE(5, 0);
      b[4] = op;
      b.writeUInt32BE(x, 5);
      put(b);
    },
  };
}
export async function startServer({ host, port, variant }) {
  const subs = new Set();
  const objects = new Map();
  let next = 1;
  const server = net.createServer({ noDelay: true }, (sock) => {
    const s = sender(sock, variant === "batch");
    sock.on("error", () => {});
    sock.on("close", () => subs.delete(s));
    framer(sock, (op, buf, i, e) => {
      switch (op) {
        case ECHO:
          if (e - i < 4096) s.raw(ECHO, buf.subarray(i, e));
          else s.raw(ECHO, buf.subarray(i, e));
          break;
        case MAKE: {
          const id = next++;
          objects.set(id, { value: buf.readUInt32BE(i) });
          s.num(MAKE, id);
          break;
        }
        case GET:
          s.num(GET, objects.get(buf.readUInt32BE(i)).value);
          break;
        case DROP:
          objects.delete(buf.readUInt32BE(i));
          break;
        case POKE:
          s.num(CB, buf.readUInt32BE(i));
          break;
        case CBRET:
          s.num(POKE, buf.readUInt32BE(i));
          break;
        case SUB:
          subs.add(s);
          s.num(SUB, 0);
          break;
        case PUB: {
          const t = buf.toString("utf8", i, e);
          for (const x of subs) x.str(EVENT, t);
          break;
        }
      }
    });
  });
  await new Promise((r) => server.listen({ host, port, backlog: 4096 }, r));
  return { port: server.address().port, live: () => objects.size };
}
export async function connect({ host, port, variant }) {
  const sock = net.connect({ host, port, noDelay: true });
  await new Promise((r, j) => {
    sock.once("connect", r);
    sock.once("error", j);
  });
  const s = sender(sock, variant === "batch");
  let q = [],
    h = 0,
    cb = null,
    ev = null,
    bare = null;
  const wait = () => new Promise((resolve) => q.push(resolve));
  const settle = (v) => {
    const r = q[h];
    q[h++] = undefined;
    if (h > 1024) {
      q = q.slice(h);
      h = 0;
    }
    r(v);
  };
  framer(sock, (op, buf, i, e) => {
    switch (op) {
      case ECHO:
        if (bare) bare(buf, i, e);
        else if (e - i > 4096) settle(buf.subarray(i, e));
        else settle(buf.utf8Slice(i, e));
        break;
      case MAKE:
      case GET:
      case POKE:
      case SUB:
        settle(buf.readUInt32BE(i));
        break;
      case CB:
        s.num(CBRET, cb(buf.readUInt32BE(i)));
        break;
      case EVENT:
        ev(buf.utf8Slice(i, e));
        break;
    }
  });
  const c = {
    echo(v) {
      s.str(ECHO, v);
      return wait();
    },
    async echoDoc(d) {
      s.str(ECHO, JSON.stringify(d));
      return JSON.parse(await wait());
    },
    echoBytes(u8) {
      s.raw(ECHO, u8);
      return wait();
    },
    async refCycle(x) {
      s.num(MAKE, x);
      const id = await wait();
      s.num(GET, id);
      const v = await wait();
      s.num(DROP, id);
      return v;
    },
    async setCallback(f) {
      cb = f;
    },
    poke(x) {
      s.num(POKE, x);
      return wait();
    },
    subscribe(f) {
      ev = f;
      s.num(SUB, 0);
      return wait();
    },
    publish(e) {
      s.str(PUB, JSON.stringify(e));
    },
    close() {
      sock.destroy();
    },
  };
  if (variant === "bare")
    c.pump = ({ inflight, ms }) =>
      new Promise((done) => {
        const t0 = performance.now(),
          end = t0 + ms;
        let n = 0,
          live = inflight;
        bare = () => {
          n++;
          if (performance.now() < end) s.str(ECHO, "hello network");
          else if (--live === 0) {
            bare = null;
            const secs = (performance.now() - t0) / 1000;
            done({ n, secs, rate: n / secs });
          }
        };
        for (let k = 0; k < inflight; k++) s.str(ECHO, "hello network");
      });
  return c;
}
