/** Without this file an editor could show no outline of a script. */
import type { Statement } from "../../grammar/ast.ts";
import { moved } from "../../grammar/moved.ts";
import type { Span } from "../../grammar/span.ts";
import type { Analysis } from "./analyse.ts";
import { isPlainValue } from "./plain_value.ts";

export interface ScriptSymbol {
  readonly name: string;
  readonly detail: string;
  readonly kind: "relation" | "param" | "stage" | "setting" | "module" | "pipeline";
  readonly span: Span;
  /** The name, within `span`. */
  readonly nameSpan: Span;
}

/** The statements of a script, in order. Reads the tree alone: an outline must not wait for a check. */
export function symbols(analysis: Analysis): readonly ScriptSymbol[] {
  return analysis.parts().flatMap(({ start, text, script }) => script.statements.flatMap((statement) => {
    const made = symbolOf(statement, text);
    return made === null || made.name.trim() === "" ? [] : [moved(made, start)];
  }));
}

function symbolOf(statement: Statement, text: string): ScriptSymbol | null {
  const words = ({ start, end }: Span): string => clip(text.slice(start, end));
  const { span } = statement;
  switch (statement.kind) {
    case "edition":
      return null;
    case "use":
      return { name: statement.alias?.path.join(".") ?? words(statement.path.span), detail: words(statement.path.span), kind: "module", span, nameSpan: within(statement.path.span, span) };
    case "param":
      return { name: statement.name.path.join("."), detail: statement.type.path.join("."), kind: "param", span, nameSpan: within(statement.name.span, span) };
    case "set":
      return { name: words(span), detail: "", kind: "setting", span, nameSpan: span };
    case "let":
      return { name: statement.name.path.join("."), detail: words(statement.value.span), kind: isPlainValue(statement) ? "param" : "relation", span, nameSpan: within(statement.name.span, span) };
    case "def":
      return { name: statement.name.path.join("."), detail: `(${statement.formals.map((formal) => words(formal.span)).join(", ")})`, kind: "stage", span, nameSpan: within(statement.name.span, span) };
    case "pipelineStatement":
      return { name: words(span), detail: "", kind: "pipeline", span, nameSpan: span };
    default:
      return statement satisfies never;
  }
}

/** Recovery may put a missing name behind the end of its statement. */
function within(inner: Span, outer: Span): Span {
  return inner.start >= outer.start && inner.end <= outer.end ? inner : outer;
}

function clip(text: string): string {
  const line = text.replace(/\s+/g, " ");
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
