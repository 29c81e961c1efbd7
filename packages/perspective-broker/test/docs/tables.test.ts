// What the documentation lists is what the sources have: names, codes, defaults. And its links lead somewhere.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { settingsFrom } from "../../src/connection/options.ts";
import { errorClasses } from "../../src/errors.ts";
import * as library from "../../src/index.ts";
import { defaultLimits } from "../../src/limits.ts";
import { vocabulary } from "../../src/wire/banana/vocabulary.ts";
import { ends } from "../support/ends.ts";
import { headingsOf, type Page, pageAt, pages, root, sectionOf, tableBelow, withoutFences } from "./pages.ts";

const source = (file: string): string => readFileSync(join(root, "packages/perspective-broker/src", file), "utf8");
const plain = (cell: string | undefined): string => (cell ?? "").replaceAll("`", "");
const quoted = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] as string);

const membersOf = (file: string, name: string): string[] => {
  const body = new RegExp(`interface ${name}\\b[^{]*{([\\s\\S]*?)\\n}`).exec(source(file))?.[1] ?? "";
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map((match) => match[1] as string);
};
/** The names in the first column, which may have several in one cell. */
const namesIn = (path: string, heading: string): string[] =>
  tableBelow(pageAt(path), heading).flatMap(([name]) => quoted(name ?? ""));
/** A number as it is written in the sources or on a page: `60 000`, `60_000`, `256 * 1024`. */
const numberOf = (text = ""): number => new Function(`return ${text.replaceAll(/(?<=\d)[ ,_](?=\d)/g, "")}`)();

describe("the table of limits", () => {
  const rows = tableBelow(pageAt("docs/guide/limits.md"), "The table");

  it("has every limit with its default", () => {
    const documented = rows.map(([name, value]) => [plain(name), Number(value?.replaceAll(",", ""))]);
    expect(Object.fromEntries(documented)).toEqual(defaultLimits);
  });
});

describe("the tables of options", () => {
  const page = pageAt("docs/guide/options.md");
  const documented = (heading: string): string[] => tableBelow(page, heading).map(([name]) => plain(name));

  it("have every option", () => {
    expect(documented("Of both")).toEqual(membersOf("connection/options.ts", "BrokerOptions"));
    expect(documented("Of connect")).toEqual(membersOf("connection/connect.ts", "ConnectOptions"));
    expect(documented("Of listen")).toEqual(membersOf("connection/listen.ts", "ListenOptions"));
  });

  it("have the defaults", () => {
    const { dialects, values, handshakeTimeout, heartbeat, objects } = settingsFrom({});
    const defaults = Object.fromEntries(
      tableBelow(page, "Of both").map(([name, value]) => [plain(name), plain(value)]),
    );
    expect(defaults.dialects).toBe(`[${dialects.map(({ name }) => name).join(", ")}]`);
    expect(defaults.handshakeTimeout).toBe(String(handshakeTimeout));
    expect(defaults.heartbeat).toBe(String(heartbeat));
    expect(defaults.objects).toBe(JSON.stringify(objects));
    const { unsafeTracebacks, ...kinds } = values;
    expect(defaults.unsafeTracebacks).toBe(String(unsafeTracebacks));
    for (const [name, value] of Object.entries(kinds)) expect(defaults[name]).toBe(JSON.stringify(value));
  });
});

describe("the tables of users", () => {
  const path = "docs/guide/users.md";

  it("have the options of a Portal and of a login", () => {
    expect(namesIn(path, "Portal and Realm")).toEqual(membersOf("cred/portal-settings.ts", "PortalOptions"));
    expect(namesIn(path, "Credentials")).toEqual(membersOf("cred/login.ts", "LoginOptions"));
  });

  it("have the bounds of failed logins", () => {
    const rows = tableBelow(pageAt(path), "Failed logins");
    expect(rows.map(([name]) => plain(name))).toEqual(membersOf("cred/rate-limit.ts", "RateLimit"));
    const defaults = /const defaults: RateLimit = {([^}]*)}/.exec(source("cred/rate-limit.ts"))?.[1] ?? "";
    for (const [name, value] of rows) {
      const [, own] = new RegExp(`${plain(name)}: ([\\d_]+)`).exec(defaults) ?? [];
      expect([name, numberOf(value)]).toEqual([name, numberOf(own)]);
    }
  });
});

describe("the tables of paging", () => {
  it("have the options of a collector and their defaults", () => {
    const path = "docs/guide/paging.md";
    const code = source("flavors/page-collector.ts");
    expect(namesIn(path, "Receiving")).toEqual(membersOf("flavors/page-collector.ts", "CollectOptions"));
    for (const [name, value] of tableBelow(pageAt(path), "Receiving").slice(0, 2)) {
      const constant = plain(name).replace(/[A-Z]/, "_$&").toUpperCase();
      const [, own] = new RegExp(`const ${constant} = (.*);`).exec(code) ?? [];
      expect([name, numberOf(value)]).toEqual([name, numberOf(own)]);
    }
  });
});

