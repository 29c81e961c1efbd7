// What was called through a result comes before what is called on it, also where some of it had to wait for its turn to be sent.
import { expect, it } from "vitest";
import { Referenceable, Root } from "../../src/index.ts";
import { ends } from "../support/ends.ts";

class Own extends Referenceable {
  readonly heard: string[] = [];
  remote_say(text: string): void {
    this.heard.push(text);
  }
}

class Mirror extends Root {
  remote_back(own: unknown): unknown {
    return own;
  }
}

it("an own object that comes home hears what waited at the gate first", async () => {
  const { connection } = await ends<any>(new Mirror(), {
    server: { limits: { calls: 1 } },
    untidy: true, // the mirror's reference is given back when it is collected
  });
  const own = new Own();
  const home = connection.root.callRemote("back", own);
  const said = ["one", "two", "three", "four"].map((text) => home.callRemote("say", text));
  await home.then((object: Own) => object.callRemote("say", "five"));
  await Promise.all(said);
  expect(own.heard).toEqual(["one", "two", "three", "four", "five"]);
});
