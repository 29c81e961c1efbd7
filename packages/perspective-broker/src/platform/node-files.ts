// Node: files that are read again only when they changed, and replaced as a whole.
import { type FileHandle, open, realpath, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import type { Files } from "./files.ts";

export const nodeFiles: Files = {
  async read(path, limit, known) {
    const file = await open(path, "r");
    try {
      const { ino, size, mtimeNs, ctimeNs } = await file.stat({ bigint: true });
      const version = `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
      if (version === known) return undefined;
      if (size > limit) throw new RangeError(`${path} is larger than ${limit} bytes`);
      return { text: await file.readFile("utf8"), version };
    } finally {
      await file.close();
    }
  },

  async replace(path, limit, change) {
    const target = await realpath(path).catch(() => path);
    // The new file is the lock, too: it is created only if it is not there.
    const fresh = `${target}.new`;
    const file = await open(fresh, "wx", 0o600);
    try {
      const before = await nodeFiles.read(target, limit).catch((error) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
      await file.writeFile(change(before?.text));
      await file.sync();
      await file.close();
      await rename(fresh, target);
    } catch (error) {
      await file.close().catch(() => {});
      await unlink(fresh).catch(() => {});
      throw error;
    }
    await syncFolder(dirname(target));
  },
};

/** So that the new name survives a loss of power; where folders cannot be opened, the platform sees to it. */
async function syncFolder(path: string): Promise<void> {
  let folder: FileHandle | undefined;
  try {
    folder = await open(path, "r");
    await folder.sync();
  } catch {
    // Windows.
  } finally {
    await folder?.close();
  }
}
