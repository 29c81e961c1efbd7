// Pages from the server.
import { type Connection, getAllPages } from "perspective-broker";
import { equal, shown, until } from "./checks.ts";
import { type Scenario, scenario } from "./scenario.ts";

export const paging: readonly Scenario[] = [
  scenario("pager", "a text in pages of a size", async (peer) => {
    const connection = await peer.connect();
    const text = Buffer.from("helloworld".repeat(50));
    for (const [size, lengths] of [
      [200, [200, 200, 100]],
      [8192, [500]],
    ] as const) {
      const pages = await getAllPages(connection.root, "getPages", size);
      equal(
        pages.map(({ length }) => length),
        lengths,
        `lengths of pages of ${size}`,
      );
      equal(Buffer.concat(pages), text, "all pages");
    }
    await collectorsBack(connection);
  }),

  scenario("file_pager", "a file in pages: 150000 bytes, and an empty one", async (peer) => {
    const connection = await peer.connect();
    const pages = await getAllPages(connection.root, "getFilePages", 150_000);
    equal(Buffer.concat(pages), Buffer.from(Uint8Array.from({ length: 150_000 }, (_, i) => i & 0xff)), "what came");
    equal(Buffer.concat(await getAllPages(connection.root, "getFilePages", 0)).length, 0, "length of an empty file");
    await collectorsBack(connection);
  }),
];

/** A sender that has sent everything gives the collector back. */
async function collectorsBack(connection: Connection): Promise<void> {
  const live = () => connection.inspect().exports;
  await until(() => live().length === 0, `collectors stay exported: ${shown(live())}`);
}
