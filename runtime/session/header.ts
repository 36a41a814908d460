/** Without this file results would be shown without what they depend on. */
import { counted } from "../counted.ts";
import type { Reading, Single, TapPlace, TextFacts, Value } from "../data/frame.ts";
import { factsOf, readingsOf, widthOf } from "../figures/measured.ts";

/**
 * One line: kind, sizes per group, what rows were computed of that were read from no text, layer and hook, SAE and convention, which text was read, how many tokens were masked, and
 * `numerics`: number type and device (describeTarget).
 */
export function headerOf(value: Value, numerics: string): string {
  if (value.kind === "groups") {
    const first = value.members[0]?.value;
    const sizes = value.members.map(({ name, value: member }) => `${name} ${sizeOf(member)}`).join(" · ");
    const read = value.members.flatMap(({ value: member }) => readingsOf(member));
    return [`${first === undefined ? "nothing" : kindOf(first)}[${value.members.length}] ${sizes}`, ...(first === undefined ? [] : aboutOf(first)), ...facts(read, numerics)].join(" · ");
  }
  return [`${kindOf(value)} ${sizeOf(value)}`.trimEnd(), ...aboutOf(value), ...facts(readingsOf(value), numerics)].join(" · ");
}

const aboutOf = (value: Single): readonly string[] => (value.kind === "table" ? value.about ?? [] : []);

/** Activations that were let go as they were written are what they were. */
const kindOf = ({ kind }: Single): string => (kind === "reduced" ? "acts" : kind);

function sizeOf(value: Single): string {
  switch (value.kind) {
    case "table":
      return `${value.rows} × ${value.columns.length}`;
    case "tokens":
      return `${counted(value.ids.length, "text")}, ${counted(value.ids.reduce((sum, ids) => sum + ids.length, 0), "token")}`;
    case "dense":
      return `${counted(value.tokens.ids.length, "text")} × ${counted(value.rows.count, "position")} × ${value.taps[0]?.width ?? 0}`;
    case "acts":
    case "reduced": {
      const { texts, positions } = factsOf(value);
      return `${counted(texts, "text")}, ${counted(positions, "position")}`;
    }
    case "features":
      return `${value.table.rows} of ${value.acts.taps.reduce((sum, _, tap) => sum + widthOf(value.acts, tap), 0)}`;
    case "chart":
      return `${value.mark} of ${value.table.rows} rows`;
    case "plot":
      return value.quantity;
    case "text":
      return "";
    default:
      return value satisfies never;
  }
}

function facts(read: readonly Reading[], numerics: string): string[] {
  const first = read[0];
  if (first === undefined) return [];
  const all = read.map((each) => each.facts);
  const saes = [...new Set(first.taps.flatMap(({ sae }) => sae ?? []))];
  const { model, source } = all[0]!;
  const masked = all.reduce((sum, each) => sum + each.masked, 0);
  const truncated = all.reduce((sum, each) => sum + each.truncated, 0);
  return [
    ...(first.taps.length === 0 ? [] : [placesOf(first.taps)]),
    ...(saes.length === 0 ? [] : [`SAE ${saes.join("; ")}`]),
    `model ${model}${editsOf(all)}, ${numerics}`,
    `text: ${source}`,
    ...(first.taps.length > 0 ? [masked === 0 ? "no special tokens" : `${counted(masked, "special token")} masked`] : masked === 0 ? [] : [`${counted(masked, "special token")} left out`]),
    ...(truncated === 0 ? [] : [`${counted(truncated, "text")} cut`]),
  ];
}

/** What was done to the model, of groups in which of them. */
function editsOf(all: readonly TextFacts[]): string {
  const edits = [...new Set(all.map((each) => each.edits ?? ""))];
  const [first = "", ...others] = edits;
  if (others.length === 0) return first === "" ? "" : ` edited (${first})`;
  return ` edited by group (${all.map((each) => each.edits ?? "unedited").join("; ")})`;
}

/** Layers and hooks, and for a single one the module of transformers that it is: `layer 7 resid_post (model.layers.7 output)`. */
function placesOf(taps: readonly TapPlace[]): string {
  const first = taps[0];
  if (first === undefined) return "";
  const hooks = [...new Set(taps.map((tap) => `${tap.hook}${tap.centred === true ? " centred" : ""}${tap.folded !== undefined ? " without value biases" : ""}`))];
  const module = taps.length === 1 && first.module !== undefined ? ` (${first.module})` : "";
  return `${taps.length > 1 ? "layers" : "layer"} ${taps.map((tap) => tap.layer).join(", ")} ${hooks.join(", ")}${module}`;
}
