// socket.io 4, websocket transport only, emitWithAck.
export const meta = {
  title: "socket.io 4.8",
  lang: "node",
  packages: ["socket.io", "socket.io-client"],
  workloads: ["W1", "W2", "W3", "W4a", "W4b", "W6", "W6mem", "W7", "W8", "W9"],
};
export async function startServer({ host, port }) {
  const http = await import("node:http");
  const { Server } = await import("socket.io");
  const h = http.createServer();
  const io = new Server(h, { transports: ["websocket"], perMessageDeflate: false, maxHttpBufferSize: 1 << 25 });
  io.on("connection", (s) => {
    s.on("echo", (v, ack) => ack(v));
    s.on("poke", async (x, ack) => ack(await s.emitWithAck("cb", x)));
    s.on("subscribe", (ack) => {
      s.join("room");
      ack();
    });
    s.on("publish", (e) => io.to("room").emit("event", e));
  });
  await new Promise((r) => h.listen({ port, host, backlog: 4096 }, r));
  return { port: h.address().port };
}
export async function connect({ host, port }) {
  const { io } = await import("socket.io-client");
  const s = io(`http://${host}:${port}`, { transports: ["websocket"], forceNew: true });
  await new Promise((r, j) => {
    s.once("connect", r);
    s.once("connect_error", j);
  });
  return {
    echo: (v) => s.emitWithAck("echo", v),
    echoBytes: (u8) => s.emitWithAck("echo", u8),
    async setCallback(f) {
      s.on("cb", (x, ack) => ack(f(x)));
    },
    poke: (x) => s.emitWithAck("poke", x),
    async subscribe(f) {
      s.on("event", f);
      await s.emitWithAck("subscribe");
    },
    publish(e) {
      s.emit("publish", e);
    },
  };
}
