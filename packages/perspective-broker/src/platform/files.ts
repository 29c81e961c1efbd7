// What a password file asks of the runtime. Node has it; browsers do not.

export interface Files {
  /**
   * The text of a file, with a version that changes when the file does; undefined while it is still the version `known`.
   * Rejects for a file of more than `limit` bytes, and with the platform's error (`ENOENT` …).
   */
  read(path: string, limit: number, known?: string): Promise<{ text: string; version: string } | undefined>;
  /**
   * Replaces a file by what `change` makes of its text (undefined if there is none), so that a reader sees the old one or the
   * new one, readable by its owner only. Two at the same time: the second is refused with `EEXIST`.
   */
  replace(path: string, limit: number, change: (text: string | undefined) => string): Promise<void>;
}
