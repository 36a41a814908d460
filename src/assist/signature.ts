/** Without this file an editor could not show which argument comes next. */
import { parse, tokenize } from "../../grammar/parse.ts";
import { stageNamed, type Scope } from "../check/scope.ts";
import { FUNCTIONS } from "../ops/functions.ts";
import { usage, type StageDefinition } from "../stages/stage.ts";
import { argumentDoc, functionUsage, usageOf } from "./argument_text.ts";
import { caretAt } from "./caret.ts";
import { nextArgument, placeWords } from "./place_words.ts";

export interface Signature {
  /** `sample <n> [draw <int>]` */
  readonly label: string;
  readonly doc: string;
  /** Each argument's place in the label. */
  readonly parameters: readonly { readonly start: number; readonly end: number; readonly doc: string }[];
  /** The argument at the caret, or null where only keywords are left. */
  readonly active: number | null;
}

/** The signature of the function call or stage that an offset stands in. `text` may be half-written. */
export function signatureAt(text: string, offset: number, scope: Scope): Signature | null {
  return functionAt(text, offset) ?? stageAt(text, offset, scope);
}

function stageAt(text: string, offset: number, scope: Scope): Signature | null {
  const caret = caretAt(text, offset);
  const ahead = text.slice(caret.from - (caret.quote === null ? 0 : 1), offset);
  const name = /^\S+/.exec(caret.stage)?.[0] ?? "";
  const definition = stageNamed(scope, name);
  if (definition === undefined) {
    // `derive a = (1 + `: brackets may hold a value, and then the stage stands before them.
    const bracket = openBracket(text, offset);
    return bracket === null ? null : stageAt(text, bracket, scope);
  }
  const closed = caret.quote === null ? ahead : `${ahead}${caret.quote[0]!}`;
  const first = parse(`${caret.stage} ${closed}`).script.statements[0];
  const words = (first?.kind === "pipelineStatement" ? first.pipeline.stages[0]?.args.slice(1) : undefined) ?? [];
  const own = caret.piped || definition.input.length === 0 || definition.inputOptional ? words : words.slice(1);
  const placed = placeWords(definition, own);
  // Right behind a word, or behind a comma or operator, the caret is still in that word's argument.
  const within = ahead !== "" || /[,=<>+*/^([-]$|\b(?:and|or|not|in)$/.test(caret.stage);
  const last = placed.at(-1);
  const argument = within && last !== undefined ? last.argument : nextArgument(definition, placed);
  return ofStage(definition, argument);
}

function ofStage(definition: StageDefinition, argument: string | null): Signature {
  let at = definition.name.length;
  const parameters = Object.entries(definition.args).map(([name, spec]) => {
    const start = at + 1;
    at = start + usageOf(definition, name).length;
    return { start, end: at, doc: argumentDoc(spec) };
  });
  const active = argument === null ? -1 : Object.keys(definition.args).indexOf(argument);
  return { label: usage(definition), doc: definition.doc, parameters, active: active < 0 ? null : active };
}

/** Where the innermost round bracket opens that is not closed before the offset. */
function openBracket(text: string, offset: number): number | null {
  let depth = 0;
  for (const { kind, span } of tokenize(text.slice(0, offset)).reverse()) {
    const mark = text[span.start];
    if (kind !== "bracket") continue;
    if (mark === ")") depth++;
    else if (mark === "(" && depth-- === 0) return span.start;
  }
  return null;
}

/** The innermost call that is still open before the offset. */
function functionAt(text: string, offset: number): Signature | null {
  const tokens = tokenize(text.slice(0, offset)).filter(({ kind }) => kind !== "comment");
  let depth = 0;
  let commas = 0;
  for (let i = tokens.length - 1; i >= 0; i--) {
    const token = tokens[i]!;
    const mark = text.slice(token.span.start, token.span.end);
    if (token.kind === "pipe" && depth === 0) return null;
    if (token.kind === "operator" && mark === "," && depth === 0) commas++;
    if (token.kind !== "bracket") continue;
    if (")]}".includes(mark)) depth++;
    else if (depth > 0) depth--;
    else {
      const before = tokens[i - 1];
      const name = before !== undefined && before.kind === "word" && before.span.end === token.span.start ? text.slice(before.span.start, before.span.end) : "";
      return mark === "(" && Object.hasOwn(FUNCTIONS, name) ? ofFunction(name, commas) : null;
    }
  }
  return null;
}

function ofFunction(name: string, commas: number): Signature {
  const { parameters: types, doc, variadic } = FUNCTIONS[name]!;
  let at = name.length + 1;
  const parameters = types.map((type, i) => {
    const start = at + (i === 0 ? 0 : 2);
    at = start + type.length;
    return { start, end: at, doc: "" };
  });
  const last = parameters.length - 1;
  const active = commas <= last ? commas : variadic === true ? last : null;
  return { label: functionUsage(name)!, doc, parameters, active };
}
