/** Without this file the descriptions that authors write above their definitions could only be read in the script. */
import type { Statement } from "../../grammar/ast.ts";
import { parse } from "../../grammar/parse.ts";
import { printExpr } from "../../grammar/print_parts.ts";
import { openingDoc } from "./script_help.ts";

/** The file's own description, then params, values and stages that it defines, each with the `##` lines above it. */
export function scriptDoc(name: string, text: string): string {
  const { statements } = parse(text).script;
  const doc = openingDoc(text);
  const section = (title: string, kind: Statement["kind"]): string[] => {
    const rows = statements.filter((statement) => statement.kind === kind).flatMap((statement) => entry(statement, doc));
    return rows.length === 0 ? [] : ["", title, ...rows];
  };
  const sections = [...section("Params", "param"), ...section("Values", "let"), ...section("Stages", "def")];
  return [name, ...(doc === "" ? [] : doc.split("\n").map((line) => `  ${line}`.trimEnd())), ...(sections.length === 0 ? ["", "It defines nothing."] : sections)].join("\n");
}

function entry(statement: Statement, fileDoc: string): string[] {
  if (statement.kind !== "param" && statement.kind !== "let" && statement.kind !== "def") return [];
  // A description right above the first definition may be the file's.
  const doc = statement.doc === fileDoc ? "" : statement.doc;
  return [`  ${signature(statement)}`, ...(doc === "" ? [] : doc.split("\n").map((line) => `      ${line}`.trimEnd()))];
}

function signature(statement: Extract<Statement, { kind: "param" | "let" | "def" }>): string {
  const name = statement.name.path.join(".");
  if (statement.kind === "let") return name;
  if (statement.kind === "param") return `${name}: ${statement.type.path.join(".")}${statement.value === null ? "" : ` = ${printExpr(statement.value)}`}`;
  const formals = statement.formals.map((formal) => `${formal.name.path.join(".")}${formal.type === null ? "" : `: ${formal.type.path.join(".")}`}${formal.value === null ? "" : ` = ${printExpr(formal.value)}`}`);
  return `${name}(${formals.join(", ")})`;
}
