// A published object, whose state outlives the connection.
import { readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FilePublishedStore, whenReady } from "perspective-broker";
import { wireClasses } from "../wire-classes.ts";
import { RemoteNews } from "../wire-published.ts";
import { equal, instance, settles, until } from "./checks.ts";
import { type Scenario, scenario } from "./scenario.ts";

export const publishing: readonly Scenario[] = [
  scenario("publishable", "a Publishable's state is fetched through its viewpoint and kept in a file", async (peer) => {
    const folder = await mkdtemp(join(tmpdir(), "pbpeer-"));
    class KeptNews extends RemoteNews {
      static override store = new FilePublishedStore(folder);
    }
    try {
      for (const clean of [false, true]) {
        const connection = await peer.connect({ registry: wireClasses(KeptNews) });
        const news = instance(await whenReady(connection.root.callRemote("getNews")), KeptNews);
        equal([news.headline, news.number], ["sandwich found", 7], "the state");
        equal(news.timestamp, 1_000_000_000.5, "timestamp");
        equal([news.perspective, news.service, news.publishedID], ["None", "None", "NEWS1"], "names");
        equal(news.wasCleanWhenLoaded, clean, "wasCleanWhenLoaded");
        await until(() => readdirSync(folder).some((name) => name.endsWith(".pub")), "the state is not kept");
        news.release();
        await settles(connection.root, "liveCaches", 0, "after release");
        await settles(connection.root, "liveRefs", 0, "its view after release");
        await connection.close();
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  }),
];
