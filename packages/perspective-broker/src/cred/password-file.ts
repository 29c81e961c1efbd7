// A file of users, read again when it changes; the command perspective-broker-passwd writes it. What a line looks like is
// password-lines.ts.

import { platform } from "#platform";
import { UserStoreError } from "../errors.ts";
import type { Files } from "../platform/files.ts";
import type { UserRecord, UserStore } from "./checker.ts";
import { type PasswordLine, readPasswordLines, withoutPasswordLine, withPasswordLine } from "./password-lines.ts";
import { parseVerifier } from "./verifier.ts";

/** Bytes of a file; more is refused. */
const fileLimit = 16 * 1024 * 1024;

export interface PasswordFileOptions {
  /** The column of MD5 digests may be used. Default false. */
  readonly md5?: boolean;
}

/** The users of a password file. A change of the file counts from the next login on. */
export class PasswordFile implements UserStore {
  readonly kinds: readonly ("scram" | "plain" | "md5")[];
  readonly path: string;
  #version: string | undefined;
  #users: ReadonlyMap<string, UserRecord> = new Map();
  #iterations: number | undefined;
  #reading: Promise<void> | undefined;

  constructor(path: string, options: PasswordFileOptions = {}) {
    this.path = path;
    this.kinds = options.md5 ? ["scram", "plain", "md5"] : ["scram", "plain"];
  }

  /** Reads the file, so that a fault of it is known at once: rejects with UserStoreError, or the platform's error. */
  async load(): Promise<this> {
    // Those who come together read once.
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
    return this;
  }

  /** That of the first user. All should have the same: see the guide. Undefined until the file has been read. */
  get iterations(): number | undefined {
    return this.#iterations;
  }

  async findUser(name: string): Promise<UserRecord | undefined> {
    await this.load();
    return this.#users.get(name);
  }

  async #read(): Promise<void> {
    const found = await files().read(this.path, fileLimit, this.#version);
    if (found === undefined) return;
    try {
      this.#users = readPasswordLines(found.text);
    } catch (error) {
      throw new UserStoreError(`${this.path}: ${(error as Error).message}`);
    }
    const [first] = this.#users.values();
    this.#iterations = first?.verifier ? parseVerifier(first.verifier).iterations : undefined;
    this.#version = found.version;
  }
}

/** Adds a user to a file, or replaces the one of that name. The file is made if it is not there. */
export async function addToPasswordFile(path: string, user: PasswordLine): Promise<void> {
  await files().replace(path, fileLimit, (text) => withPasswordLine(text ?? "", user));
}

/** Takes a user out of a file; false if there was none. Rejects with UserStoreError if there is no file. */
export async function removeFromPasswordFile(path: string, name: string): Promise<boolean> {
  let found = false;
  await files().replace(path, fileLimit, (text) => {
    if (text === undefined) throw new UserStoreError(`there is no password file ${path}`);
    const left = withoutPasswordLine(text, name);
    found = left !== undefined;
    return left ?? text;
  });
  return found;
}

function files(): Files {
  if (platform.files !== undefined) return platform.files;
  throw new UserStoreError("there are no files in this runtime");
}
