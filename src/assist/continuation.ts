/** Without this file columns would be offered where only an operator, a comma or `desc` can stand. */
import type { Arg as Words, Expr, Item } from "../../grammar/ast.ts";
import { parse, tokenize } from "../../grammar/parse.ts";
import { bare } from "../check/constant.ts";
import { FUNCTIONS } from "../ops/functions.ts";
import { columnOf, type ScalarType, type Schema } from "../ops/schema.ts";
import type { Shape } from "../stages/args.ts";
import type { Candidate } from "./complete.ts";

type Operand = "number" | "str" | "bool" | "any";

interface Operator {
  readonly text: string;
  readonly detail: string;
  readonly behind: readonly Operand[];
}

const OPERATORS: readonly Operator[] = [
  { text: "and", detail: "both are true", behind: ["bool"] },
  { text: "or", detail: "one of them is true", behind: ["bool"] },
  { text: "==", detail: "is equal", behind: ["bool", "number", "str"] },
  { text: "!=", detail: "is not equal", behind: ["bool", "number", "str"] },
  { text: "<", detail: "is less", behind: ["number"] },
  { text: "<=", detail: "is not greater", behind: ["number"] },
  { text: ">", detail: "is greater", behind: ["number"] },
  { text: ">=", detail: "is not less", behind: ["number"] },
  { text: "~=", detail: "is nearly equal", behind: ["number"] },
  { text: "in", detail: "is one of a list, or in a range", behind: ["number", "str"] },
  { text: "=~", detail: "has the pattern in it", behind: ["str"] },
  { text: "+", detail: "plus", behind: ["number"] },
  { text: "-", detail: "minus", behind: ["number"] },
  { text: "*", detail: "times", behind: ["number"] },
  { text: "/", detail: "divided by", behind: ["number"] },
  { text: "%", detail: "remainder", behind: ["number"] },
  { text: "^", detail: "to the power of", behind: ["number"] },
];

/** The words of a stage that is being typed, without its name. */
export function wordsOf(stage: string): readonly Words[] {
  const first = parse(stage).script.statements[0];
  return (first?.kind === "pipelineStatement" ? first.pipeline.stages[0]?.args.slice(1) : undefined) ?? [];
}

/** Whether a text ends where a value must follow: behind a comma, an operator or an opening bracket. */
export function awaitsValue(stage: string): boolean {
  const last = tokenize(stage).findLast(({ kind }) => kind !== "comment");
  if (last === undefined) return false;
  const word = stage.slice(last.span.start, last.span.end);
  switch (last.kind) {
    case "operator":
      return true;
    case "bracket":
      return "([{".includes(word.at(-1)!);
    case "keyword":
      return ["and", "or", "not", "in"].includes(word);
    default:
      return false;
  }
}

/** What can go on a value that is written: operators that its type has, `asc` and `desc` for a key, `=` for a new name. */
export function continuing(shape: Shape, words: Words, schema: Schema): readonly Candidate[] {
  const item = words.items.at(-1);
  if (item === undefined || item.order !== null) return [];
  switch (shape.kind) {
    case "keys":
      return (["desc", "asc"] as const).map((text) => ({ text, detail: text === "desc" ? "the largest first" : "the smallest first", kind: "keyword" }));
    case "predicate":
    case "scalar":
    case "parts":
    case "check":
      return operators(item.value, schema);
    case "assignments":
      return isNewName(item) ? [{ text: "=", detail: "what the name stands for", kind: "keyword" }] : operators(item.value, schema);
    default:
      return [];
  }
}

function isNewName({ name, value }: Item): boolean {
  return name === null && value.kind === "name";
}

function operators(value: Expr, schema: Schema): readonly Candidate[] {
  const { type, compared } = typeBehind(value, schema);
  const fits = ({ behind }: Operator): boolean => type === "any" || behind.includes(type);
  const joins = ({ behind }: Operator): boolean => compared && behind[0] === "bool" && behind.length === 1;
  return [...OPERATORS.filter(joins), ...OPERATORS.filter((each) => !joins(each) && fits(each) && !(compared && isComparison(each)))].map(({ text, detail }) => ({ text, detail, kind: "keyword" }));
}

function isComparison({ text }: Operator): boolean {
  return /^([=!<>~]|in$)/.test(text);
}

/** The type of the value that an operator would stand behind, and whether it is compared already. */
function typeBehind(expr: Expr, schema: Schema): { readonly type: Operand; readonly compared: boolean } {
  const at = bare(expr);
  const plain = (type: Operand): ReturnType<typeof typeBehind> => ({ type, compared: false });
  switch (at.kind) {
    case "num":
      return plain("number");
    case "str":
      return plain("str");
    case "bool":
      return plain("bool");
    case "name":
      return plain(operand(columnOf(schema, at.path.join("."))?.type));
    case "call":
      return plain(operand(Object.hasOwn(FUNCTIONS, at.name) ? FUNCTIONS[at.name]!.result : undefined));
    case "unary":
      return at.op === "not" ? typeBehind(at.operand, schema) : plain("number");
    case "range":
      return { type: "bool", compared: true };
    case "binary": {
      if (at.op === "and" || at.op === "or") return typeBehind(at.right, schema);
      const compares = ["==", "!=", "<", "<=", ">", ">=", "~=", "=~", "in"].includes(at.op);
      return compares ? { type: typeBehind(at.right, schema).type, compared: true } : plain("number");
    }
    default:
      return plain("any");
  }
}

function operand(type: ScalarType | "same" | "second" | undefined): Operand {
  return type === "int" || type === "float" ? "number" : type === "str" || type === "bool" ? type : "any";
}
