// One line of input at the bottom of a terminal, and what happens meanwhile above it. Where there is no terminal: plain lines.
import { clearScreenDown, createInterface, cursorTo, moveCursor } from "node:readline";

export interface Terminal extends Disposable {
  /** The lines that are typed; they end with the input, or when it is closed. */
  readonly lines: AsyncIterable<string>;
  /** Shows one line. Control characters are left out: what others send must not move our cursor. */
  print(text: string): void;
  /** Asks for the next line. */
  prompt(): void;
  close(): void;
}

export function openTerminal(prompt: string): Terminal {
  const { stdin: input, stdout: output } = process;
  const terminal = input.isTTY === true && output.isTTY === true;
  const typed = createInterface({ input, prompt, terminal, ...(terminal && { output }) });
  const lines = typed[Symbol.asyncIterator](); // from now on, so that none is lost
  let asking = false;
  let closed = false;
  typed.on("line", () => {
    asking = false;
  });
  typed.on("close", () => {
    if (asking) erase();
    closed = true;
    asking = false;
  });

  /** What is being typed, which may have several rows. */
  const erase = () => {
    moveCursor(output, 0, -typed.getCursorPos().rows);
    cursorTo(output, 0);
    clearScreenDown(output);
  };

  const ask = () => {
    if (!terminal || closed) return;
    typed.prompt(true);
    asking = true;
  };
  return {
    lines: { [Symbol.asyncIterator]: () => lines },
    print(text) {
      const plain = text.replace(/\p{Cc}/gu, "");
      if (!asking) {
        output.write(`${plain}\n`);
        return;
      }
      erase();
      // It comes again below; prompt() goes up by the rows that it knows of.
      const { prevRows = 0 } = typed as { prevRows?: number };
      output.write(`${plain}\n${"\n".repeat(prevRows)}`);
      ask();
    },
    prompt: ask,
    close: () => typed.close(),
    [Symbol.dispose]: () => typed.close(),
  };
}
