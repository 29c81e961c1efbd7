// Runs a program on a leash: when the one who holds our standard input lets go of it, also by dying, the program is killed.
// So no server outlives the tests that started it, however they end. Our exit status is the program's.
import { spawn } from "node:child_process";

const [program, ...args] = process.argv.slice(2);
const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
child.on("error", (error) => {
  console.error(error.message);
  process.exit(127);
});
child.on("exit", (code, signal) => process.exit(code ?? (signal ? 128 : 1)));
process.stdin.on("end", () => child.kill("SIGKILL"));
process.stdin.resume();
