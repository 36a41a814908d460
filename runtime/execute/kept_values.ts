/** Without this file what the stage `cache` keeps would end with the session. */
import { createHash } from "node:crypto";
import { key } from "../../src/ops/key.ts";
import type { WeightRef } from "../../src/emit/specs.ts";
import { isWithHead } from "../../src/ops/reads_of.ts";
import type { Plan } from "../../src/ops/op.ts";
import { nodes } from "../../src/optimize/rule.ts";
import type { ActivationContext } from "../passes/activations.ts";
import { systemCode } from "../data/error.ts";
import { usedDecoderWeights, usedSaeWeights, usedUnembedding, usedWeights } from "../checkpoint/nonfinite.ts";
import type { Value } from "../data/frame.ts";
import { valueKey } from "./value_key.ts";
import { packageVersion } from "../package_root.ts";
import { sizeOf, type ValueStore } from "./value_store.ts";
import type { DiskCache } from "../cache/disk.ts";
import { weightsOfEdits } from "../passes/editing.ts";
import { weightsOf } from "../passes/tap_spaces.ts";
import { bitsClass, stamps } from "../cache/numerics.ts";
import { decodeValue, encodeValue } from "../cache/value_bytes.ts";

type KeepContext = Pick<ActivationContext, "catalog" | "engine" | "guard" | "numerics"> & { readonly values: ValueStore };

/** Values larger than this (estimated) stay in memory. */
const MOST_BYTES = 2 ** 30;

/**
 * The name of a plan's value for ever: ops, arguments, the content read, the state of the weights' files, numerics class and version of
 * saeq, and whether SAEs were guarded. Of two plans of one name the values are equal bit for bit.
 */
function idOf(plan: Plan, { catalog, engine, guard }: KeepContext): string {
  const weights = nodes(plan).flatMap(({ op }): readonly WeightRef[] => {
    // Of a model on the hub, only what an op maps is here.
    if (op.op === "forward") return weightsOf(op, op.taps, op.blocks, { catalog });
    if (isWithHead(op)) return [...usedWeights(catalog.spec(op.model), catalog.spec(op.model).blocks.length, true), ...weightsOfEdits(op, catalog)];
    if (op.op === "similar" || op.op === "promotes") return [...op.saes.flatMap((sae) => usedDecoderWeights(catalog.sae(sae).spec)), ...(op.op === "promotes" ? usedUnembedding(catalog.spec(op.model)) : [])];
    return op.op === "encode" || op.op === "decode" ? op.saes.flatMap((sae) => [...usedSaeWeights(catalog.sae(sae).spec), ...usedDecoderWeights(catalog.sae(sae).spec)]) : [];
  });
  return createHash("sha256").update(JSON.stringify([key(plan), stamps(weights), weights.length === 0 ? "" : [bitsClass(engine.options), guard.on], packageVersion()])).digest("hex").slice(0, 32);
}

/** null while weights are on the hub only: they have no state yet that anything could be kept under. */
function idHere(plan: Plan, context: KeepContext): string | null {
  try {
    return idOf(plan, context);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return null;
    throw error;
  }
}

/** Write a value for `seconds`, or until there is no room; the bytes it took, or null where it could not be kept. */
export async function keepValue(plan: Plan, value: Value, seconds: number | null, disk: DiskCache, context: KeepContext): Promise<number | null> {
  if (value.kind === "plot" || value.kind === "text" || sizeOf(value) > MOST_BYTES) return null;
  const name = plan.op.op === "cache" ? plan.op.name : "";
  return disk.writeValue(idOf(plan, context), JSON.stringify({ name: name === "" ? plan.inputs[0]!.label : name, until: seconds === null ? null : Date.now() + seconds * 1000 }), encodeValue(value));
}

/** Bring what the `cache` stages of a plan kept back into the session, so that nothing before them runs. */
export function recallValues(plan: Plan, disk: DiskCache, context: KeepContext): void {
  for (const node of nodes(plan)) {
    if (node.op.op !== "cache" || context.values.get(valueKey(node, context.numerics)) !== undefined) continue;
    const id = idHere(node, context);
    const found = id === null ? null : disk.readValue(id, ({ label, bytes }) => {
      const { until } = JSON.parse(label) as { readonly until: number | null };
      return until !== null && until <= Date.now() ? null : { until, value: decodeValue(bytes) };
    });
    if (found === null || found.value === null) continue;
    const { until, value } = found;
    context.values.pin(valueKey(node, context.numerics), withPieces(value, node, context) as Value, until === null ? null : (until - Date.now()) / 1000);
  }
}

/** Token texts are a function of the tokenizer, which no file of ours holds. */
function withPieces(value: unknown, plan: Plan, context: KeepContext): unknown {
  if (Array.isArray(value)) return value.map((each) => withPieces(each, plan, context));
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || value instanceof Set || value instanceof Map) return value;
  const whole = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withPieces(each, plan, context)]));
  if (whole["kind"] !== "tokens") return whole;
  const made = nodes(plan).find(({ op }) => op.op === "tokenize" && op.model.name === whole["model"]);
  if (made?.op.op !== "tokenize") throw new Error("kept tokens without a tokenizer");
  const { piece, pieces } = context.catalog.model(made.op.model).tokenizer;
  return { ...whole, piece, pieces };
}
