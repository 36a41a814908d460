/** Without this file each pass would look up by itself which SAEs edit its model, and what of their files it maps. */
import type { Editing, WeightRef } from "../../src/emit/specs.ts";
import { printEdits, type Edit } from "../../src/ops/edit.ts";
import type { ModelRef, SaeRef } from "../../src/ops/op.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { usedDecoderWeights, usedSaeWeights } from "../checkpoint/nonfinite.ts";

/** An op whose model may be edited. */
interface Edited {
  readonly model: ModelRef;
  readonly edits?: readonly Edit[];
}

/** What headers say of it. */
export function editsTold({ edits = [] }: { readonly edits?: readonly Edit[] | undefined }): { readonly edits?: string } {
  return edits.length === 0 ? {} : { edits: printEdits(edits) };
}

/** The SAEs by which the model of an op is edited. */
export function saesOfEdits({ edits = [] }: Pick<Edited, "edits">): readonly SaeRef[] {
  return edits.map(({ sae }) => sae);
}

/** What is done to the model of a pass, as its graph takes it; nothing where the model is as it is. */
export function editingOf({ model, edits = [] }: Edited, catalog: Pick<Catalog, "sae" | "model">): { readonly editing?: Editing } {
  if (edits.length === 0) return {};
  const specialIds = edits.every(({ special }) => special) ? [] : catalog.model(model).tokenizer.specialIds;
  return { editing: { edits: edits.map((edit) => ({ ...edit, sae: catalog.sae(edit.sae).spec })), specialIds } };
}

/** What edits map of their SAEs. */
export function weightsOfEdits(op: Pick<Edited, "edits">, catalog: Pick<Catalog, "sae">): readonly WeightRef[] {
  return saesOfEdits(op).flatMap((ref) => {
    const { spec } = catalog.sae(ref);
    return [...usedSaeWeights(spec), ...usedDecoderWeights(spec)];
  });
}
