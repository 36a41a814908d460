/** Without this file each test of the guard would make an SAE that does not fit in its own way. */
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { ownFolder } from "../house/own_folder.ts";

/** A copy of the shipped SAE whose thresholds are all a thousandth: features that hardly fire count, as with a lost normalisation. */
export function wrongSae(): string {
  const path = ownFolder("saeq-sae-");
  cpSync(join(EXAMPLES, "kjv/sae"), path, { recursive: true });
  const file = join(path, "sae_weights.safetensors");
  const bytes = readFileSync(file);
  const header = Number(bytes.readBigUInt64LE(0));
  const { threshold } = JSON.parse(bytes.subarray(8, 8 + header).toString()) as { threshold: { dtype: string; shape: [number]; data_offsets: [number, number] } };
  assert.is(threshold.dtype, "F32");
  for (let i = 0; i < threshold.shape[0]; i++) bytes.writeFloatLE(0.001, 8 + header + threshold.data_offsets[0] + 4 * i);
  writeFileSync(file, bytes);
  return path;
}
