// The interop interface of README.md, served on loopback by this library's public names alone, until the process is killed.
// Prints `READY port port2` when both ports listen; port 0 (the default) takes a free one.
import { misused, numberFrom, readOptions } from "./command-line.ts";
import { listenPeer, portOf } from "./served/listen-peer.ts";

// npm may be killed and leave behind what it started. Whoever started us by it meant this process: it must free its ports.
if (process.env.npm_lifecycle_event !== undefined) {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit();
  }, 250).unref();
}

const usage = "npm run -s peer:server -- [--port N] [--port2 M] [--unsafe-tracebacks] [--verbose]";
const options = readOptions(
  {
    port: { type: "string" },
    port2: { type: "string" },
    "unsafe-tracebacks": { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
  usage,
);

const ports = {
  port: numberFrom("port", options.port, usage),
  port2: numberFrom("port2", options.port2, usage),
};

try {
  const [first, second] = await listenPeer(ports, {
    unsafeTracebacks: options["unsafe-tracebacks"],
    // Half of the interface is methods that fail; their errors are the peer's business, and are shown when asked for.
    ...(options.verbose ? {} : { log: () => {} }),
  });
  console.log(`READY ${portOf(first)} ${portOf(second)}`);
} catch (error) {
  misused(error instanceof Error ? error.message : String(error), usage);
}
