/** Without this file features would stay features: nobody could see what of the model they leave out. */
import { decodeRows, emitDecode } from "../../src/emit/decode.ts";
import type { Op } from "../../src/ops/op.ts";
import type { ColumnSchema } from "../../src/ops/schema.ts";
import { whileFinite, type ActivationContext } from "./activations.ts";
import { hostTargetOf } from "./graph_targets.ts";
import { usedDecoderWeights } from "../checkpoint/nonfinite.ts";
import type { Acts, Column, Dense, DenseTap, Single, Table, Value } from "../data/frame.ts";
import { labelColumns, type Member } from "../data/group_labels.ts";
import { createColumn } from "../data/table.ts";
import { MOST_ROWS } from "../engine/batching.ts";
import { fidelity } from "../kernels/fidelity.ts";

type Decode = Op & { readonly op: "decode" };

/** The reconstruction of each group, or of the whole; `dense` is what its features were encoded from. */
export async function decodeGroups(op: Decode, acts: Value, dense: Value, context: ActivationContext): Promise<Value> {
  if (acts.kind !== "groups" || dense.kind !== "groups") return decode(op, kindOf("acts", acts), kindOf("dense", dense), context);
  const members = [];
  for (const [i, member] of acts.members.entries()) members.push({ ...member, value: await decode(op, kindOf("acts", member.value), kindOf("dense", dense.members[i]?.value), context) });
  return { ...acts, members };
}

async function decode(op: Decode, acts: Acts, dense: Dense, context: ActivationContext): Promise<Dense> {
  const taps: DenseTap[] = [];
  const total = acts.rows.count * acts.taps.length;
  const documents = acts.tokens.ids.length;
  for (const [t, tap] of acts.taps.entries()) {
    const ref = op.saes[t]!;
    const { spec } = context.catalog.sae(ref);
    const residual = dense.taps[t]!;
    const target = hostTargetOf(context.engine);
    const id = JSON.stringify(["decode", ref, target]);
    const graph = context.graphs.get(id) ?? emitDecode(spec, target);
    context.graphs.set(id, graph);
    const onRows = (done: number): void => {
      const tokens = t * acts.rows.count + done;
      context.onProgress({ documents: Math.floor((documents * tokens) / Math.max(total, 1)), totalDocuments: documents, tokens, totalTokens: total });
    };
    const values = await whileFinite(usedDecoderWeights(spec), context.signal, (signal) =>
      context.engine.decode(graph, { csr: tap.csr, residual: residual.values, width: residual.width, rowsAtOnce: decodeRows(spec, MOST_ROWS), signal, onRows }),
    );
    taps.push({ layer: spec.hookOut?.layer ?? tap.layer, hook: spec.hookOut?.hook ?? tap.hook, sae: tap.sae, width: spec.decoder!.dOut, values });
  }
  return { kind: "dense", tokens: acts.tokens, rows: acts.rows, taps };
}

function kindOf<K extends Single["kind"]>(kind: K, value: Value | undefined): Single & { readonly kind: K } {
  if (value?.kind !== kind) throw new Error(`expected ${kind}, got ${value?.kind}`);
  return value as Single & { readonly kind: K };
}

/** One row per group and layer. */
export function fidelityTable(reconstructions: readonly Member[], targets: readonly Member[], keys: readonly ColumnSchema[] | null): Table {
  const rows = reconstructions.flatMap(({ value, ...label }, i) => {
    const [made, meant] = [kindOf("dense", value), kindOf("dense", targets[i]?.value)];
    return made.taps.map((tap, t) => ({
      ...label,
      layer: tap.layer,
      documents: made.tokens.ids.length,
      masked: made.rows.masked.reduce((sum, one) => sum + one, 0),
      ...fidelity(tap.values, meant.taps[t]!.values, tap.width, made.rows.masked),
    }));
  });
  const ints = (name: string, of: (row: (typeof rows)[number]) => number): Column => createColumn(name, "int", rows.map(of));
  const floats = (name: string, of: (row: (typeof rows)[number]) => number | null): Column => createColumn(name, "float", rows.map(of));
  const layered = reconstructions.some(({ value }) => value.kind === "dense" && value.taps.length > 1);
  return {
    kind: "table",
    rows: rows.length,
    origin: "decode",
    columns: [
      ...labelColumns(rows, keys),
      ...(layered ? [ints("layer", (row) => row.layer)] : []),
      ints("documents", (row) => row.documents),
      ints("tokens", (row) => row.rows),
      floats("explained_variance", (row) => row.explainedVariance),
      floats("mse", (row) => row.mse),
      floats("relative_error", (row) => row.relativeError),
      floats("cosine", (row) => row.cosine),
      ints("masked", (row) => row.masked),
    ],
  };
}
