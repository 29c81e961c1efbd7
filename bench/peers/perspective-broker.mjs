// The library of this repository over TCP, by its public names only, built, with its default options.
// Variants: 'pb'        Twisted's dialect
//           'pb7'       the library's own
//           '…-sync'    the same with `context: "sync"` on both sides: no AsyncLocalStorage around a handler
//           'pb-before' another build of the library, which --before names, in Twisted's dialect
// A program compiled from TypeScript would look like this; nothing here is tuned for the benchmark.
const all = ["W1", "W2", "W3", "W4a", "W4b", "W5", "W5p", "W5leak", "W6", "W6mem", "W7", "W8", "W9"];

export const meta = {
  title: "this library",
  lang: "node",
  packages: ["perspective-broker"],
  workloads: [],
  variants: {
    pb: { title: "this library, dialect pb", workloads: all },
    "pb-sync": { title: 'this library, dialect pb, `context: "sync"`', workloads: all },
    pb7: { title: "this library, dialect pb7", workloads: all },
    "pb7-sync": { title: 'this library, dialect pb7, `context: "sync"`', workloads: all },
    "pb-before": { title: "this library as it was, dialect pb", workloads: all },
  },
};

export async function startServer({ host, port, variant, workload }) {
  const library = await load(variant);
  const { Referenceable, Root, listen } = library;

  class Counter extends Referenceable {
    #value;
    constructor(value) {
      super();
      this.#value = value;
    }
    remote_get() {
      return this.#value;
    }
  }

  class Api extends Root {
    #callback;
    #subscribers = new Set();
    remote_echo(value) {
      return value;
    }
    remote_make(value) {
      return new Counter(value);
    }
    remote_setCallback(callback) {
      this.#callback = callback;
    }
    remote_poke(x) {
      return this.#callback.callRemote("call", x);
    }
    remote_subscribe(subscriber) {
      this.#subscribers.add(subscriber);
    }
    remote_publish(event) {
      for (const subscriber of this.#subscribers) subscriber.callRemoteOnly("call", event);
    }
  }

  const server = await listen(new Api(), `tcp://${host}:${port}`, optionsOf(library, variant, workload));
  return { port: Number(new URL(server.address).port), live: () => exported(server) };
}

export async function connect({ host, port, variant, workload }) {
  const library = await load(variant);
  const { Referenceable, connect: open } = library;

  class Sink extends Referenceable {
    #receive;
    constructor(receive) {
      super();
      this.#receive = receive;
    }
    remote_call(x) {
      return this.#receive(x);
    }
  }

  const { root } = await open(`tcp://${host}:${port}`, optionsOf(library, variant, workload));
  return {
    echo: (value) => root.callRemote("echo", value),
    echoBytes: (bytes) => root.callRemote("echo", bytes),
    async refCycle(x) {
      const counter = await root.callRemote("make", x);
      const value = await counter.callRemote("get");
      counter.release();
      return value;
    },
    refCyclePipelined: (x) => root.callRemote("make", x).callRemote("get"),
    setCallback: (receive) => root.callRemote("setCallback", new Sink(receive)),
    poke: (x) => root.callRemote("poke", x),
    subscribe: (receive) => root.callRemote("subscribe", new Sink(receive)),
    publish: (event) => root.callRemoteOnly("publish", event),
  };
}

function load(variant) {
  if (!variant.endsWith("-before")) return import("perspective-broker");
  const before = process.env.PERSPECTIVE_BROKER_BEFORE;
  if (!before) throw new Error("perspective-broker:pb-before runs with --before PATH only");
  return import(before);
}

function optionsOf(library, variant, workload) {
  const [name, kind] = variant.split("-");
  const dialect = library[name];
  if (!dialect) throw new Error(`this build of perspective-broker has no dialect ${name}`);
  return {
    dialects: [dialect],
    ...(kind === "sync" ? { context: "sync" } : {}),
    // 1 MiB in one string is above pb's default limit, which is Twisted's; peers/pb.py raises its own too.
    ...(workload === "W4a" && name === "pb" ? { limits: { string: 16 << 20, message: 32 << 20 } } : {}),
  };
}

/** Objects that clients hold, over all connections: for the leak check. */
function exported(server) {
  let count = 0;
  for (const connection of server.connections) count += connection.inspect().exports?.length ?? Number.NaN;
  return count;
}
