import { defaultServerConditions } from "vite";
import { defineConfig } from "vitest/config";

// Tests read the sources: no build is needed before them.
const source = "perspective-broker:source";
const conditions = [source, ...defaultServerConditions];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: [source] } },
  oxc: { target: "node20" },
  test: {
    environment: "node",
    include: ["packages/*/test/**/*.test.ts", "examples/**/*.test.ts"],
    pool: "forks",
    testTimeout: 10_000,
    hookTimeout: 20_000,
    reporters: process.env.CI ? ["default", ["json", { outputFile: ".vitest/results.json" }]] : ["default"],
    coverage: { provider: "v8", include: ["packages/*/src/**"], reporter: ["text-summary", "html"] },
  },
});
