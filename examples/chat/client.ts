// One terminal of the chat: `client.ts PORT NAME PASSWORD`. What is typed goes to the group, what the group hears is shown.
import {
  ConnectionLost,
  connect,
  Referenceable,
  type RemoteReference,
  UnauthorizedLogin,
  UsernamePassword,
} from "perspective-broker";
import type { Group, User } from "./server.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

/** The mind of our login: what the server calls. */
export class Screen extends Referenceable {
  readonly #terminal: Terminal;

  constructor(terminal: Terminal) {
    super();
    this.#terminal = terminal;
  }

  remote_said(name: string, text: string) {
    this.#terminal.print(`${name}: ${text}`);
  }

  remote_came(name: string) {
    this.#terminal.print(`* ${name} has come`);
  }

  remote_left(name: string) {
    this.#terminal.print(`* ${name} has gone`);
  }
}

const [port = "8800", name = "alice", password = "looking-glass", md5] = process.argv.slice(2);
// A server on Twisted has nothing better than MD5, which proves nothing about the server; so we have to say that we want it.
const options = md5 === "md5" ? ({ allowMD5: "only" } as const) : {};

const commands = "* there are /join GROUP, /who and /quit";

await using connection = await connect(`tcp://127.0.0.1:${port}`);
using terminal = openTerminal(`${name}: `);
connection.on("close", ({ code }) => {
  if (code !== "CLOSED") {
    terminal.print("* the server has gone");
    process.exitCode = 1;
  }
  terminal.close();
});

try {
  const mind = new Screen(terminal);
  const user = await connection.login<User>(new UsernamePassword(name, password), { ...options, mind });
  await talk(user);
} catch (error) {
  if (error instanceof UnauthorizedLogin) {
    terminal.print("* wrong name or password");
    process.exitCode = 1;
  } else if (!(error instanceof ConnectionLost)) throw error; // of which we are told above
}

/** Until the input ends, or the connection. */
async function talk(user: RemoteReference<User>) {
  terminal.print(commands);
  let group = await join(user, "lobby");
  terminal.prompt();
  for await (const line of terminal.lines) {
    const [, command, argument] = /^\/(\w*) *(.*)$/.exec(line) ?? [];
    if (command === "quit") break;
    if (command === "join" && argument) {
      group.release();
      group = await join(user, argument);
    } else if (command === "who") {
      await showOthers(group);
    } else if (command !== undefined) {
      terminal.print(commands);
    } else if (line !== "") {
      await group.callRemote("say", line);
    }
    terminal.prompt();
  }
}

async function join(user: RemoteReference<User>, name: string) {
  const group = await user.callRemote("join", name);
  terminal.print(`* this is ${name}`);
  await showOthers(group);
  return group;
}

async function showOthers(group: RemoteReference<Group>) {
  const others = await group.callRemote("others");
  terminal.print(others.length > 0 ? `* with you: ${others.join(", ")}` : "* nobody else is here");
}
