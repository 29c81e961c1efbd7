// How every transport behaves, whatever it is made of: order, flow control, ways to end, and how a link comes to be.
import { describe, expect, it } from "vitest";
import { bytes, codeOf, connectedEnds, dial, kinds, listening, record, settled } from "./support/transports.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

describe.each(kinds)("a transport over $name", (kind) => {
  describe("carries bytes", () => {
    it("in the order of writing, both ways, single and gathered", async () => {
      const { near, far } = await connectedEnds(kind);
      const [atNear, atFar] = [record(near), record(far)];
      near.write(bytes("one "));
      near.writev([bytes("two "), bytes("three ")]);
      near.write(bytes("four "));
      near.writev([bytes("(one) ")]);
      near.writev([bytes("five "), new Uint8Array(4 * KiB).fill(0x2e), bytes(" six")]);
      far.write(bytes("and back"));
      const expected = `one two three four (one) five ${".".repeat(4 * KiB)} six`;
      await Promise.all([atFar.received(expected.length), atNear.received(8)]);
      expect(atFar.text).toBe(expected);
      expect(atNear.text).toBe("and back");
    });

    it("of empty writes, none", async () => {
      const { near, far } = await connectedEnds(kind);
      const atFar = record(far);
      near.write(new Uint8Array(0));
      near.writev([]);
      near.writev([new Uint8Array(0), bytes("x")]);
      await atFar.received(1);
      expect(atFar.text).toBe("x");
    });

    it("that came before start", async () => {
      const { near, far } = await connectedEnds(kind);
      const atNear = record(near);
      near.write(bytes("early"));
      far.write(bytes("written before start, too"));
      await atNear.received(25);
      await settled();
      const atFar = record(far);
      expect(atFar.bytes).toBe(0); // not inside start
      await atFar.received(5);
      expect(atFar.text).toBe("early");
    });

    it("without calling anybody inside write, resume and close", async () => {
      const { near, far } = await connectedEnds(kind);
      const [atNear, atFar] = [record(near), record(far)];
      near.write(bytes("x"));
      expect(atFar.bytes).toBe(0);
      await atFar.received(1);
      far.pause();
      near.write(bytes("y"));
      await settled();
      far.resume();
      expect(atFar.bytes).toBe(1);
      await atFar.received(2);
      near.close();
      expect([...atNear.ends, ...atFar.ends]).toEqual([]);
      await Promise.all([atNear.end(), atFar.end()]);
    });

    it("of a large transfer, 8 MiB, slowed down to the reader's pace", async () => {
      const { near, far } = await connectedEnds(kind);
      const [atNear, atFar] = [record(near), record(far)];
      const size = 64 * KiB;
      let written = 0;
      const chunk = (): Uint8Array => {
        const words = new Uint32Array(size / 4);
        for (let i = 0; i < words.length; i += 1) words[i] = written / 4 + i;
        written += size;
        return new Uint8Array(words.buffer);
      };

      far.pause();
      let drains: number;
      do {
        drains = atNear.drains;
        while (near.write(chunk())) expect(written).toBeLessThan(64 * MiB); // false comes, while the reader is paused
        await settled();
      } while (atNear.drains > drains); // until the platform takes no more either
      expect(near.write(chunk())).toBe(false); // queued all the same
      expect(near.unsent).toBeGreaterThan(0);
      await settled();
      expect([atNear.drains, atFar.bytes]).toEqual([drains, 0]);

      far.resume();
      await atNear.drained(drains + 1);
      expect(near.unsent).toBe(0);
      while (written < 8 * MiB) {
        drains = atNear.drains;
        if (!near.write(chunk())) await atNear.drained(drains + 1);
      }
      await atFar.received(written);
      const words = new Uint32Array(new Uint8Array(Buffer.concat(atFar.chunks)).buffer);
      expect(words.length).toBe(written / 4);
      expect(words.findIndex((word, index) => word !== index)).toBe(-1);
    });

    it("and stops after each chunk when the reader says so", async () => {
      const { near, far } = await connectedEnds(kind);
      const atFar = record(far);
      atFar.onData = () => far.pause();
      for (let i = 0; i < 20; i += 1) near.write(new Uint8Array(64 * KiB));
      let seen = 0;
      while (atFar.bytes < 20 * 64 * KiB) {
        await atFar.received(atFar.bytes + 1);
        seen += 1;
        await settled();
        expect(atFar.chunks.length).toBe(seen);
        far.resume();
      }
    });

    it("paused before start, only after resume", async () => {
      const { near, far } = await connectedEnds(kind);
      far.pause();
      const atFar = record(far);
      near.write(bytes("x"));
      await settled();
      expect(atFar.bytes).toBe(0);
      far.resume();
      await atFar.received(1);
    });

    it("and tells a drain that fell due before start", async () => {
      const { near, far } = await connectedEnds(kind);
      let written = 0;
      while (near.write(new Uint8Array(64 * KiB))) written += 64 * KiB;
      const atFar = record(far);
      await atFar.received(written + 64 * KiB);
      await settled();
      const atNear = record(near);
      await atNear.drained(1);
      await settled();
      expect(atNear.drains).toBe(1);
    });
  });

  describe("ends in order by close", () => {
    it("after all that was written", async () => {
      const { near, far } = await connectedEnds(kind);
      const [atNear, atFar] = [record(near), record(far)];
      for (let i = 0; i < 64; i += 1) near.write(new Uint8Array(64 * KiB).fill(i));
      near.close();
      expect(await atFar.end()).toBeUndefined();
      expect(atFar.bytes).toBe(4 * MiB);
      expect(atFar.chunks.at(-1)?.at(-1)).toBe(63);
      expect(await atNear.end()).toBeUndefined();
      expect(near.unsent).toBe(0);
    });

    it("with what both sides wrote, when both close", async () => {
      const { near, far } = await connectedEnds(kind);
      const [atNear, atFar] = [record(near), record(far)];
      near.close();
      far.close();
      expect(await Promise.all([atNear.end(), atFar.end()])).toEqual([undefined, undefined]);
    });

    it("and gives its own side nothing more, though the peer goes on writing", async () => {
      const { near, far } = await connectedEnds(kind);
      const [atNear, atFar] = [record(near), record(far)];
      far.write(new Uint8Array(256 * KiB));
      near.close();
      near.write(bytes("too late"));
      near.writev([bytes("too late")]);
      expect(await atNear.end()).toBeUndefined();
      expect(await atFar.end()).toBeUndefined();
      expect([atNear.bytes, atFar.bytes]).toEqual([0, 0]);
    });

    it("while this side is paused", async () => {
      const { near, far } = await connectedEnds(kind);
      const [atNear, atFar] = [record(near), record(far)];
      near.pause();
      far.write(bytes("nobody reads this"));
      await settled();
      near.close();
      expect(await Promise.all([atNear.end(), atFar.end()])).toEqual([undefined, undefined]);
    });

    it("which a paused peer learns after the last bytes", async () => {
      const { near, far } = await connectedEnds(kind);
      const atFar = record(far);
      far.pause();
      near.write(bytes("last words"));
      near.close();
      await settled();
      expect([atFar.bytes, atFar.ends.length]).toEqual([0, 0]);
      far.resume();
      expect(await atFar.end()).toBeUndefined();
      expect(atFar.text).toBe("last words");
    });

    it("which a peer that starts late learns, too", async () => {
      const { near, far } = await connectedEnds(kind);
      near.write(bytes("hello"));
      near.close();
      await settled();
      const atFar = record(far);
      expect(await atFar.end()).toBeUndefined();
      expect(atFar.text).toBe("hello");
    });
  });

  describe("ends at once by abort", () => {
    it("and drops what was not sent", async () => {
      const { near, far } = await connectedEnds(kind);
      const [atNear, atFar] = [record(near), record(far)];
      far.pause();
      let written = 0;
      for (let i = 0; i < 400; i += 1) {
        near.write(new Uint8Array(64 * KiB));
        written += 64 * KiB;
      }
      expect(near.unsent).toBeGreaterThan(0);
      near.abort();
      expect(await atNear.end()).toBeUndefined(); // it got what it asked for
      expect(near.unsent).toBeGreaterThan(0);
      far.resume();
      await atFar.end();
      expect(atFar.bytes).toBeLessThanOrEqual(written - near.unsent);
    });

    it("also from an end that is closing, or was not started", async () => {
      const { near, far } = await connectedEnds(kind);
      const atNear = record(near);
      far.pause();
      for (let i = 0; i < 400; i += 1) near.write(new Uint8Array(64 * KiB));
      near.close();
      near.abort();
      await atNear.end();
      far.abort();
      expect(await record(far).end()).toBeUndefined();
    });

    it("and the peer, whose bytes were dropped, can tell which were certainly not seen", async () => {
      const { near, far } = await connectedEnds(kind);
      const [atNear, atFar] = [record(near), record(far)];
      far.pause();
      for (let i = 0; i < 400; i += 1) near.write(new Uint8Array(64 * KiB));
      await settled();
      near.write(new Uint8Array(MiB)); // waits behind the others
      far.abort();
      await Promise.all([atNear.end(), atFar.end()]);
      expect(near.unsent).toBeGreaterThanOrEqual(MiB);
      expect(near.unsent).toBeLessThan(400 * 64 * KiB + MiB + 1);
    });

    it("in the middle of a transfer, and what arrived is not among the unsent", async () => {
      const { near, far } = await connectedEnds(kind);
      const [atNear, atFar] = [record(near), record(far)];
      let written = 0;
      atFar.onData = () => {
        if (atFar.bytes > MiB) far.abort();
      };
      for (let i = 0; i < 400; i += 1) {
        near.write(new Uint8Array(64 * KiB));
        written += 64 * KiB;
      }
      await atNear.end();
      expect(atFar.bytes).toBeLessThanOrEqual(written - near.unsent);
    });
  });

  describe("tells its end exactly once, and last", () => {
    it.each(["close", "abort"] as const)("by %s, whatever is called after", async (way) => {
      const { near, far } = await connectedEnds(kind);
      const [atNear, atFar] = [record(near), record(far)];
      near[way]();
      await Promise.all([atNear.end(), atFar.end()]);
      for (const end of [near, far]) {
        end.close();
        end.abort();
        expect(end.write(bytes("x"))).toBe(true);
        expect(end.writev([bytes("x")])).toBe(true);
        end.pause();
        end.resume();
      }
      await settled();
      expect([atNear.ends.length, atFar.ends.length]).toEqual([1, 1]);
      expect([atNear.bytes, atFar.bytes]).toEqual([0, 0]);
    });

    it("to who starts after it", async () => {
      const { near, far } = await connectedEnds(kind);
      near.abort();
      far.abort();
      await settled();
      const [atNear, atFar] = [record(near), record(far)];
      expect([...atNear.ends, ...atFar.ends]).toEqual([]); // not inside start
      await Promise.all([atNear.end(), atFar.end()]);
      await settled();
      expect([atNear.ends.length, atFar.ends.length]).toEqual([1, 1]);
    });

    it("and refuses a second start", async () => {
      const { near } = await connectedEnds(kind);
      record(near);
      expect(() => record(near)).toThrow("started already");
    });
  });

  describe("comes to be", () => {
    it("at the listener's address, and knows its peer", async () => {
      const { near, far, listener } = await connectedEnds(kind);
      const scheme = kind.name.split(" ").at(-1);
      expect(listener.address).toMatch(new RegExp(`^${scheme}:`));
      expect(listener.address).not.toMatch(/:0$/);
      expect([near.peer.scheme, far.peer.scheme]).toEqual([scheme, scheme]);
      const place = listener.address.replace(/^\w+:(\/\/)?/, "").replace("localhost", "127.0.0.1");
      expect(near.peer.address.replace("[::1]", "127.0.0.1")).toBe(place);
      expect(far.peer.address).not.toBe("");
    });

    it("not where nobody listens", async () => {
      const { listener } = await listening(kind);
      await listener.close();
      const error = await dial(kind, listener.address).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(["ECONNREFUSED", "ENOENT"]).toContain(codeOf(error));
      expect((error as Error).message).toContain(String(codeOf(error)));
    });

    it("not twice at one address, and again after close", async () => {
      const { listener } = await listening(kind);
      await expect(listening(kind, {}, listener.address)).rejects.toMatchObject({ code: "EADDRINUSE" });
      const alive = await dial(kind, listener.address);
      alive.abort();
      await listener.close();
      await listening(kind, {}, listener.address);
    });

    it("no more after the listener's close, which leaves the others alone and is harmless twice", async () => {
      const { near, far, listener } = await connectedEnds(kind);
      const atFar = record(far);
      await Promise.all([listener.close(), listener.close()]);
      await listener.close();
      await expect(dial(kind, listener.address)).rejects.toHaveProperty("code");
      near.write(bytes("still here"));
      await atFar.received(10);
    });

    it("for as many as the listener takes", async () => {
      const { listener, accepted, waiting } = await listening(kind, { maxConnections: 1 });
      const first = await dial(kind, listener.address);
      const atFirst = record(first);
      const firstFar = await accepted();
      const atFirstFar = record(firstFar);
      // The one above it is refused, or let in and shut out.
      await dial(kind, listener.address).then(
        (second) => record(second).end(),
        () => {},
      );
      expect(waiting).toEqual([]);
      firstFar.write(bytes("not disturbed"));
      await atFirst.received(13);
      first.close();
      await Promise.all([atFirst.end(), atFirstFar.end()]);
      await settled();
      await dial(kind, listener.address);
      await accepted();
    });

    it("unless the caller's signal says no", async () => {
      const { listener, waiting } = await listening(kind);
      const reason = new Error("changed my mind");
      await expect(dial(kind, listener.address, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      const controller = new AbortController();
      const attempt = dial(kind, listener.address, { signal: controller.signal });
      controller.abort(reason);
      await expect(attempt).rejects.toBe(reason);
      for (const end of waiting) await record(end).end(); // the far side may have seen it come and go
    });

    it("and then the signal and the timeout mean nothing", async () => {
      const { listener, accepted } = await listening(kind);
      const controller = new AbortController();
      const near = await dial(kind, listener.address, { signal: controller.signal, connectTimeout: 5_000 });
      const atNear = record(near);
      controller.abort();
      (await accepted()).write(bytes("hello"));
      await atNear.received(5);
    });

    it("only by an address that makes sense", async () => {
      const scheme = kind.address().replace(/:.*/, "");
      for (const rest of ["", ":", "://", ":///", "://host", "://:1", "://[::1:1", "://host:70000", "://a b:1"]) {
        if ((scheme === "unix" && /^:\/\/\/?$/.test(rest)) || (scheme === "memory" && rest.length > 3)) continue;
        await expect(dial(kind, scheme + rest), scheme + rest).rejects.toMatchObject({ code: "EINVAL" });
        await expect(listening(kind, {}, scheme + rest), scheme + rest).rejects.toMatchObject({ code: "EINVAL" });
      }
    });
  });
});
