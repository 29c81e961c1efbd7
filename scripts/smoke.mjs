// Uses the built package as a stranger would: by its name, by plain Node, from a folder outside of the package.
// Run after `npm run build`.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const program = `
import { connect, listen, Root } from "perspective-broker";

class One extends Root {
  remote_double(n) { return n * 2; }
}
const server = await listen(new One(), "tcp://127.0.0.1:0");
const connection = await connect(server.address);
const result = await connection.root.callRemote("double", 21);
if (result !== 42) throw new Error("expected 42, got " + result);
await connection.close();
await server.close();
`;

const folder = fileURLToPath(new URL("../examples/", import.meta.url));
const options = { cwd: folder, stdio: "inherit", timeout: 30_000 };
execFileSync(process.execPath, ["--input-type=module", "--eval", program], options);
console.log(`the built package works on Node ${process.version}`);