describe("the table of inspect()", () => {
  it("has all that it shows", () => {
    // In the order of the sources.
    const shown = membersOf("broker/broker.ts", "Inspection");
    const more = membersOf("connection/connection.ts", "ConnectionInspection");
    expect(namesIn("docs/guide/testing.md", "inspect()").filter((name) => [...shown, ...more].includes(name))).toEqual([
      ...shown,
      ...more,
    ]);
  });
});

describe("the page of errors", () => {
  const page = pageAt("docs/errors.md");
  const classes = Object.entries(errorClasses);
  const sources = ["errors.ts", "errors/base.ts", "errors/login.ts"].map(source).join("\n");

  it("has a paragraph for every class, in the order of the sources", () => {
    const headings = headingsOf(page);
    const from = headings.indexOf("Classes") + 1;
    expect(headings.slice(from, headings.indexOf("PBError"))).toEqual(classes.map(([, { name }]) => name));
  });

  it.each(classes)("says what %s is", (code, { name }) => {
    const section = sectionOf(page, name).trim();
    expect(section.startsWith(`\`${code}\`. `)).toBe(true);
    expect(section.length).toBeGreaterThan(100);
  });

  it.each(classes)("has the fields of %s", (_code, { name }) => {
    const body = new RegExp(`export class ${name} [\\s\\S]*?\\n}`).exec(sources)?.[0] ?? "";
    expect(body).not.toBe("");
    const declared = [...body.matchAll(/^ {2}readonly (\w+)/gm)].map((match) => match[1] as string);
    const fields = /^Fields: (.*)$/m.exec(sectionOf(page, name))?.[1] ?? "";
    const documented = quoted(fields).filter((field) => !field.startsWith('"'));
    expect(documented).toEqual(declared.filter((field) => field !== "name" && field !== "code"));
    expect(fields.includes('always `"no"`')).toBe(/executed: Executed = "no"/.test(body));
  });

  it("has every code of a close reason", () => {
    const union = /type CloseCode =([^;]*);/.exec(source("errors.ts"))?.[1] ?? "";
    const codes = [...union.matchAll(/"(\w+)"/g)].map((match) => match[1]);
    const documented = tableBelow(page, "Why a connection ended").map(([code]) => plain(code));
    expect(documented.sort()).toEqual(codes.sort());
  });

  it("names the limits that LimitExceeded can have", () => {
    const files = readdirSync(join(root, "packages/perspective-broker/src"), { recursive: true, encoding: "utf8" });
    const used = files
      .filter((file) => file.endsWith(".ts"))
      .flatMap((file) => [...source(file).matchAll(/new LimitExceeded\(\s*"(\w+)"/g)].map((match) => match[1]));
    const documented = quoted(sectionOf(page, "LimitExceeded")).filter(
      (name) => Object.hasOwn(defaultLimits, name) || used.includes(name),
    );
    expect([...new Set(documented)].sort()).toEqual([...new Set(used)].sort());
  });
});

describe("the table of what is thrown", () => {
  class Named extends library.PBError {
    static override wireName = "app.Named";
  }
  class Unexpected extends Error {
    static readonly wireName = "app.Unexpected";
  }
  const thrown = [
    new library.PBError("x"),
    new Named("x"),
    new TypeError("x"),
    new RangeError("x"),
    new Unexpected("x"),
    new SyntaxError("x"),
    "x",
  ];
  class Thrower extends library.Root {
    remote_throw(i: number): never {
      throw thrown[i];
    }
  }
  const rows = tableBelow(pageAt("docs/guide/errors.md"), "Expected and unexpected").map(
    ([kind = "", type = "", logs = ""], i) => [kind, type, logs, i] as const,
  );

  it.each(rows)("says the truth of %s", async (_thrown, type, logs, i) => {
    const { connection, logged } = await ends<Thrower>(new Thrower());
    const error: unknown = await connection.root.callRemote("throw", i).catch((caught: unknown) => caught);
    const own = thrown[i] instanceof Named ? Named.wireName : Unexpected.wireName;
    expect((error as library.RemoteError).type).toBe(type === "its `wireName`" ? own : plain(type));
    expect(logged.some(({ level }) => level === "error") ? "yes" : "no").toBe(logs);
  });
});

describe("the table of what is not there", () => {
  class User extends library.Avatar {
    perspective_stay(): string {
      return "here";
    }
  }
  const rows = tableBelow(pageAt("docs/guide/errors.md"), "RemoteError").map(
    ([what = "", type = "", message = ""], i) => [what, plain(type), plain(message), i] as const,
  );

  it.each(rows)("says the truth of %s", async (_what, type, message, i) => {
    const portal = new library.Portal(
      { requestAvatar: () => ({ avatar: new User() }) },
      { checkers: [library.allowAnonymous()] },
    );
    const { connection } = await ends(i === 1 ? portal : new library.Root(), { untidy: true });
    const callees = [
      () => connection.root,
      () => connection.login<User>(new library.Anonymous()),
      () => connection.object("nobody"),
    ];
    const callee: library.RemoteReference = (await callees[i]?.()) ?? connection.root;
    const error: unknown = await callee.callRemote("foo").catch((caught: unknown) => caught);
    expect(error).toMatchObject({ type, message });
    const remote = error as library.RemoteError;
    expect(remote.check("builtins.AttributeError")).toBe(i < 2);
    expect(remote.check(library.NoSuchMethod)).toBe(i === 0);
  });
});

describe("addresses and dates that make no sense", () => {
  it("are refused by name", async () => {
    await expect(library.connect(5 as never)).rejects.toBeInstanceOf(library.AddressError);
    const { connection } = await ends(new library.Root(), { client: { dialects: [library.pb] } });
    const call = connection.root.callRemote("any", { when: [new Date(Date.UTC(10_000, 0))] });
    await expect(call).rejects.toMatchObject({ code: "UNSENDABLE", path: "[0].when[0]" });
  });
});

describe("the page of the wire", () => {
  it("has the vocabulary", () => {
    const cells = tableBelow(pageAt("docs/wire.md"), "Layers").length; // three layers, then the types, then the words
    expect(cells).toBe(3);
    const words = new Map<number, string>();
    for (const match of sectionOf(pageAt("docs/wire.md"), "Layers").matchAll(/\| (\d+) \| `(\w+)` /g)) {
      words.set(Number(match[1]), match[2] as string);
    }
    expect([...words].sort(([a], [b]) => a - b).map(([, word]) => word)).toEqual(vocabulary.slice(1));
  });
});

describe("the page of security", () => {
  it("has the types that each step admits", () => {
    const rows = tableBelow(pageAt("docs/guide/security.md"), "Which types are admitted");
    const constants = ["SIMPLE", "BASIC", "BROKER"].map((name) =>
      new RegExp(`const ${name} =\\s+"([^"]*)"`).exec(source("wire/jelly/security.ts"))?.[1]?.split(" "),
    );
    expect(rows.slice(0, 3).map(([, types]) => quoted(types ?? ""))).toEqual(constants);
  });
});

describe("the public names", () => {
  const words = new Set(pages.flatMap(({ text }) => text.match(/\w+/g) ?? []));

  it.each(Object.keys(library))("%s is in the documentation", (name) => {
    expect(words.has(name)).toBe(true);
  });

  it("are those of the README's table", () => {
    const sources = ["connection/connection", "references/remote-reference", "flavors/copyable", "flavors/cacheable"];
    const known = [...sources, "index"].map((file) => source(`${file}.ts`)).join("\n");
    const missing = tableBelow(pageAt("README.md"), "PB's words and ours")
      .flatMap(([, ours]) => quoted(ours ?? ""))
      .flatMap((code) => [...code.matchAll(/\b([A-Za-z]\w+)(?=\(|$)/g)].map((match) => match[1] as string))
      .filter((name) => !Object.hasOwn(library, name) && !new RegExp(`\\b${name}\\b`).test(known))
      .filter((name) => !name.endsWith("_foo") && !["rootObject", "check", "type", "unsafeTracebacks"].includes(name));
    expect(missing).toEqual([]);
  });
});

describe("the links", () => {
  it.each(pages)("of $path lead somewhere", (page) => {
    const broken = linksOf(page).filter((link) => {
      const [path = "", anchor] = link.split("#");
      const target = path === "" ? page.path : join(dirname(page.path), path);
      if (!existsSync(join(root, target)) && target !== "bench/RESULTS.md") return true; // npm run bench writes it
      if (anchor === undefined) return false;
      const linked = pages.find((one) => one.path === target);
      return linked === undefined || !headingsOf(linked).map(anchorOf).includes(anchor);
    });
    expect(broken).toEqual([]);
  });

  it("of the index are all pages", () => {
    const listed = linksOf(pageAt("docs/README.md")).map((link) => join("docs", link));
    const missing = pages.filter(({ path }) => path.startsWith("docs/") && path !== "docs/README.md");
    expect(missing.map(({ path }) => path).filter((path) => !listed.includes(path))).toEqual([]);
  });
});

function linksOf(page: Page): string[] {
  return [...withoutFences(page.text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => match[1] as string)
    .filter((link) => !/^https?:/.test(link));
}

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}
