// Prints what a program for the browser weighs, by source file: `npm run size`, or with a program of one's own as argument.
import { bundled } from "./bundle.ts";

const program = process.argv[2] ?? 'export { connect, memoryPair, Referenceable } from "perspective-broker";';
const { bytes, gzip, files, later } = await bundled(program);
console.log(`${bytes} bytes minified, ${gzip} with gzip`);
for (const [file, size] of files) console.log(`${String(size).padStart(7)}  ${file}`);
if (later.length > 0) console.log(`loaded when asked for: ${later.join(", ")}`);
