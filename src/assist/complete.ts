/** Without this file people would have to know every word by heart. */
import { PARAM_TYPES } from "../check/check.ts";
import { INPUT_TYPES } from "../check/define.ts";
import { SETTINGS } from "../check/settings.ts";
import { relation, stageNamed, stagesOf, type Facts, type Scope } from "../check/scope.ts";
import { FUNCTIONS } from "../ops/functions.ts";
import type { Plan } from "../ops/op.ts";
import { columnOf, UNKNOWN, type Schema } from "../ops/schema.ts";
import { compile } from "../pipeline.ts";
import { holdsOf } from "../stages/args.ts";
import { usage, type StageDefinition } from "../stages/stage.ts";
import { argumentDoc } from "./argument_text.ts";
import { caretAt, type Caret } from "./caret.ts";
import { columnValues, comparedColumn, quoted, ofTemplates, saeLayers } from "./complete_values.ts";
import { awaitsValue, continuing, wordsOf } from "./continuation.ts";
import { nextArgument, placeWords } from "./place_words.ts";
import { signatureAt } from "./signature.ts";

export interface Candidate {
  /** What is inserted between `from` and `to`. */
  readonly text: string;
  /** One line: type, default or doc. */
  readonly detail: string;
  readonly kind: "stage" | "keyword" | "column" | "relation" | "value" | "param" | "statement" | "file" | "function";
}
export interface Completions {
  readonly from: number;
  readonly to: number;
  readonly items: readonly Candidate[];
  /** The usage of the stage at the caret: `sample <n> [draw <int>]`. */
  readonly signature: string | null;
  /** A file can stand here: whoever may look at folders offers those that end so; null where none can. */
  readonly files?: { readonly extensions: readonly string[] } | null;
}

export interface CompleteContext {
  readonly scope: Scope;
  /** Only facts already known are used. */
  readonly facts: Facts;
  /** Models and SAEs that are at hand, by the names `set` takes. */
  readonly models?: readonly string[];
  readonly saes?: readonly string[];
  /** Names of models and SAEs that are known and may be far away; none where absent. */
  readonly checkpoints?: CheckpointNames;
}

interface Found {
  readonly items: readonly Candidate[];
  readonly signature: string | null;
  readonly files?: { readonly extensions: readonly string[] } | null;
}

/** Known names of a kind, each with a word about it. Asked with what is typed, since there are thousands. */
export type CheckpointNames = (kind: "model" | "sae", typed: string) => readonly { readonly name: string; readonly detail: string }[];

const STATEMENTS: readonly Candidate[] = [
  { text: "let", detail: "name a value: let x = …", kind: "statement" },
  { text: "set", detail: "change a setting: set seed 42", kind: "statement" },
  { text: "param", detail: "a value from the command line: param n: int = 10", kind: "statement" },
  { text: "def", detail: "a stage of your own: def f(x: table) = x | …", kind: "statement" },
  { text: "use", detail: 'definitions of a file: use "lib/x.saeq" as x', kind: "statement" },
];

/** What can stand at an offset, best first. Pure; reads the stage table and holds no knowledge of stages. */
export function complete(text: string, offset: number, context: CompleteContext): Completions {
  const caret = caretAt(text, offset);
  const found = caret.quote === null ? typeNames(text.slice(0, caret.from)) ?? candidates(caret, context) : quotedCandidates(text, offset, caret, context);
  const seen = new Set<string>();
  const items = found.items.filter((item) => item.text.startsWith(caret.word) && item.text !== caret.word && !seen.has(item.text) && seen.add(item.text));
  return { from: caret.from, to: offset + caret.rest.length, items, signature: found.signature, files: found.files ?? null };
}

