// A bar on a terminal, else a line now and then: what goes to a file or a pipe is text without escape codes.

export interface Progress {
  show(done: number): void;
  end(): void;
}

export function showProgress(total: number): Progress {
  return process.stdout.isTTY && process.env.TERM !== "dumb" ? bar(total) : lines(total);
}

function bar(total: number): Progress {
  const { stdout, env } = process;
  const width = Math.max(5, Math.min(48, (stdout.columns || 80) - 16));
  const coloured = (text: string) => (env.NO_COLOR ? text : `\x1b[36m${text}\x1b[0m`);
  const show = (done: number) => {
    const full = Math.round((width * done) / total);
    const count = `${String(done).padStart(3)} of ${total}`;
    stdout.write(`\r  ${coloured("█".repeat(full))}${"░".repeat(width - full)} ${count}`);
  };
  show(0);
  return { show, end: () => stdout.write("\n") };
}

function lines(total: number): Progress {
  const show = (done: number) => {
    if (done % 10 === 0 || done === total) console.log(`  ${String(done).padStart(3)} of ${total}`);
  };
  return { show, end: () => {} };
}
