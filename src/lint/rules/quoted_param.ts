/** Without this rule a `$k` in a title or a prompt would reach the reader, or the model, as these two characters. */
import type { Str } from "../../../grammar/ast.ts";
import { paramsWithin } from "../../check/quoted_params.ts";
import { inEach, type LintRule } from "../rule.ts";
import { expressionsOf } from "../walk.ts";

export const quotedParam: LintRule = {
  code: "quoted-param",
  doc: "A text in quotes holds `$name`, and a param has that name",
  why: "Within quotes nothing is put in: the text holds the name, whatever the param is",
  mend: "Put the param outside the quotes and join with `+`; a `$` that is meant is written `\\u{24}`",
  trigger: 'saeq 1\nlet k = 3\nprompts "the $k wise men" | take $k\n',
  fixed: 'saeq 1\nlet k = 3\nprompts "the " + $k + " wise men" | take $k\n',
  find: (subject) => {
    const found = texts(subject);
    if (found.length === 0) return [];
    const params = new Set(named(subject));
    return found.flatMap(({ text, inputs }) => {
      const within = paramsWithin(text, (name) => params.has(name) || inputs.includes(name));
      return within === null ? [] : [{ span: text.span, message: within.message, ...within.hint }];
    });
  },
};

/** Texts with a `$` and a name in them, and the inputs of the `def` that they stand in. */
const texts = inEach((statement): readonly { readonly text: Str; readonly inputs: readonly string[]; readonly span: Str["span"] }[] => {
  const inputs = statement.kind === "def" ? statement.formals.map(({ name }) => name.path.join(".")) : [];
  return [...expressionsOf(statement)].filter((expr) => expr.kind === "str").filter(({ text }) => /\$[\p{L}_]/u.test(text)).map((text) => ({ text, inputs, span: text.span }));
});

/** Names that are read with a `$`. */
const named = inEach((statement) => {
  if (statement.kind === "param") return [statement.name.path.join(".")];
  const only = statement.kind === "let" && statement.value.stages.length === 1 && statement.value.stages[0]!.args.length === 1 ? statement.value.stages[0]!.args[0]!.items : [];
  return only.length === 1 && ["num", "str", "bool", "unary", "binary"].includes(only[0]!.value.kind) ? [(statement as { readonly name: { readonly path: readonly string[] } }).name.path.join(".")] : [];
});
