// The text of a password file: a line for each user, `name TAB verifier`, and a third column with the MD5 digest of the password
// where Twisted's login is wanted. Empty lines and those that begin with # are left as they are. No file is touched here.
import { UserStoreError } from "../errors.ts";
import type { UserRecord } from "./checker.ts";
import { parseVerifier } from "./verifier.ts";

export interface PasswordLine {
  readonly name: string;
  readonly verifier: string;
  /** 32 hexadecimal digits. */
  readonly md5?: string;
}

/** The users of a file by name. Throws UserStoreError with the number of the line, and nothing of what is in it. */
export function readPasswordLines(text: string): ReadonlyMap<string, UserRecord> {
  const users = new Map<string, UserRecord>();
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    if (isNoUser(line)) continue;
    try {
      const { name, ...record } = readLine(line);
      if (users.has(name)) throw new UserStoreError("the user is there already");
      users.set(name, record);
    } catch (error) {
      throw new UserStoreError(`line ${i + 1}: ${(error as Error).message}`);
    }
  }
  return users;
}

/** The text with a user added, or in the place of the one of that name. */
export function withPasswordLine(text: string, user: PasswordLine): string {
  checkName(user.name);
  const fresh = [user.name, user.verifier, ...(user.md5 === undefined ? [] : [user.md5])].join("\t");
  const lines = linesOf(text);
  const at = lines.findIndex((line) => nameOf(line) === user.name);
  if (at < 0) lines.push(fresh);
  else lines[at] = fresh;
  return `${lines.join("\n")}\n`;
}

/** The text without a user; undefined if there is none of that name. */
export function withoutPasswordLine(text: string, name: string): string | undefined {
  const lines = linesOf(text);
  const left = lines.filter((line) => nameOf(line) !== name);
  if (left.length === lines.length) return undefined;
  return left.length === 0 ? "" : `${left.join("\n")}\n`;
}

/** Throws UserStoreError for a name that a line cannot have. */
export function checkName(name: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (name === "" || name.length > 1024 || /[\u0000-\u001f\u007f]/.test(name) || /^#|^\s|\s$/.test(name)) {
    throw new UserStoreError("a user name has 1 to 1024 characters, no tab or line break, and no space or # in front");
  }
}

function readLine(line: string): PasswordLine {
  const [name, verifier, md5, ...more] = line.split("\t");
  if (name === undefined || verifier === undefined || more.length > 0) {
    throw new UserStoreError("a line has a name, a verifier and perhaps an MD5 digest, with tabs between them");
  }
  checkName(name);
  parseVerifier(verifier);
  if (md5 === undefined || md5 === "") return { name, verifier };
  if (!/^[0-9a-fA-F]{32}$/.test(md5)) throw new UserStoreError("the MD5 digest is not 32 hexadecimal digits");
  return { name, verifier, md5 };
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  while (lines.at(-1) === "") lines.pop();
  return lines;
}

function nameOf(line: string): string | undefined {
  return isNoUser(line) ? undefined : line.split("\t", 1)[0];
}

function isNoUser(line: string): boolean {
  return line === "" || line.startsWith("#");
}
