// THROWAWAY prototype, not a product: 'speed of light with semantics'. Tagged binary codec (lib/proto-codec.mjs),
// u32 frames, request-id map, promise per call, errors, export/import tables with reference counts, WeakRef +
// FinalizationRegistry for dropped proxies, JS Proxy stubs, exposed-method check, frame and depth limits,
// writes of one turn coalesced (flush on nextTick). Variants: 'nobatch' one write per frame;
// 'json' same RPC layer with JSON text values (W1-W3 only, no references); 'nofr' without FinalizationRegistry;
// 'eager' writes the first frame of a turn at once and coalesces the rest of the turn;
// 'eagerN' also writes whenever N bytes are waiting, so that the peer starts before the turn ends.
import net from "node:net";
import { Decoder, Encoder, T } from "../lib/proto-codec.mjs";

const all = ["W1", "W2", "W3", "W4a", "W4b", "W5", "W5leak", "W6", "W6mem", "W7", "W8", "W9"];
export const meta = {
  title: "prototype (binary, throwaway)",
  lang: "node",
  packages: [],
  workloads: all,
  variants: {
    nobatch: { workloads: ["W1", "W2", "W3", "W4a", "W4b", "W5", "W7", "W8"] },
    json: { workloads: ["W1", "W2", "W3"] },
    nofr: { workloads: ["W5"] },
    ...Object.fromEntries(
      ["eager", "eager512", "eager1024", "eager4096", "eager16384"].map((k) => [
        k,
        { workloads: ["W1", "W2", "W3", "W4a", "W4b", "W5", "W7", "W8"] },
      ]),
    ),
  },
};
const CALL = 1,
  ANSWER = 2,
  ERROR = 3,
  ONEWAY = 4,
  DROP = 5,
  MAXFRAME = 1 << 26;
const REF = Symbol("ref"),
  CONN = Symbol("conn");
class Referenceable {}
const exposedOf = new WeakMap(); // prototype -> Map(name -> fn)
function exposed(o) {
  const p = Object.getPrototypeOf(o);
  let m = exposedOf.get(p);
  if (!m) {
    m = new Map();
    for (const k of Object.getOwnPropertyNames(p)) if (k !== "constructor") m.set(k, p[k]);
    exposedOf.set(p, m);
  }
  return m;
}

