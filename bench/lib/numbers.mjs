// Medians, quantiles, and figures and errors as people read them.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  if (n === 0) return Number.NaN;
  return n % 2 ? sorted[(n - 1) / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

export function quantile(sorted, q) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
}

/** 12,345 · 12.3 · 1.23 · a dash for what was not measured. */
export function figure(x) {
  if (!Number.isFinite(x)) return "–";
  if (x < 0) return `-${figure(-x)}`;
  if (x >= 1000) return Math.round(x).toLocaleString("en");
  return x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x === 0 ? "0" : x.toPrecision(x >= 1 ? 3 : 2);
}

/** One line of what a process printed when it died: the one that names the error, where there is one. */
export function gist(text) {
  const named = /^\w*Error: .*/m.exec(String(text))?.[0];
  return (named ?? String(text)).replace(/\s+/g, " ").slice(0, 200);
}
