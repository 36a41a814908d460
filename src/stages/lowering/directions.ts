/** Without this file two stages would say in two ways whose decoder directions they mean. */
import { printColumn } from "../../../grammar/print_parts.ts";
import { HOOK_WORDS } from "../../ops/hook.ts";
import { partOf, type FeaturesOf } from "../../ops/names_of.ts";
import type { Plan, SaeRef } from "../../ops/op.ts";
import { columnOf, type ColumnSchema, type Schema, table } from "../../ops/schema.ts";
import { column, ints, oneOf, optionalInt, type ArgValues } from "../args.ts";
import type { Lowering, SaeFacts } from "../stage.ts";
import { factsOf } from "./decoded.ts";
import { hasTexts } from "./documents.ts";
import { areFeatures } from "./known_features.ts";
import { labelledColumns } from "./labelled.ts";

/** Whose directions are meant: the arguments of every stage that asks for them. */
export const DIRECTION_ARGS = {
  feature: ints({ min: 0, of: "feature", default: [], doc: "Features; those listed by the input where not given" }),
  layer: optionalInt({ keyword: true, min: 0, of: "layer", doc: "Features of the SAE of this layer, where several are set" }),
  hook: { ...oneOf(HOOK_WORDS, { keyword: true, default: "resid_post", doc: "And of this hook, where several are set for that layer" }), depends: true },
  of: column({ keyword: true, default: "feature", doc: "The column of the input that names features" }),
} as const;

/** Features, by number or as an input lists them, and the SAEs that they are of: one, or with `layers` one for each layer that rows of the input may name. */
export interface Directions {
  readonly inputs: readonly Plan[];
  readonly features: readonly number[] | null;
  /** The column that lists them, where it is not `feature`. */
  readonly of?: string;
  readonly saes: readonly SaeFacts[];
  readonly layers: readonly number[] | null;
  /** The schema of a table with such columns, `layer` before them where there are several. */
  readonly schema: (columns: readonly ColumnSchema[]) => Schema | null;
}

/** What `similar` and `promotes` are asked about; null after a reported mistake. */
export function directionsOf(context: Lowering, stage: string, args: ArgValues<typeof DIRECTION_ARGS>): Directions | null {
  const { feature, of } = args;
  if (!context.hasInput) {
    if (feature.length === 0) {
      context.report({ code: "missing-argument", message: `\`${stage}\` needs a feature, or an input that lists some`, help: `${stage} 512` });
      return null;
    }
    const set = context.saes();
    if (set.length === 0) return null;
    const sae = oneOfThem(context, set, stage, args);
    if (sae === null || !hasDecoder(context, sae) || !areThere(context, feature, sae)) return null;
    return { inputs: [], features: feature, saes: [sae], layers: null, schema: table };
  }
  const { input } = context;
  if (feature.length > 0) {
    context.report({ code: "wrong-argument", message: "features are named, and an input lists others", span: context.at("feature"), help: `${stage} ${feature.join(", ")}` });
    return null;
  }
  const listed = columnOf(input.schema, of);
  if (listed?.type !== "int") {
    if (!input.schema.known) return null;
    context.report({
      code: "unknown-column",
      message: listed === undefined ? "this table has no column `feature`" : `\`${of}\` is ${listed.type} here, and features are numbers`,
      ...(context.given("of") ? { span: context.at("of") } : {}),
      notes: [`columns here: ${input.schema.columns.map(({ name }) => name).join(", ")}`, ...(listed === undefined ? [] : [`a file's numbers are read as such where it is said: csv "…" types {${printColumn(of)}: int}`])],
      ...(listed === undefined && hasTexts(input.schema) ? context.way(["features"]) : { help: `… | ${stage} of <column>` }),
    });
    return null;
  }
  const refs = encodedWith(input);
  const known = refs.length === 0 ? context.saes() : factsOf(context, refs);
  if (known === null || known.length === 0) return null;
  const byLayer = columnOf(input.schema, "layer")?.type === "int" && known.every(({ layer }) => layer !== null);
  const saes = byLayer ? ofLayers(context, known, stage, args) : one(oneOfThem(context, known, stage, args));
  if (saes === null || !saes.every((sae) => hasDecoder(context, sae))) return null;
  const inputs = byLayer && args.layer !== null ? [onlyLayer(context, input, args.layer)] : [input];
  return {
    inputs,
    features: null,
    ...(of === "feature" ? {} : { of }),
    saes,
    layers: byLayer ? saes.map(({ layer }) => layer!) : null,
    schema: (made) => {
      const columns = byLayer && saes.length > 1 ? [{ name: "layer", type: "int" } as const, ...made] : made;
      return labelledColumns(context, stage, columns) === null ? null : { kind: "table", columns, groups: input.schema.groups, ...(input.schema.keys === undefined ? {} : { keys: input.schema.keys }), known: true };
    },
  };
}

const one = (sae: SaeFacts | null): readonly SaeFacts[] | null => (sae === null ? null : [sae]);

/** The SAEs that the features of a table were found with, each once; [] where it does not come from any. */
function encodedWith(plan: Plan, seen = new Set<Plan>()): readonly SaeRef[] {
  if (seen.size === seen.add(plan).size) return [];
  if (plan.op.op === "encode" || plan.op.op === "similar" || plan.op.op === "promotes") return plan.op.saes;
  const all = plan.inputs.flatMap((input) => encodedWith(input, seen));
  return all.filter((sae, at) => all.findIndex((other) => other.name === sae.name && other.digest === sae.digest && other.convention === sae.convention) === at);
}

