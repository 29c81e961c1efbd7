// node --expose-gc pieces/codecs.mjs: encode and decode of the W3 document in one process, ns per operation.
// The first messages of a codec that learns shapes are measured by none of these: all are warm. Ours is the built one, with
// frames, numbers for shared objects and limits, as in a conversation; the others have none of these.
import v8 from "node:v8";
import { Packr, pack, unpack } from "msgpackr";
import { median } from "../lib/numbers.mjs";
import { makeDoc } from "../lib/payloads.mjs";
import { Decoder, Encoder } from "../lib/proto-codec.mjs";

const built = "../../packages/perspective-broker/dist";
const { Outbox } = await import(`${built}/wire/outbox.js`);
const { defaultLimits } = await import(`${built}/limits.js`);
const { Registry } = await import(`${built}/wire/jelly/registry.js`);
const { defaultSecurity } = await import(`${built}/wire/jelly/security.js`);
const pb7 = {
  ...(await import(`${built}/wire/pb7/encoder.js`)),
  ...(await import(`${built}/wire/pb7/decoder.js`)),
};

const ROUNDS = 7;
const MS = 200;
const ANSWER = 0x14;
const SHAPE = 0x12;
const doc = makeDoc();

const shared = new Packr({ structures: [] });
shared.pack(doc);

const encoder = new Encoder();
const decoder = new Decoder();
const prototypeEncode = () => {
  encoder.begin();
  encoder.value(doc, 0);
  encoder.end();
  return encoder.take();
};
const prototypeDecode = (bytes) => {
  decoder.reset(bytes, 4, bytes.length);
  return decoder.value(0);
};
prototypeDecode(Buffer.concat(prototypeEncode())); // its shapes travel with the first message

const setup = {
  outbox: new Outbox(),
  tables: {},
  classes: new Registry().policy(undefined, defaultSecurity()),
  values: { floats: "number", dicts: "object", dates: "plain", unsendable: "throw", unsafeTracebacks: false },
  limits: defaultLimits,
};
const ours = new pb7.Encoder(setup);
const theirs = new pb7.Decoder(setup);
const ourEncode = () => {
  ours.begin(ANSWER, 0, null);
  ours.value(doc);
  ours.commit();
  return setup.outbox.take();
};
const ourDecode = (bytes) => {
  let value;
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + (bytes[at + 1] | (bytes[at + 2] << 8) | (bytes[at + 3] << 16));
    theirs.read(bytes, at + 4, end);
    if (bytes[at] === SHAPE) {
      theirs.defineShape();
    } else {
      theirs.flags(theirs.byte());
      value = theirs.value();
      theirs.finish();
      theirs.complete();
    }
    at = end;
  }
  return value;
};
for (let i = 0; i < 3; i++) ourDecode(Buffer.concat(ourEncode())); // shapes are defined when they come a second time

const codecs = {
  "JSON to and from bytes": [() => Buffer.from(JSON.stringify(doc)), (b) => JSON.parse(b.utf8Slice(0, b.length))],
  "v8.serialize": [() => v8.serialize(doc), (b) => v8.deserialize(b)],
  "msgpackr, plain maps": [() => pack(doc), (b) => unpack(b)],
  "msgpackr, shared structures": [() => shared.pack(doc), (b) => shared.unpack(b)],
  "prototype, known shapes": [prototypeEncode, prototypeDecode],
  "this library, pb7": [ourEncode, ourDecode],
};

const results = {};
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, [encode, decode]] of Object.entries(codecs)) {
    const bytes = Buffer.from(whole(encode()));
    if (JSON.stringify(decode(bytes)) !== JSON.stringify(doc)) throw new Error(`${name}: the document differs`);
    globalThis.gc?.();
    const line = { size: bytes.length, encode: timed(encode), decode: timed(() => decode(bytes)) };
    if (round === 0)
      results[name] = []; // the first round warms up
    else results[name].push(line);
  }
}

console.log(
  `${"".padEnd(28)} ${"bytes".padStart(8)} ${"encode".padStart(8)} ${"decode".padStart(8)} ${"both".padStart(8)}`,
);
for (const [name, lines] of Object.entries(results)) {
  const encode = median(lines.map((line) => line.encode));
  const decode = median(lines.map((line) => line.decode));
  const figures = [lines[0].size, encode, decode, encode + decode].map((x) => x.toFixed(0).padStart(8));
  console.log(`${name.padEnd(28)} ${figures.join(" ")}`);
}

function timed(fn) {
  const t0 = performance.now();
  const end = t0 + MS;
  let n = 0;
  let sink;
  while (performance.now() < end) {
    for (let i = 0; i < 50; i++) sink = fn();
    n += 50;
  }
  timed.sink = sink; // keeps the work from being optimized away
  return ((performance.now() - t0) * 1e6) / n;
}

function whole(chunks) {
  return Array.isArray(chunks) ? Buffer.concat(chunks) : chunks;
}
