/** Without this file nobody could see what the parser made of a text. */
import type { Script } from "./ast.ts";

/** Facts about the place, not about the meaning. */
const LEFT_OUT: ReadonlySet<string> = new Set(["kind", "span", "nameSpan", "opSpan", "blankLines", "wordStarts", "comments", "text"]);

/** The tree of a script, one node a line, indented; offsets behind it. */
export function printTree(script: Script): string {
  const lines: string[] = [];
  visit("", script, "", lines);
  return lines.join("\n");
}

function visit(role: string, node: object, indent: string, lines: string[]): void {
  const plain: string[] = [];
  const inner: (readonly [string, object])[] = [];
  for (const [name, value] of Object.entries(node)) {
    if (LEFT_OUT.has(name) || value === null || value === "" || value === false) continue;
    if (Array.isArray(value) && value.every((each) => typeof each === "string")) plain.push(value.join("."));
    else if (Array.isArray(value)) value.forEach((each: object, i) => inner.push([value.length > 1 ? `${name} ${i + 1}` : name, each]));
    else if (typeof value === "object") inner.push([name, value as object]);
    else plain.push(name === "value" ? JSON.stringify(value) : `${name} ${JSON.stringify(value)}`);
  }
  const kind = "kind" in node ? String(node.kind) : "";
  const at = "span" in node && typeof node.span === "object" && node.span !== null && "start" in node.span && "end" in node.span ? `  @${String(node.span.start)}–${String(node.span.end)}` : "";
  const label = [role === "" ? "" : `${role}${kind === "" ? "" : ":"}`, kind, ...plain].filter((word) => word !== "").join(" ");
  lines.push(`${indent}${label}${at}`);
  for (const [name, child] of inner) visit(name, child, `${indent}  `, lines);
}
