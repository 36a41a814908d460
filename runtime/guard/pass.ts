/** Without this file a pass of the model would have to be run twice to be guarded. */
import type { Op } from "../../src/ops/op.ts";
import type { Catalog } from "../catalog/catalog.ts";
import type { Acts, Dense } from "../data/frame.ts";
import type { Document, Progress, TapOutput } from "../engine/port.ts";
import { GUARD_TOKENS, requireFit, type Guard, type Restore } from "./guard.ts";
import type { Rows } from "./measure.ts";

type Forward = Op & { readonly op: "forward" };

const keyOf = (...parts: readonly unknown[]): string => JSON.stringify(parts);

/** Whether what a tap gives may outlive the session: the guard let its SAE pass, or nobody wants to know. */
export function fits(op: Forward, tap: Forward["taps"][number], guard: Guard): boolean {
  return !guard.on || tap.sae === null || guard.passed.has(keyOf(op.model, tap));
}

/** Whether an SAE of the pass has to be looked at before its features count. */
export function unproven(op: Forward, guard: Guard): boolean {
  return !op.taps.every((tap) => fits(op, tap, guard));
}

/** How many of the first documents are looked at before the rest is run. */
export function firstToGuard(documents: readonly Document[]): number {
  let tokens = 0;
  const last = documents.findIndex(({ wanted }) => (tokens += wanted.length) >= GUARD_TOKENS);
  return last === -1 ? documents.length : last + 1;
}

export interface GuardedDocument {
  readonly document: Document;
  readonly special: ReadonlySet<number>;
  /** What the taps of the pass gave, and behind them what those with an SAE read. */
  readonly taps: readonly TapOutput[];
  readonly dense: readonly TapOutput[];
}

/** @throws CheckpointError `guard-failed` */
export async function guardTaps(op: Forward, documents: readonly GuardedDocument[], guard: Guard, catalog: Catalog, restore: Restore): Promise<void> {
  let read = 0;
  for (const [t, tap] of op.taps.entries()) {
    if (tap.sae === null) continue;
    const at = read++;
    const key = keyOf(op.model, tap);
    if (guard.passed.has(key)) continue;
    const rows = documents.map(({ document, special, taps, dense }): Rows => {
      const [sparse, residual] = [taps[t], dense[at]];
      if (sparse?.kind !== "sparse" || residual?.kind !== "dense") throw new Error("a guard reads features and the activations they come from");
      const counted = Array.from(document.wanted.keys()).filter((row) => document.wanted[row]! > 0 && !special.has(document.ids[document.wanted[row]!]!));
      return { sparse, dense: residual, counted, restored: null };
    });
    await requireFit(guard, { key, model: op.model.name, sae: catalog.sae(tap.sae), rows, bos: documents.some(({ document, special }) => special.has(document.ids[0]!)) }, restore);
  }
}

/** The same where activations were computed first and are encoded by themselves. @throws CheckpointError `guard-failed` */
export async function guardEncoded(op: Op & { readonly op: "encode" }, dense: Dense, acts: Acts, guard: Guard, catalog: Catalog, restore: Restore): Promise<void> {
  if (!guard.on) return;
  for (const [t, tap] of dense.taps.entries()) {
    const ref = op.saes[t]!;
    const key = keyOf(dense.tokens.model, tap.layer, tap.hook, ref);
    if (guard.passed.has(key)) continue;
    const counted: number[] = [];
    for (let row = 0; row < dense.rows.count && counted.length < GUARD_TOKENS; row++) if (dense.rows.masked[row] === 0 && dense.rows.position[row]! > 0) counted.push(row);
    const { indptr, indices, values } = acts.taps[t]!.csr;
    const bos = dense.tokens.ids.some((ids) => dense.tokens.special.has(ids[0]!));
    await requireFit(guard, { key, model: dense.tokens.model, sae: catalog.sae(ref), rows: [{ dense: { kind: "dense", width: tap.width, values: tap.values }, sparse: { kind: "sparse", indptr, indices, values }, counted, restored: null }], bos }, restore);
  }
}

/** The progress of several jobs, one after the other, as that of one. */
export function progressOfParts(parts: readonly (readonly Document[])[], onProgress: (progress: Progress) => void): readonly ((progress: Progress) => void)[] {
  const tokensOf = (part: readonly Document[]): number => part.reduce((sum, { ids }) => sum + ids.length, 0);
  const [totalDocuments, totalTokens] = [parts.reduce((sum, part) => sum + part.length, 0), parts.reduce((sum, part) => sum + tokensOf(part), 0)];
  let before = { documents: 0, tokens: 0 };
  return parts.map((part) => {
    const { documents: done, tokens: read } = before;
    before = { documents: done + part.length, tokens: read + tokensOf(part) };
    return ({ documents, tokens }) => onProgress({ documents: done + documents, totalDocuments, tokens: read + tokens, totalTokens });
  });
}
