// The bytes of docs/wire.md are those of the codec, and of a notation that is encoded here without it.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as library from "../../src/index.ts";
import type { Transport, TransportHandler } from "../../src/transport/transport.ts";
import { bytesOf, type Form, hex, parse } from "./forms.ts";
import { pageAt, root, tableBelow } from "./pages.ts";

const page = pageAt("docs/wire.md");
const plain = (cell: string | undefined): string => (cell ?? "").replace(/^`(.*)`$/, "$1");

class Two extends library.Referenceable {
  remote_three(n: number): number {
    return n * 3;
  }
}

class One extends library.Root {
  readonly #two = new Two();
  remote_getTwo(): Two {
    return this.#two;
  }
  remote_echo(value: unknown): unknown {
    return value;
  }
  remote_fail(): never {
    throw new OutOfStock("no more soap");
  }
}

class OutOfStock extends library.PBError {
  static override wireName = "shop.OutOfStock";
  item = "soap";
}

describe("the bytes of values", () => {
  const rows = tableBelow(page, "Values").map((row) => row.map(plain)) as [string, string, string][];

  it.each(rows)("%s is %s", async (expression, form, bytes) => {
    expect(bytesOf(parse(form), true)).toBe(bytes);
    const value = evaluated(expression);
    const { client, server } = await session(async (connection) => {
      expect(await connection.root.callRemote("echo", value)).toEqual(value);
    });
    // Between the head of the call and its keywords; between the head of the answer and its end.
    expect(client.at(-1)).toBe(
      `07 80 1a 87 01 81 04 82 72 6f 6f 74 04 82 65 63 68 6f 01 81 02 80 0b 87 ${bytes} 01 80 05 87`,
    );
    expect(server.at(-1)).toBe(`03 80 1b 87 01 81 ${bytes}`);
  });
});

describe("the bytes of a session", () => {
  const rows = tableBelow(page, "A session").map((row) => row.map(plain)) as [string, string, string][];

  it.each(rows)("%s %s", (_side, form, bytes) => {
    const negotiation = form === "pb" || form === "[pb none]";
    expect(bytesOf(parse(form), !negotiation)).toBe(bytes);
  });

  it("are all that is sent", async () => {
    const { client, server } = await session(async (connection) => {
      const two = await connection.root.callRemote("getTwo");
      await two.callRemote("three", 12);
      two.release();
    });
    const of = (side: string): string =>
      rows
        .filter(([one]) => one === side)
        .map(([, , bytes]) => bytes)
        .join(" ");
    expect(client.join(" ")).toBe(of("C"));
    expect(server.join(" ")).toBe(of("S"));
  });
});

describe("the form of an error", () => {
  it("is what a PBError becomes", async () => {
    const block = page.blocks.find(({ words }) => words.includes("failure"));
    const { server } = await session(async (connection) => {
      await connection.root.callRemote("fail").catch(() => {});
    });
    expect(server.at(-1)).toBe(bytesOf(parse(block?.code ?? ""), true));
  });
});

describe("the messages", () => {
  it("are those of the codec", () => {
    const codec = readFileSync(`${root}packages/perspective-broker/src/wire/banana/codec.ts`, "utf8");
    const handled = [...codec.matchAll(/case "(\w+)":/g)].map((match) => match[1]);
    const documented = tableBelow(page, "Messages").map(([message]) => plain(message).match(/\w+/)?.[0]);
    expect(documented.sort()).toEqual(handled.sort());
  });
});

/** The value of an expression, with the public names in scope and two words of the page. */
function evaluated(expression: string): unknown {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const shared = (value: unknown): unknown[] => [value, value];
  const scope: Record<string, unknown> = { ...library, bytes, shared };
  return new Function(...Object.keys(scope), `return (${expression});`)(...Object.values(scope)) as Form;
}

/** Runs `work` over a connection in memory and returns what each side wrote, one text for each write. */
async function session(
  work: (connection: library.Connection) => Promise<void>,
): Promise<{ client: string[]; server: string[] }> {
  const [near, far] = library.memoryPair();
  const [client, server]: [string[], string[]] = [[], []];
  const serving = await library.listen(new One(), `memory://wire-${++sessions}`, {
    dialects: [library.pb, library.none],
    floats: "exact",
  });
  serving.accept(tapped(far, server));
  const connection = await library.connect(tapped(near, client), { floats: "exact" });
  await work(connection);
  await connection.close();
  await serving.close();
  return { client, server };
}

let sessions = 0;

function tapped(inner: Transport, written: string[]): Transport {
  const write = (chunk: Uint8Array): boolean => {
    written.push(hex(chunk));
    return inner.write(chunk);
  };
  return {
    peer: inner.peer,
    get unsent() {
      return inner.unsent;
    },
    start: (handler: TransportHandler) => inner.start(handler),
    write,
    writev: (chunks) => chunks.map(write).at(-1) ?? true,
    pause: () => inner.pause(),
    resume: () => inner.resume(),
    close: () => inner.close(),
    abort: () => inner.abort(),
  };
}
