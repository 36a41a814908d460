/** Without this file tests of families of models would each change a fixture's config and names in their own way. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { CheckpointError } from "../../runtime/checkpoint/error.ts";
import { readModel, type Model } from "../../runtime/checkpoint/model.ts";
import { withHeader } from "../session/checkpoints.ts";

/** Models of this process lie here. */
const folder = mkdtempSync(join(tmpdir(), "saeq-architectures-"));
process.on("exit", () => rmSync(folder, { recursive: true }));

/** A folder of its own for one model. */
export function room(): string {
  return mkdtempSync(join(folder, "model-"));
}

export const fixtures: string = join(import.meta.dirname, "../parity/architectures");

export interface Change {
  readonly config?: (config: Record<string, unknown>) => Record<string, unknown> | void;
  /** A tensor's new name. */
  readonly name?: (name: string) => string;
  readonly shape?: (name: string, shape: readonly number[]) => readonly number[];
}

/** A fixture with its config or the header of its weights changed. */
export function changed(name: string, change: Change): string {
  const path = room();
  cpSync(join(fixtures, name), path, { recursive: true });
  const config = JSON.parse(readFileSync(join(path, "config.json"), "utf8")) as Record<string, unknown>;
  writeFileSync(join(path, "config.json"), JSON.stringify(change.config?.(config) ?? config));
  const bytes = readFileSync(join(path, "model.safetensors"));
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString()) as Record<string, { shape: readonly number[] }>;
  const entries = Object.entries(header).map(([key, entry]) => (key === "__metadata__" ? [key, entry] : [change.name?.(key) ?? key, { ...entry, shape: change.shape?.(key, entry.shape) ?? entry.shape }]));
  writeFileSync(join(path, "model.safetensors"), withHeader(JSON.stringify(Object.fromEntries(entries)), [bytes.subarray(8 + length)]));
  return path;
}

export const failure = (path: string): Promise<CheckpointError> => readModel(path).then(() => assert.unreachable() as never, (error: CheckpointError) => error);

/** Shapes, offsets and everything else of a model but its place and fingerprint. */
export const content = ({ spec }: Model): unknown => JSON.parse(JSON.stringify({ ...spec, digest: "", hooks: null, architecture: "" }), (key, value: unknown) => (key === "file" || key === "offset" ? undefined : value));
