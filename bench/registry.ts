/** Without this file nobody would know whether the registry of SAEs makes anybody wait. Prints medians in ms, each in a fresh process; the peer is JSON.parse of the same table. */
import { execFileSync } from "node:child_process";
import { median } from "./median.ts";

const TIMES: readonly (readonly [string, string])[] = [
  ["read the table and find one SAE", `const { registeredSae } = await import("./runtime/registry/registry.ts"); const start = performance.now(); registeredSae("llama_scope_lxr_8x/l7r_8x"); console.log(performance.now() - start);`],
  ["the same, all 13,857", `const { allSaes } = await import("./runtime/registry/registry.ts"); const start = performance.now(); [...allSaes()]; console.log(performance.now() - start);`],
  ["JSON.parse of all", `const { allSaes } = await import("./runtime/registry/registry.ts"); const text = JSON.stringify([...allSaes()]); const start = performance.now(); JSON.parse(text); console.log(performance.now() - start);`],
];
for (const [what, code] of TIMES) {
  const runs = Array.from({ length: 7 }, () => Number(execFileSync(process.execPath, ["--input-type=module-typescript", "-e", code], { encoding: "utf8" })));
  console.log(`${what.padEnd(36)} ${median(runs).toFixed(1)} ms`);
}
