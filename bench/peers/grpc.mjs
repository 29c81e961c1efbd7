// @grpc/grpc-js with proto-loader. '' = unary calls; 'bidi' = one bidi stream with a seq -> promise map.
import { fileURLToPath } from "node:url";
export const meta = {
  title: "@grpc/grpc-js 1.14",
  lang: "node",
  warmMs: 2500,
  packages: ["@grpc/grpc-js", "@grpc/proto-loader"],
  workloads: ["W1", "W2", "W3", "W4a", "W4b", "W6", "W6mem", "W9"],
  variants: { bidi: { workloads: ["W1", "W2", "W3", "W4a", "W4b"] } },
};
const PROTO = fileURLToPath(new URL("./gen/bench.proto", import.meta.url));
const OPT = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
async function load() {
  const grpc = (await import("@grpc/grpc-js")).default;
  const loader = (await import("@grpc/proto-loader")).default;
  return { grpc, pkg: grpc.loadPackageDefinition(loader.loadSync(PROTO, { keepCase: true })).bench };
}
export async function startServer({ host, port }) {
  const { grpc, pkg } = await load();
  const server = new grpc.Server(OPT);
  const echo = (call, cb) => cb(null, call.request);
  server.addService(pkg.Echo.service, {
    EchoText: echo,
    EchoBytes: echo,
    EchoDoc: echo,
    Chat: (s) => {
      s.on("data", (m) => s.write(m));
      s.on("end", () => s.end());
      s.on("error", () => {});
    },
  });
  const p = await new Promise((r, j) =>
    server.bindAsync(`${host}:${port}`, grpc.ServerCredentials.createInsecure(), (e, n) => (e ? j(e) : r(n))),
  );
  return { port: p };
}
export async function connect({ host, port, variant, many }) {
  const { grpc, pkg } = await load();
  const cl = new pkg.Echo(`${host}:${port}`, grpc.credentials.createInsecure(), {
    ...OPT,
    ...(many ? { "grpc.use_local_subchannel_pool": 1 } : {}),
  });
  if (variant === "bidi") {
    const s = cl.Chat();
    const map = new Map();
    let seq = 1;
    s.on("data", (m) => {
      const r = map.get(m.seq);
      map.delete(m.seq);
      r(m);
    });
    const call = (m) =>
      new Promise((r) => {
        m.seq = seq++;
        map.set(m.seq, r);
        s.write(m);
      });
    return {
      echo: async (text) => (await call({ text })).text,
      echoDoc: async (doc) => (await call({ doc })).doc,
      echoBytes: async (data) => (await call({ data })).data,
    };
  }
  const un = (m, req) => new Promise((r, j) => cl[m](req, (e, v) => (e ? j(e) : r(v))));
  return {
    echo: async (text) => (await un("EchoText", { text })).text,
    echoDoc: (d) => un("EchoDoc", d),
    echoBytes: async (data) => (await un("EchoBytes", { data })).data,
  };
}