/** The types that can stand behind the colon of a `param` or of an input of a `def`; null elsewhere. */
function typeNames(ahead: string): Found | null {
  const types = /(?:^|[\n;])[ \t]*param\s+[^\s:]+\s*:\s*$/.test(ahead) ? PARAM_TYPES : /(?:^|[\n;])[ \t]*def\s+[^\s(]+\s*\([^()]*:\s*$/.test(ahead) ? INPUT_TYPES : null;
  return types === null ? null : { items: types.map((text): Candidate => ({ text, detail: "type", kind: "keyword" })), signature: null };
}

/** Inside quotes: a name for `set`, a file, or a value of the column that is compared. */
function quotedCandidates(text: string, offset: number, caret: Caret, context: CompleteContext): Found {
  const words = caret.stage.split(/\s+/).filter((word) => word !== "");
  const close = text[offset + caret.rest.length] === caret.quote![0] ? "" : caret.quote![0]!;
  const closed = (names: readonly string[], detail: string): Candidate[] => names.map((name) => ({ text: `${name}${close}`, detail, kind: "value" }));
  if (!caret.piped && words[0] === "set") {
    const setting = words.filter((word): word is "model" | "sae" => word === "model" || word === "sae").at(-1);
    // Of what is far away there is so much that a letter is asked for first.
    const far = setting === undefined || caret.word === "" ? [] : (context.checkpoints?.(setting, caret.word) ?? []).map(({ name, detail }): Candidate => ({ text: name.endsWith("/") ? name : `${name}${close}`, detail, kind: "value" }));
    return { items: setting === undefined ? [] : [...closed((setting === "model" ? context.models : context.saes) ?? [], setting), ...far], signature: null, files: setting === undefined ? null : { extensions: [] } };
  }
  if (!caret.piped && words[0] === "use") return { items: closed(["std:memorization"], "names that come with saeq"), signature: null, files: { extensions: [".saeq"] } };
  const definition = stageNamed(context.scope, words[0] ?? "");
  if (definition === undefined) return { items: [], signature: null };
  const column = comparedColumn(caret.stage);
  if (column !== null) return { items: closed(columnValues(inputOf(definition, words.slice(1), caret, context), column, context.facts), column), signature: usage(definition) };
  const active = signatureAt(text, offset, context.scope)?.active ?? null;
  const shape = active === null ? undefined : Object.values(definition.args)[active]?.shape;
  return { items: [], signature: usage(definition), files: shape?.kind === "path" ? { extensions: shape.extensions } : null };
}

function candidates(caret: Caret, context: CompleteContext): Found {
  if (caret.word.startsWith("$")) return { items: [...context.scope.params.keys()].map((name): Candidate => ({ text: `$${name}`, detail: String(context.scope.params.get(name)), kind: "param" })), signature: null };
  const words = caret.stage.split(/\s+/).filter((word) => word !== "");
  if (!caret.piped && words[0] === "set") return { items: settingWords(words), signature: "set <setting> <value>" };
  const input = caret.piped ? (planOf(caret.before, context)?.schema ?? UNKNOWN) : null;
  if (words.length === 0) {
    const stages = stagesOf(context.scope).filter((stage) => (input === null ? true : stage.input.length > 0 && (!input.known || (stage.input.includes(input.kind) && fitsGroups(stage, input)))));
    // Stages that take little else come first: after activations `top` and `stats`, not `count`, which takes anything.
    const ranked = input === null || !input.known ? stages : stages.toSorted((a, b) => a.input.length - b.input.length);
    const named = ranked.map((stage): Candidate => ({ text: stage.name, detail: stage.doc, kind: "stage" }));
    return { items: input === null ? [...relations(context.scope), ...named, ...STATEMENTS] : named, signature: null };
  }
  const definition = stageNamed(context.scope, words[0]!);
  if (definition === undefined) return { items: [], signature: null };
  const column = comparedColumn(caret.stage);
  const values = column === null ? [] : valuesOf(column, inputOf(definition, words.slice(1), caret, context), context.facts);
  return { items: [...values, ...argumentWords(definition, caret, words.slice(1), input, context)], signature: usage(definition) };
}

function fitsGroups({ groups }: StageDefinition, input: Schema): boolean {
  return groups === "any" || (groups === "required") === (input.groups !== null);
}

/** What a column can be compared with: the texts that it has, or true and false. */
function valuesOf(column: string, input: Plan | null, facts: Facts): Candidate[] {
  const texts = input !== null && columnOf(input.schema, column)?.type === "bool" ? ["true", "false"] : columnValues(input, column, facts).map(quoted);
  return texts.map((text) => ({ text, detail: column, kind: "value" }));
}

/** What a stage works on, as far as it can be said while the stage is being typed. */
function inputOf(definition: StageDefinition, words: readonly string[], caret: Caret, context: CompleteContext): Plan | null {
  if (caret.piped) return planOf(caret.before, context);
  return definition.input.length > 0 && !definition.inputOptional && words[0] !== undefined ? (relation(context.scope, words[0]) ?? null) : null;
}

function relations(scope: Scope): Candidate[] {
  const own = [...scope.relations.keys()].map((name): Candidate => ({ text: name, detail: "named here", kind: "relation" }));
  return [...own, ...[...scope.standard.keys()].filter((name) => !scope.relations.has(name)).map((name): Candidate => ({ text: name, detail: "std:memorization", kind: "relation" }))];
}

function settingWords(words: readonly string[]): Candidate[] {
  const last = words.at(-1)!;
  const spec = words.length > 1 && Object.hasOwn(SETTINGS, last) ? SETTINGS[last] : undefined;
  if (spec !== undefined) return /^[\w|]+$/.test(spec.value) ? spec.value.split("|").map((text): Candidate => ({ text, detail: spec.doc, kind: "value" })) : [];
  return Object.entries(SETTINGS).map(([text, { doc }]): Candidate => ({ text, detail: doc, kind: "keyword" }));
}

function argumentWords(definition: StageDefinition, caret: Caret, words: readonly string[], input: Schema | null, context: CompleteContext): Candidate[] {
  const needsInput = input === null && definition.input.length > 0 && !definition.inputOptional;
  if (needsInput && words.length === 0) return relations(context.scope);
  const schema = input ?? (needsInput ? (planOf(words[0]!, context)?.schema ?? UNKNOWN) : UNKNOWN);
  const placed = placeWords(definition, wordsOf(caret.stage).slice(needsInput ? 1 : 0));
  const naming = !/=\s*$/.test(caret.stage);
  const values = (argument: string | null): Candidate[] => (argument === null ? [] : valuesFor(definition.args[argument]!, { schema, naming }, context));
  const last = placed.at(-1);
  if (last !== undefined && last.argument !== null && awaitsValue(caret.stage)) return values(last.argument);
  const next = nextArgument(definition, placed, schema);
  if (last?.part === "keyword" && last.argument === next) return values(next);
  const keywords = Object.entries(definition.args)
    .filter(([name, spec]) => spec.keyword && holdsOf(spec, schema) && !placed.some(({ argument }) => argument === name))
    .map(([name, spec]): Candidate => ({ text: name, detail: argumentDoc(spec), kind: "keyword" }));
  const more = last !== undefined && last.argument !== null && last.part === "value" ? continuing(definition.args[last.argument]!.shape, last.words, schema) : [];
  const expression = next !== null && EXPRESSIONS.includes(definition.args[next]!.shape.kind);
  return [...more, ...(expression ? [...values(next), ...keywords] : [...keywords, ...values(next)])];
}

const TRUTHS: readonly Candidate[] = ["true", "false"].map((text) => ({ text, detail: "a switch of the template", kind: "value" }));

/** Columns that say where a row comes from, and measure nothing. */
const PLACES: readonly string[] = ["row", "position", "token_id", "document", "chunk", "start", "feature", "layer", "sample"];

/** Columns of figures: what `logits` says of a text first, then what is measured, then what is counted or true. */
function figuresIn({ columns }: Schema, offered: readonly Candidate[]): Candidate[] {
  const order = ({ name, type }: Schema["columns"][number]): number => (name === "surprisal" ? 0 : type === "float" ? 1 : 2);
  const meant = columns.map((column, at) => ({ column, item: offered[at]! })).filter(({ column }) => column.type !== "str" && !PLACES.includes(column.name));
  return meant.toSorted((a, b) => order(a.column) - order(b.column)).map(({ item }) => item);
}

const EXPRESSIONS: readonly string[] = ["predicate", "scalar", "assignments", "parts", "keys", "check", "columns"];

/** What could stand in an argument. `naming`: a name comes next, and not what it stands for. */
function valuesFor({ shape, doc }: StageDefinition["args"][string], { schema, naming }: { readonly schema: Schema; readonly naming: boolean }, { scope, facts }: CompleteContext): Candidate[] {
  const params = (type: "number" | "string"): Candidate[] => [...scope.params].filter(([, value]) => typeof value === type).map(([name, value]) => ({ text: `$${name}`, detail: String(value), kind: "param" }));
  const columns = (): Candidate[] => schema.columns.map(({ name, type }) => ({ text: /^[\p{L}_][\p{L}\p{N}_]*$/u.test(name) ? name : `\`${name}\``, detail: type, kind: "column" }));
  switch (shape.kind) {
    case "int":
      return [...(shape.of === "layer" ? saeLayers(scope, facts) : []), ...params("number")];
    case "float":
    case "duration":
      return params("number");
    case "string":
      return [...(shape.of === "template" ? ofTemplates("names", scope, facts) : []), ...params("string")];
    case "path":
      return params("string");
    case "oneOf":
      return shape.options.map((text) => ({ text, detail: doc, kind: "value" }));
    case "column":
      return [...(shape.extraOf === undefined || !schema.known || shape.extraOf.includes(schema.kind) ? shape.extra : []).map((text): Candidate => ({ text, detail: doc, kind: "value" })), ...(schema.kind === "acts" ? [] : columns())];
    case "columns":
      return shape.of === "figures" ? figuresIn(schema, columns()) : columns();
    case "keys":
      return columns();
    case "assignments":
    case "predicate":
    case "scalar":
    case "parts":
    case "check":
      if (shape.kind === "assignments" && shape.of === "template" && naming) return ofTemplates("variables", scope, facts);
      return [...(shape.kind === "assignments" && shape.of === "template" ? TRUTHS : []), ...columns(), ...Object.entries(FUNCTIONS).map(([name, signature]): Candidate => ({ text: `${name}(`, detail: signature.doc, kind: "function" }))];
    case "pipelines":
      return relations(scope);
    case "stages":
      return [{ text: "(", detail: doc, kind: "keyword" }];
    default:
      return [];
  }
}

/** What flows out of the text before a stage. */
function planOf(before: string, { scope, facts }: CompleteContext): Plan | null {
  const compiled = compile(before, { scope, facts, params: {}, interactive: true, rules: [] });
  return compiled.pipelines.at(-1)?.written ?? null;
}
