/** Without this file tests of devices would know by names which fixtures no device computes, and each new one with experts would break some of them. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readModel } from "../../runtime/checkpoint/model.ts";
import { expertsIn } from "../../src/emit/block.ts";
import { ARCHITECTURES } from "../parity/kept_positions.ts";

/** Fixtures in which tokens choose experts, and those whose attention adds to scores by distance, turns heads before it norms them, sees runs of tokens, multiplies queries by where they stand, or has sinks. */
export const WITH_EXPERTS: Set<string> = new Set();
export const ATTENDING_OTHERWISE: Set<string> = new Set();

for (const name of readdirSync(ARCHITECTURES)) {
  const { blocks } = (await readModel(join(ARCHITECTURES, name))).spec;
  if (blocks.some((block) => expertsIn(block) !== null)) WITH_EXPERTS.add(name);
  if (blocks.some(({ attention }) => attention.kind === "softmax" && (attention.slopes !== undefined || attention.turnedFirst === true || attention.chunk !== undefined || attention.sharpening !== undefined || attention.sinks !== undefined))) ATTENDING_OTHERWISE.add(name);
}
