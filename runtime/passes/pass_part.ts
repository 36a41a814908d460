/** Without this file the graph that is opened before any text is read could be another than the one that runs first. */
import type { EmittedGraph } from "../../src/emit/specs.ts";
import type { Target } from "../../src/emit/target.ts";
import { forwardGraphOf, type ActivationContext, type Forward } from "./activations.ts";
import { jobTargetOf, targetOf } from "./graph_targets.ts";
import { mayScreen, prunes, screens } from "./encode_choice.ts";
import type { Document } from "../engine/port.ts";
import { firstToGuard, unproven } from "../guard/pass.ts";

/** Rows of a document that are encoded within the pass of the model at most: rows × features in the engine; of more the activations come out first, and are encoded piece by piece. */
const MOST_ROWS = 8192;

/** How some documents of a pass are run. */
export interface PassPart {
  /** The guard looks at what came of them, and at what the SAEs read, before anything is kept. */
  readonly guarded: boolean;
  /** The activations come out of the model, and are encoded from there. */
  readonly throughResiduals: boolean;
}

type PartContext = Pick<ActivationContext, "catalog" | "engine" | "graphs" | "guard" | "encodeKernel" | "residuals">;

const encodes = (op: Forward): boolean => op.taps.some(({ sae }) => sae !== null);

/** How the first documents of a pass are run, whatever texts they are: only very long ones have a say. */
function firstPart(op: Forward, { guard, residuals }: PartContext): PassPart {
  // What an edited model makes says nothing of an SAE: those are held against the model as it is, before.
  return { guarded: op.edits === undefined && unproven(op, guard), throughResiduals: encodes(op) && residuals };
}

/** Documents in the parts in which they are run, one after the other. */
export function partsOf<D extends { readonly document: Document }>(op: Forward, documents: readonly D[], context: PartContext): readonly (PassPart & { readonly part: readonly D[] })[] {
  const first = firstPart(op, context);
  const isLong = ({ document }: D): boolean => encodes(op) && document.wanted.length > MOST_ROWS;
  const looked = first.guarded ? firstToGuard(documents.map(({ document }) => document)) : 0;
  const rest = documents.slice(looked);
  return [
    { ...first, part: documents.slice(0, looked) },
    { ...first, guarded: false, part: rest.filter((each) => !isLong(each)) },
    ...rest.filter(isLong).map((each) => ({ ...first, guarded: false, part: [each] })),
  ].flatMap((each) => (each.part.length === 0 ? [] : [{ ...each, throughResiduals: each.throughResiduals || each.part.some(isLong) }]));
}

/** The same pass as far as what its SAEs read. */
export function withoutSaes(op: Forward): Forward {
  return { ...op, taps: op.taps.map((tap) => ({ ...tap, sae: null })) };
}

/** Taps whose features are screened where texts are many and the machine is good at it. */
function screenable(op: Forward, { catalog, engine, encodeKernel }: PartContext): readonly number[] {
  return op.taps.flatMap(({ sae, features }, t) => {
    if (sae === null) return [];
    const { spec } = catalog.sae(sae);
    return (features !== undefined && prunes(spec, targetOf(engine))) || !mayScreen(encodeKernel, spec, engine) ? [] : [t];
  });
}

/** The graph that a part is run through, or null where the texts or a measurement decide. Without documents: for texts not longer than usual tables of positions, as few are. */
function settled(op: Forward, part: PassPart, documents: readonly Document[], context: PartContext, target: Target): EmittedGraph | null {
  const graph = (of: Forward, guarded: boolean): EmittedGraph => forwardGraphOf(of, context.catalog, context.graphs, target, { guarded, documents });
  if (part.throughResiduals) return graph(withoutSaes(op), false);
  return part.guarded || screenable(op, context).length === 0 ? graph(op, part.guarded) : null;
}

/** The graph that a part's documents are run through, by at most `lanes` processes: what is kept is named by the dense one, as the results are the same. */
export async function graphOf(op: Forward, part: PassPart, documents: readonly Document[], context: PartContext, lanes?: number): Promise<EmittedGraph> {
  const target = jobTargetOf(op, documents, context, lanes);
  const known = settled(op, part, documents, context, target);
  if (known !== null) return known;
  const { catalog, engine, graphs, encodeKernel } = context;
  const rows = documents.reduce((sum, { wanted }) => sum + wanted.length, 0);
  const screened: number[] = [];
  for (const t of screenable(op, context)) if (await screens(encodeKernel, catalog.sae(op.taps[t]!.sae!).spec, rows, engine)) screened.push(t);
  return forwardGraphOf(op, catalog, graphs, target, { screened, documents });
}

/** The graph that will run first where nothing of a pass is kept; null where that is not certain: its residuals may be kept, or texts or a measurement decide. */
export function firstGraph(op: Forward, context: PartContext): EmittedGraph | null {
  const first = firstPart(op, context);
  return first.throughResiduals ? null : settled(op, first, [], context, targetOf(context.engine));
}
