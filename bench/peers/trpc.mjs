// tRPC 11 over ws (wsLink, no transformer, no validation work). Bytes travel as base64 in JSON.
export const meta = {
  title: "tRPC 11 (ws)",
  lang: "node",
  packages: ["@trpc/server", "@trpc/client", "ws"],
  workloads: ["W1", "W2", "W3", "W4a", "W4b", "W9"],
};
export async function startServer({ host, port }) {
  const { initTRPC } = await import("@trpc/server");
  const { applyWSSHandler } = await import("@trpc/server/adapters/ws");
  const { WebSocketServer } = await import("ws");
  const t = initTRPC.create();
  const any = t.procedure.input((v) => v);
  const router = t.router({
    echo: any.mutation(({ input }) => input),
    echoBytes: any.mutation(({ input }) => Buffer.from(input, "base64").toString("base64")),
  });
  const wss = new WebSocketServer({ host, port, perMessageDeflate: false, maxPayload: 1 << 24 });
  applyWSSHandler({ wss, router });
  await new Promise((r) => wss.once("listening", r));
  return { port: wss.address().port };
}
export async function connect({ host, port }) {
  const { createTRPCClient, createWSClient, wsLink } = await import("@trpc/client");
  const { default: WebSocket } = await import("ws");
  const client = createWSClient({ url: `ws://${host}:${port}`, WebSocket });
  const c = createTRPCClient({ links: [wsLink({ client })] });
  return {
    echo: (v) => c.echo.mutate(v),
    echoBytes: async (u8) =>
      Buffer.from(
        await c.echoBytes.mutate(Buffer.from(u8.buffer, u8.byteOffset, u8.byteLength).toString("base64")),
        "base64",
      ),
  };
}
