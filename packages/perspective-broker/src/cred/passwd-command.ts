// The command that writes password files, without the terminal: bin/passwd.mjs has that. Nothing secret is an argument, which
// other users of the machine could see.
import { addToPasswordFile, removeFromPasswordFile } from "./password-file.ts";
import { checkName } from "./password-lines.ts";
import { storedUser } from "./stored-user.ts";
import { checkIterations } from "./verifier.ts";

/** What the command needs of its terminal. */
export interface Terminal {
  /** A line that is not shown while it is typed; from a pipe, its next line. Undefined at the end of the input. */
  secret(prompt: string): Promise<string | undefined>;
  /** Whether somebody is typing, who may mistype. */
  readonly interactive: boolean;
  print(text: string): void;
  complain(text: string): void;
}

const usage = `perspective-broker-passwd [--md5] [--iterations N] FILE USER   adds USER or changes the password
perspective-broker-passwd --delete FILE USER                   takes USER out

The password is asked for, or read from standard input. --md5 adds what Twisted's login needs:
as good as the password for whoever reads the file.`;

/** Runs the command and gives its exit status: 0 done, 1 failed, 2 wrong use. */
export async function passwd(args: readonly string[], terminal: Terminal): Promise<number> {
  const options = read(args);
  if (options === "help") {
    terminal.print(usage);
    return 0;
  }
  if (options === undefined) {
    terminal.complain(usage);
    return 2;
  }
  try {
    return await run(options, terminal);
  } catch (error) {
    terminal.complain(explain(error, options.file));
    return 1;
  }
}

interface Options {
  readonly file: string;
  readonly user: string;
  readonly md5: boolean;
  readonly remove: boolean;
  readonly iterations: number | undefined;
}

async function run({ file, user, iterations, ...options }: Options, terminal: Terminal): Promise<number> {
  if (options.remove) {
    if (await removeFromPasswordFile(file, user)) return 0;
    terminal.complain(`${file} has no user ${user}`);
    return 1;
  }
  checkName(user);
  if (iterations !== undefined) checkIterations(iterations);
  const password = await terminal.secret(`Password for ${user}: `);
  if (!password) throw new Error("no password was given");
  if (terminal.interactive && (await terminal.secret("Once more: ")) !== password) {
    throw new Error("these were two different passwords; nothing was changed");
  }
  const stored = await storedUser(password, { md5: options.md5, ...(iterations !== undefined && { iterations }) });
  await addToPasswordFile(file, { name: user, ...stored });
  return 0;
}

function read(args: readonly string[]): Options | "help" | undefined {
  const rest: string[] = [];
  const options = { md5: false, remove: false, iterations: undefined as number | undefined };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    if (arg === "--help" || arg === "-h") return "help";
    if (arg === "--md5") options.md5 = true;
    else if (arg === "--delete") options.remove = true;
    else if (arg === "--iterations") options.iterations = Number(args[++i]);
    else if (arg === "--") return withRest(options, [...rest, ...args.slice(i + 1)]);
    else if (arg.startsWith("-")) return undefined;
    else rest.push(arg);
  }
  return withRest(options, rest);
}

function withRest(options: Omit<Options, "file" | "user">, rest: readonly string[]): Options | undefined {
  const [file, user, ...more] = rest;
  if (file === undefined || user === undefined || more.length > 0) return undefined;
  return { ...options, file, user };
}

function explain(error: unknown, file: string): string {
  const { code, message } = error as { code?: string; message: string };
  if (code !== "EEXIST") return message;
  return `${file}.new is there: somebody else is changing ${file}, or a change was cut off and left it behind`;
}