/** The layers of the SAEs that the features of the input are of, or of those that are set, each once. */
export function layersOf(context: Lowering): readonly number[] {
  const refs = encodedWith(context.input);
  const known = refs.length === 0 ? context.saes() : knownOf(context, refs);
  return [...new Set(known.flatMap(({ layer }) => layer ?? []))];
}

/** What is known of the SAEs that a plan was made with: another may be set by now. */
function knownOf(context: Lowering, refs: readonly SaeRef[]): readonly SaeFacts[] {
  if (refs.length === 0) return [];
  const set = context.settings.sae.length === 0 ? [] : context.saes();
  return refs.flatMap((each) => set.find(({ ref }) => each.digest === ref.digest && each.convention === ref.convention) ?? context.saeOf(each) ?? []);
}

/** The SAEs that the features of the input are of, as far as that is known; [] where it does not say. Reports nothing. */
export function featuresOf(context: Lowering): readonly FeaturesOf[] {
  const refs = encodedWith(context.input);
  const facts = knownOf(context, refs);
  if (facts.length < refs.length) return [];
  return facts.map(({ ref, layer, hook, writes, neuronpedia }) => ({ name: ref.name, layer, part: writes === null ? partOf(hook) : null, id: neuronpedia?.slice(neuronpedia.indexOf("/") + 1) ?? null }));
}

/** The one SAE whose features are meant. */
function oneOfThem(context: Lowering, saes: readonly SaeFacts[], stage: string, { feature, layer, hook }: ArgValues<typeof DIRECTION_ARGS>): SaeFacts | null {
  const here = saes.filter((sae) => (layer === null || sae.layer === layer) && (!context.given("hook") || sae.hook === hook));
  if (here.length === 0) return noneThere(context, saes, layer);
  const [first, another] = here;
  if (another === undefined) return first!;
  const layers = [...new Set(here.flatMap((sae) => sae.layer ?? []))];
  const hooks = [...new Set(here.flatMap((sae) => sae.hook ?? []))];
  const named = feature.length > 0 ? `${stage} ${feature.join(", ")}` : `… | ${stage}`;
  context.report({
    code: "missing-argument",
    message: layers.length > 1 ? `${here.length} SAEs are set, and each has features of its own` : `${here.length} SAEs are set for ${layers.length === 1 ? `layer ${layers[0]}` : "the same place"}, and each has features of its own`,
    notes: here.map((sae) => `${sae.ref.name}: ${sae.hookName}`),
    help: layers.length > 1 ? `${named} layer ${layers[0]}` : hooks.length > 1 ? `${named}${layer === null ? "" : ` layer ${layer}`} hook ${hooks[0]}` : `set sae "${first!.ref.name}"`,
  });
  return null;
}

/** One SAE for each layer, all or the one that was asked for. */
function ofLayers(context: Lowering, saes: readonly SaeFacts[], stage: string, args: ArgValues<typeof DIRECTION_ARGS>): readonly SaeFacts[] | null {
  const layers = [...new Set(saes.map((sae) => sae.layer!))];
  if (args.layer !== null && !layers.includes(args.layer)) return one(noneThere(context, saes, args.layer));
  const chosen: SaeFacts[] = [];
  for (const layer of args.layer === null ? layers : [args.layer]) {
    const sae = oneOfThem(context, saes.filter((each) => each.layer === layer), stage, { ...args, layer });
    if (sae === null) return null;
    chosen.push(sae);
  }
  return chosen;
}

function noneThere(context: Lowering, saes: readonly SaeFacts[], layer: number | null): null {
  const layers = [...new Set(saes.flatMap((sae) => sae.layer ?? []))];
  const [only, ...others] = layers;
  const wrongLayer = layer !== null && !layers.includes(layer);
  context.report({
    code: "hook-mismatch",
    message: wrongLayer ? `no SAE of layer ${layer} is set` : `no SAE of that hook is set${layer === null ? "" : ` for layer ${layer}`}`,
    span: context.at(wrongLayer ? "layer" : "hook"),
    notes: saes.map((sae) => `${sae.ref.name}: ${sae.hookName}`),
    ...(wrongLayer && only !== undefined && others.length === 0 ? { fix: { span: context.at("layer"), text: `layer ${only}` } } : { help: `set sae "…" to one of that ${wrongLayer ? "layer" : "hook"}` }),
  });
  return null;
}

function hasDecoder(context: Lowering, sae: SaeFacts): boolean {
  if (sae.noDecoder === null) return true;
  context.report({ code: "unsupported-sae", message: `the features of ${sae.ref.name} have no direction: ${sae.noDecoder}`, help: 'set sae "…" to one whose decoder writes to one place' });
  return false;
}

/** Whether this SAE has them all. */
function areThere(context: Lowering, feature: readonly number[], sae: SaeFacts): boolean {
  const own = Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(context), saes: { value: () => [sae] } }) as Lowering;
  return areFeatures(own, feature);
}

function onlyLayer(context: Lowering, input: Plan, layer: number): Plan {
  const left = { op: "column", name: "layer", type: "int" } as const;
  return context.node({ op: "filter", predicate: { op: "compare", cmp: "==", left, right: { op: "literal", value: layer, type: "int" }, type: "bool" } }, [input], { ...input.schema, kind: "table" });
}
