// A chain of calls: a call and the calls that are made on its behalf, from process to process. It is named where it begins.
/** Where a chain of calls began: a number of the process, and one that the process gave the chain. */
export interface Chain {
  readonly process: number;
  readonly number: number;
}

let own = 0;
let chains = 0;

/** Names this process in chains: a random number below 2^53, never 0. No secret: nothing is granted to who knows it. */
export function processNumber(): number {
  while (own === 0) own = Math.floor(Math.random() * Number.MAX_SAFE_INTEGER);
  return own;
}

/** A chain that begins here. */
export function newChain(): Chain {
  return { process: processNumber(), number: ++chains };
}

/** For people: the same text in every process. */
export function chainName({ process, number }: Chain): string {
  return `chain ${number}@${processName(process)}`;
}

/** For people: short, and hardly the same for two processes. */
export function processName(process: number): string {
  return process.toString(36).slice(-4);
}

/** The order of chains, by process and then by number: above 0 if `a` is the greater one. */
export function compareChains(a: Chain, b: Chain): number {
  return a.process - b.process || a.number - b.number;
}