class Conn {
  constructor(sock, root, { variant }) {
    this.sock = sock;
    this.variant = variant;
    this.batch = variant !== "nobatch";
    this.json = variant === "json";
    this.eager = variant.startsWith("eager");
    this.limit = Number(variant.slice(5)) || Infinity;
    this.fr = variant !== "nofr";
    this.enc = new Encoder();
    this.dec = new Decoder();
    this.pending = new Map();
    this.seq = 1;
    this.exports = new Map();
    this.exportIds = new Map();
    this.nextExport = 1;
    this.imports = new Map();
    this.sched = false;
    if (root) this.exports.set(0, { obj: root, refs: Infinity });
    this.flushBound = () => this.flush();
    this.registry = new FinalizationRegistry((id) => this.drop(id));
    this.enc.onRef = (e, v) => {
      if (v instanceof Referenceable) {
        let id = this.exportIds.get(v);
        if (id === undefined) {
          id = this.nextExport++;
          this.exportIds.set(v, id);
          this.exports.set(id, { obj: v, refs: 0 });
        }
        this.exports.get(id).refs++;
        e.u8(T.THEIRS);
        e.varint(id);
      } else if (v[REF] !== undefined && v[CONN] === this) {
        e.u8(T.YOURS);
        e.varint(v[REF]);
      } else throw new TypeError(`not sendable: ${v.constructor?.name}`);
    };
    this.dec.onTheirs = (id) => this.importRef(id);
    this.dec.onYours = (id) => {
      const x = this.exports.get(id);
      if (!x) throw new Error("no such object");
      return x.obj;
    };
    // frames
    let acc = null,
      accLen = 0,
      need = 0;
    sock.on("data", (chunk) => {
      let buf = chunk;
      if (acc) {
        if (acc.big) {
          chunk.copy(acc.big, accLen, 0, Math.min(chunk.length, need - accLen));
          const used = Math.min(chunk.length, need - accLen);
          accLen += used;
          if (accLen < need) return;
          this.frame(acc.big, 4, need);
          acc = null;
          if (used === chunk.length) {
            return;
          }
          buf = chunk.subarray(used);
        } else {
          buf = Buffer.concat([acc.rest, chunk]);
          acc = null;
        }
      }
      let i = 0;
      const n = buf.length;
      while (n - i >= 4) {
        const len = (buf[i] | (buf[i + 1] << 8) | (buf[i + 2] << 16) | (buf[i + 3] << 24)) >>> 0;
        if (len > MAXFRAME) {
          sock.destroy();
          return;
        }
        if (n - i - 4 < len) {
          if (len > 65536) {
            need = len + 4;
            acc = { big: Buffer.allocUnsafeSlow(need) };
            buf.copy(acc.big, 0, i, n);
            accLen = n - i;
            return;
          }
          break;
        }
        this.frame(buf, i + 4, i + 4 + len);
        i += 4 + len;
      }
      if (i < n) acc = { rest: i ? buf.subarray(i) : buf };
    });
    sock.on("error", () => {});
    sock.on("close", () => {
      for (const p of this.pending.values()) p.reject(new Error("connection lost"));
      this.pending.clear();
    });
  }
  flush() {
    this.sched = false;
    const c = this.enc.take();
    if (c.length === 1) this.sock.write(c[0]);
    else if (c.length) {
      this.sock.cork();
      for (const x of c) this.sock.write(x);
      this.sock.uncork();
    }
  }
  kick() {
    if (!this.batch) {
      this.flush();
      return;
    }
    if (this.eager) {
      if (!this.sched) {
        this.flush();
        this.sched = true;
        process.nextTick(this.flushBound);
      } else if (this.enc.pos - this.enc.start >= this.limit) {
        this.flush();
        this.sched = true;
      }
      return;
    }
    if (!this.sched) {
      this.sched = true;
      process.nextTick(this.flushBound);
    }
  }
  put(v) {
    if (this.json) this.enc.str(JSON.stringify(v));
    else this.enc.value(v, 0);
  }
  get() {
    return this.json ? JSON.parse(this.dec.value(0)) : this.dec.value(0);
  }
  call(target, name, args) {
    return new Promise((resolve, reject) => {
      const id = this.seq++,
        e = this.enc;
      this.pending.set(id, { resolve, reject });
      e.begin();
      e.u8(CALL);
      e.varint(id);
      e.varint(target);
      e.name(name);
      e.varint(args.length);
      for (let i = 0; i < args.length; i++) this.put(args[i]);
      e.end();
      this.kick();
    });
  }
  oneway(target, name, args) {
    const e = this.enc;
    e.begin();
    e.u8(ONEWAY);
    e.varint(0);
    e.varint(target);
    e.name(name);
    e.varint(args.length);
    for (let i = 0; i < args.length; i++) this.put(args[i]);
    e.end();
    this.kick();
  }
  drop(id) {
    const im = this.imports.get(id);
    if (!im) return;
    this.imports.delete(id);
    const e = this.enc;
    e.begin();
    e.u8(DROP);
    e.varint(id);
    e.varint(im.count);
    e.end();
    this.kick();
  }
  importRef(id) {
    const im = this.imports.get(id);
    if (im) {
      im.count++;
      const p = im.weak.deref();
      if (p) return p;
    }
    const proxy = makeProxy(this, id);
    const weak = new WeakRef(proxy);
    if (im) im.weak = weak;
    else this.imports.set(id, { weak, count: 1 });
    if (this.fr) this.registry.register(proxy, id, weak);
    return proxy;
  }
  release(proxy) {
    const id = proxy[REF];
    const im = this.imports.get(id);
    if (im) {
      if (this.fr) this.registry.unregister(im.weak);
      this.drop(id);
    }
  }
  answer(id, v) {
    const e = this.enc;
    e.begin();
    e.u8(ANSWER);
    e.varint(id);
    this.put(v);
    e.end();
    this.kick();
  }
  fail(id, err) {
    const e = this.enc;
    e.begin();
    e.u8(ERROR);
    e.varint(id);
    e.str(String(err?.name));
    e.str(String(err?.message));
    e.end();
    this.kick();
  }
  frame(buf, pos, end) {
    const d = this.dec;
    d.reset(buf, pos, end);
    const op = buf[d.pos++];
    if (op === ANSWER) {
      const id = d.varint(),
        p = this.pending.get(id);
      if (!p) return;
      this.pending.delete(id);
      p.resolve(this.get());
      return;
    }
    if (op === CALL || op === ONEWAY) {
      const id = d.varint(),
        target = d.varint(),
        name = d.name(),
        n = d.varint();
      const args = new Array(n);
      for (let i = 0; i < n; i++) args[i] = this.get();
      try {
        const x = this.exports.get(target);
        if (!x) throw new Error("no such object");
        const f = exposed(x.obj).get(name);
        if (!f) throw new Error(`no such method: ${name}`);
        const r = f.apply(x.obj, args);
        if (op === ONEWAY) return;
        if (r !== null && typeof r === "object" && typeof r.then === "function" && r[REF] === undefined)
          r.then(
            (v) => this.answer(id, v),
            (err) => this.fail(id, err),
          );
        else this.answer(id, r);
      } catch (err) {
        if (op === CALL) this.fail(id, err);
      }
      return;
    }
    if (op === ERROR) {
      const id = d.varint(),
        p = this.pending.get(id);
      this.pending.delete(id);
      const e = new Error();
      e.name = d.value(0);
      e.message = d.value(0);
      p?.reject(e);
      return;
    }
    if (op === DROP) {
      const id = d.varint(),
        n = d.varint(),
        x = this.exports.get(id);
      if (x) x.refs -= n;
      if (x && x.refs <= 0) {
        this.exports.delete(id);
        this.exportIds.delete(x.obj);
      }
    }
  }
}
class Handler {
  constructor(conn, id) {
    this.conn = conn;
    this.id = id;
    this.methods = null;
  }
  get(_t, k) {
    if (k === REF) return this.id;
    if (k === CONN) return this.conn;
    if (k === "then") return undefined;
    if (k === Symbol.dispose) return () => this.conn.release({ [REF]: this.id });
    this.methods ??= new Map();
    const m = this.methods;
    let f = m.get(k);
    if (!f) {
      f = (...args) => this.conn.call(this.id, k, args);
      m.set(k, f);
    }
    return f;
  }
}
class RemoteRef {}
const target = new RemoteRef();
function makeProxy(conn, id) {
  return new Proxy(target, new Handler(conn, id));
}

