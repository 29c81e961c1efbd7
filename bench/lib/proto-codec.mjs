// THROWAWAY prototype: banana-like tagged binary values, per-connection interning of shapes and names.
//   0x80..0xff small int 0..127 | 0x40..0x7f ASCII string of 0..63 chars | other tags below
export const T = {
  NULL: 0,
  UNDEF: 1,
  FALSE: 2,
  TRUE: 3,
  INT: 4,
  F64: 5,
  STR: 6,
  BYTES: 7,
  ARR: 8,
  SHAPE: 9,
  NEWSHAPE: 10,
  THEIRS: 11,
  YOURS: 12,
  ERR: 13,
};
const f64 = new Float64Array(1),
  f8 = new Uint8Array(f64.buffer);
const SLAB = 64 * 1024,
  BIG = 8 * 1024,
  MAXDEPTH = 64;

export class Encoder {
  constructor() {
    this.buf = Buffer.allocUnsafeSlow(SLAB);
    this.start = 0;
    this.pos = 0;
    this.chunks = [];
    this.root = { next: new Map(), id: -1 };
    this.nShapes = 0;
    this.names = new Map();
    this.onRef = null;
    this.frameAt = -1;
    this.frameExtra = 0;
  }
  room(n) {
    // guarantee n contiguous bytes; moves only the unfinished frame
    if (this.pos + n <= this.buf.length) return;
    const keep = this.frameAt >= 0 ? this.frameAt : this.pos;
    if (keep > this.start) this.chunks.push(this.buf.subarray(this.start, keep));
    const tail = this.pos - keep,
      nb = Buffer.allocUnsafeSlow(Math.max(SLAB, (tail + n) * 2));
    this.buf.copy(nb, 0, keep, this.pos);
    this.buf = nb;
    this.start = 0;
    this.pos = tail;
    if (this.frameAt >= 0) this.frameAt = 0;
  }
  begin() {
    this.room(64);
    this.frameAt = this.pos;
    this.frameExtra = 0;
    this.pos += 4;
  }
  end() {
    // patch the length
    const b = this.buf,
      n = this.pos - this.frameAt - 4 + this.frameExtra,
      p = this.frameAt;
    b[p] = n;
    b[p + 1] = n >>> 8;
    b[p + 2] = n >>> 16;
    b[p + 3] = n >>> 24;
    if (this.late) {
      // big byte strings go by reference: split the frame around them
      let from = this.start;
      for (const [at, u8] of this.late) {
        this.chunks.push(b.subarray(from, at), u8);
        from = at;
      }
      this.start = from;
      this.late = null;
    }
    this.frameAt = -1;
  }
  take() {
    if (this.pos > this.start) {
      this.chunks.push(this.buf.subarray(this.start, this.pos));
      this.start = this.pos;
    }
    const c = this.chunks;
    this.chunks = [];
    return c;
  }
  u8(x) {
    this.buf[this.pos++] = x;
  }
  varint(x) {
    const b = this.buf;
    while (x > 127) {
      b[this.pos++] = (x & 127) | 128;
      x >>>= 7;
    }
    b[this.pos++] = x;
  }
  str(s) {
    // always: tag + bytes
    const n = s.length;
    this.room(n * 3 + 8);
    const b = this.buf;
    if (n < 64) {
      let p = this.pos;
      b[p++] = 0x40 | n;
      let i = 0;
      for (; i < n; i++) {
        const c = s.charCodeAt(i);
        if (c > 127) break;
        b[p++] = c;
      }
      if (i === n) {
        this.pos = p;
        return;
      }
    }
    const at = this.pos;
    b[at] = T.STR;
    const w = b.utf8Write(s, at + 5);
    b[at + 1] = w;
    b[at + 2] = w >>> 8;
    b[at + 3] = w >>> 16;
    b[at + 4] = w >>> 24;
    this.pos = at + 5 + w;
  }
  name(s) {
    const id = this.names.get(s);
    if (id !== undefined) {
      this.varint(id);
      return;
    }
    const n = this.names.size + 1;
    this.names.set(s, n);
    this.varint(0);
    this.str(s);
  }
  value(v, depth = 0) {
    switch (typeof v) {
      case "string":
        this.str(v);
        return;
      case "number":
        if (this.pos + 16 > this.buf.length) this.room(16);
        if ((v | 0) === v && !(v === 0 && 1 / v < 0)) {
          if (v >= 0 && v < 128) {
            this.buf[this.pos++] = 0x80 | v;
            return;
          }
          this.buf[this.pos++] = T.INT;
          this.varint(((v << 1) ^ (v >> 31)) >>> 0);
          return;
        }
        {
          f64[0] = v;
          const b = this.buf;
          let p = this.pos;
          b[p++] = T.F64;
          b[p++] = f8[0];
          b[p++] = f8[1];
          b[p++] = f8[2];
          b[p++] = f8[3];
          b[p++] = f8[4];
          b[p++] = f8[5];
          b[p++] = f8[6];
          b[p++] = f8[7];
          this.pos = p;
        }
        return;
      case "boolean":
        this.room(1);
        this.u8(v ? T.TRUE : T.FALSE);
        return;
      case "undefined":
        this.room(1);
        this.u8(T.UNDEF);
        return;
      case "object":
        break;
      default:
        throw new TypeError(`cannot send a ${typeof v}`);
    }
    if (v === null) {
      this.room(1);
      this.u8(T.NULL);
      return;
    }
    if (depth > MAXDEPTH) throw new RangeError("too deep");
    if (Array.isArray(v)) {
      this.room(8);
      this.u8(T.ARR);
      this.varint(v.length);
      for (let i = 0; i < v.length; i++) this.value(v[i], depth + 1);
      return;
    }
    const proto = Object.getPrototypeOf(v);
    if (proto === Object.prototype || proto === null) {
      this.object(v, depth);
      return;
    }
    if (v instanceof Uint8Array) {
      const n = v.byteLength;
      this.room(8);
      this.u8(T.BYTES);
      this.varint(n);
      if (n >= BIG) {
        this.late ??= [];
        this.late.push([this.pos, v]);
        this.frameExtra += n;
      } else {
        this.room(n);
        this.buf.set(v, this.pos);
        this.pos += n;
      }
      return;
    }
    this.room(16);
    this.onRef(this, v);
  }
  object(v, depth) {
    const keys = Object.keys(v);
    let node = this.root;
    for (let i = 0; i < keys.length; i++) {
      const k = keys[i];
      let nx = node.next.get(k);
      if (nx === undefined) {
        nx = { next: new Map(), id: -1 };
        node.next.set(k, nx);
      }
      node = nx;
    }
    this.room(12);
    if (node.id >= 0) {
      this.u8(T.SHAPE);
      this.varint(node.id);
    } else {
      node.id = this.nShapes++;
      this.u8(T.NEWSHAPE);
      this.varint(keys.length);
      for (let i = 0; i < keys.length; i++) this.str(keys[i]);
    }
    for (let i = 0; i < keys.length; i++) this.value(v[keys[i]], depth + 1);
  }
}
export class Decoder {
  constructor() {
    this.buf = null;
    this.pos = 0;
    this.end = 0;
    this.shapes = [];
    this.names = [null];
    this.onTheirs = null;
    this.onYours = null;
  }
  reset(buf, pos, end) {
    this.buf = buf;
    this.pos = pos;
    this.end = end;
  }
  varint() {
    const b = this.buf;
    let x = b[this.pos++];
    if (x < 128) return x;
    x &= 127;
    let sh = 7,
      c;
    do {
      c = b[this.pos++];
      x |= (c & 127) << sh;
      sh += 7;
    } while (c > 127 && sh < 35);
    return x >>> 0;
  }
  ascii(n) {
    const s = this.pos;
    const e = s + n;
    this.pos = e;
    if (e > this.end) throw new RangeError("truncated");
    const b = this.buf;
    if (n > 9) return b.latin1Slice(s, e);
    switch (n) {
      case 0:
        return "";
      case 1:
        return String.fromCharCode(b[s]);
      case 2:
        return String.fromCharCode(b[s], b[s + 1]);
      case 3:
        return String.fromCharCode(b[s], b[s + 1], b[s + 2]);
      case 4:
        return String.fromCharCode(b[s], b[s + 1], b[s + 2], b[s + 3]);
      case 5:
        return String.fromCharCode(b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4]);
      case 6:
        return String.fromCharCode(b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5]);
      case 7:
        return String.fromCharCode(b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6]);
      case 8:
        return String.fromCharCode(b[s], b[s + 1], b[s + 2], b[s + 3], b[s + 4], b[s + 5], b[s + 6], b[s + 7]);
      default:
        return String.fromCharCode(
          b[s],
          b[s + 1],
          b[s + 2],
          b[s + 3],
          b[s + 4],
          b[s + 5],
          b[s + 6],
          b[s + 7],
          b[s + 8],
        );
    }
  }
  name() {
    const id = this.varint();
    if (id) return this.names[id];
    const s = this.value(0);
    this.names.push(s);
    return s;
  }
  value(depth) {
    const b = this.buf,
      t = b[this.pos++];
    if (t >= 0x80) return t & 127;
    if (t >= 0x40) return this.ascii(t & 63);
    switch (t) {
      case T.NULL:
        return null;
      case T.UNDEF:
        return undefined;
      case T.FALSE:
        return false;
      case T.TRUE:
        return true;
      case T.INT: {
        const z = this.varint();
        return (z >>> 1) ^ -(z & 1);
      }
      case T.F64: {
        let p = this.pos;
        f8[0] = b[p++];
        f8[1] = b[p++];
        f8[2] = b[p++];
        f8[3] = b[p++];
        f8[4] = b[p++];
        f8[5] = b[p++];
        f8[6] = b[p++];
        f8[7] = b[p++];
        this.pos = p;
        return f64[0];
      }
      case T.STR: {
        const p = this.pos,
          n = (b[p] | (b[p + 1] << 8) | (b[p + 2] << 16) | (b[p + 3] << 24)) >>> 0;
        const s = p + 4,
          e = s + n;
        if (e > this.end) throw new RangeError("truncated");
        this.pos = e;
        return b.utf8Slice(s, e);
      }
      case T.BYTES: {
        const n = this.varint(),
          s = this.pos,
          e = s + n;
        if (e > this.end) throw new RangeError("truncated");
        this.pos = e;
        return n >= BIG ? b.subarray(s, e) : Uint8Array.prototype.slice.call(b, s, e);
      }
      case T.ARR: {
        if (depth > MAXDEPTH) throw new RangeError("too deep");
        const n = this.varint();
        if (n > this.end - this.pos) throw new RangeError("bad count");
        const a = new Array(n);
        for (let i = 0; i < n; i++) a[i] = this.value(depth + 1);
        return a;
      }
      case T.NEWSHAPE: {
        const n = this.varint();
        if (n > this.end - this.pos) throw new RangeError("bad count");
        const keys = new Array(n);
        for (let i = 0; i < n; i++) {
          keys[i] = this.value(depth);
          if (keys[i] === "__proto__") throw new TypeError("bad key");
        }
        this.shapes.push(keys);
        return this.obj(keys, depth);
      }
      case T.SHAPE:
        return this.obj(this.shapes[this.varint()], depth);
      case T.THEIRS:
        return this.onTheirs(this.varint());
      case T.YOURS:
        return this.onYours(this.varint());
      default:
        throw new TypeError(`bad tag ${t}`);
    }
  }
  obj(keys, depth) {
    if (depth > MAXDEPTH) throw new RangeError("too deep");
    const o = {};
    for (let i = 0; i < keys.length; i++) o[keys[i]] = this.value(depth + 1);
    return o;
  }
}
