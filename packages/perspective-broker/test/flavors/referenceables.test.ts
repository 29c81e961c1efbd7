// References as the other flavours need them (spec §6.1, §6.7): what is sent, and who is equal to whom.
import { describe, expect, it } from "vitest";
import { currentCall, Referenceable, type RemoteReference, Root } from "../../src/index.ts";
import { ends } from "../support/ends.ts";
import { conversation, failure, message, NONE } from "../support/flavors.ts";

class Thing extends Referenceable {
  remote_touch(value: unknown) {
    return value;
  }
  view_touch() {}
  perspective_touch() {}
  touch() {}
}

describe("§6.1 a Referenceable", () => {
  it("is sent as [remote luid], each occurrence anew, and is not shared by reference numbers", async () => {
    const { sends, connection } = await conversation();
    const thing = new Thing();
    expect(await sends(thing, [thing])).toEqual([
      ["remote", 1],
      ["list", ["remote", 1]],
    ]);
    expect(connection.inspect().exports).toEqual([{ id: 1, class: "Thing", count: 2 }]);
  });

  it("is called by its remote_ methods and by no others; the callee is not told who calls", async () => {
    const { sends, peer } = await conversation();
    class Asked extends Thing {
      remote_who() {
        const { avatar, principal } = currentCall();
        return [avatar, principal === undefined];
      }
    }
    await sends(new Asked());
    peer.says(message(1, 1, "touch", 5), message(2, 1, "who"), message(3, 1, "remote_touch"));
    const heard = await peer.hearsAll();
    expect(heard.slice(0, 2)).toEqual([
      ["answer", 1, 5],
      ["answer", 2, ["list", NONE, ["boolean", "true"]]],
    ]);
    expect(failure(heard[2] as never)).toEqual({
      request: 3,
      type: "twisted.spread.flavors.NoSuchMethod",
      text: "No such method: remote_remote_touch",
    });
  });

  it("a Root gives itself, or another object for each connection", async () => {
    const made: Thing[] = [];
    class Each extends Root {
      override rootObject(_connection: object) {
        const thing = new Thing();
        made.push(thing);
        return thing;
      }
    }
    const { connection } = await ends(new Each());
    expect(await connection.root.callRemote("touch", 3)).toBe(3);
    expect(made).toHaveLength(1);
    class Itself extends Root {
      remote_me() {
        return this === itself;
      }
    }
    const itself = new Itself();
    const second = await ends<Itself>(itself);
    expect(await second.connection.root.callRemote("me")).toBe(true);
  });
});

describe("§6.7 a RemoteReference", () => {
  it("is one object for one luid, and every receipt is given back", async () => {
    const { receives, peer } = await conversation();
    const [one, two] = (await receives(["list", ["remote", 4], ["remote", 4]])) as RemoteReference[];
    expect(one).toBe(two);
    expect(one?.sameAs(two)).toBe(true);
    one?.releaseAll();
    expect(await peer.hearsAll()).toEqual([
      ["decref", 4],
      ["decref", 4],
    ]);
  });

  it("is not equal to one of another connection, whatever the luids", async () => {
    const [one, two] = [await conversation(), await conversation()];
    const first = (await one.receives(["remote", 4])) as RemoteReference;
    const second = (await two.receives(["remote", 4])) as RemoteReference;
    expect(first.sameAs(second)).toBe(false);
    expect(one.root.sameAs(two.root)).toBe(false);
    await expect(one.root.callRemote("take", second)).rejects.toMatchObject({ code: "UNSENDABLE" });
  });

  it("sends names of methods as UTF-8 byte strings", async () => {
    const { root, peer } = await conversation();
    root.callRemoteOnly("grüße");
    const bytes = Buffer.from("grüße").toString("latin1");
    expect(await peer.hears()).toEqual(["message", 1, "root", bytes, 0, ["tuple"], ["dictionary"]]);
  });
});