export async function startServer({ host, port, variant }) {
  const subs = new Set();
  class Counter extends Referenceable {
    #v;
    constructor(v) {
      super();
      this.#v = v;
    }
    get() {
      return this.#v;
    }
  }
  class Api extends Referenceable {
    echo(v) {
      return v;
    }
    make(v) {
      return new Counter(v);
    }
    setCallback(cb) {
      this.cb = cb;
    }
    poke(x) {
      return this.cb.call(x);
    }
    subscribe(cb) {
      subs.add(cb);
    }
    publish(e) {
      for (const s of subs) s[CONN].oneway(s[REF], "call", [e]);
    }
  }
  const conns = new Set();
  const server = net.createServer({ noDelay: true }, (s) => {
    const c = new Conn(s, new Api(), { variant });
    conns.add(c);
    s.on("close", () => conns.delete(c));
  });
  await new Promise((r) => server.listen({ host, port, backlog: 4096 }, r));
  return { port: server.address().port, live: () => [...conns].reduce((a, c) => a + c.exports.size, 0) };
}
class Sink extends Referenceable {
  constructor(f) {
    super();
    this.f = f;
  }
  call(x) {
    return this.f(x);
  }
}
export async function connect({ host, port, variant }) {
  const sock = net.connect({ host, port, noDelay: true });
  await new Promise((r, j) => {
    sock.once("connect", r);
    sock.once("error", j);
  });
  const conn = new Conn(sock, null, { variant });
  const api = makeProxy(conn, 0);
  let sink;
  return {
    echo: (v) => api.echo(v),
    echoBytes: (u8) => api.echo(u8),
    async refCycle(x) {
      const r = await api.make(x);
      const v = await r.get();
      conn.release(r);
      return v;
    },
    async setCallback(f) {
      sink = new Sink(f);
      await api.setCallback(sink);
    },
    poke: (x) => api.poke(x),
    async subscribe(f) {
      sink = new Sink(f);
      await api.subscribe(sink);
    },
    publish(e) {
      api.publish(e);
    },
  };
}
