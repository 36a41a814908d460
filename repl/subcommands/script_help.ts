/** Without this file the users of a script would have to read it to learn its params. */
import type { Checked } from "../../runtime/session/session_port.ts";
import { paramFlag } from "../flags.ts";
import { visible } from "../../grammar/visible.ts";

/** What `saeq run FILE --help` prints: the script's first doc comment and its params. */
export function scriptHelp(name: string, text: string, params: Checked["params"]): string {
  const doc = openingDoc(text);
  const labels = params.map((param) => paramFlag(param.name, `<${param.type}>`).join(" "));
  const width = Math.max(0, ...labels.map((label) => label.length));
  const rows = params.map((param, i) => {
    const fallback = param.default === null ? "required" : `default ${param.default}`;
    return `  ${(labels[i] ?? "").padEnd(width)}  ${[param.doc.replace(/\s*\n\s*/g, " "), fallback].filter((part) => part !== "").join("; ")}`;
  });
  const lines = [`Usage: saeq run ${name}${params.length > 0 ? " [--param value …]" : ""}`, ...(doc === "" ? [] : ["", doc]), ...(rows.length === 0 ? ["", "It has no params."] : ["", "Params:", ...rows])];
  return `${visible(lines.join("\n"), { keepNewlines: true })}\n`;
}

/** The first run of `##` lines that no param, let or def claims. */
export function openingDoc(text: string): string {
  const match = /^(?:[ \t]*(?:#(?!#).*|saeq[ \t]+\d+[ \t]*;?)?\r?\n)*((?:[ \t]*##.*(?:\r?\n|$))+)/.exec(text);
  return (match?.[1] ?? "").split(/\r?\n/).map((line) => line.replace(/^[ \t]*##[ \t]?/, "")).join("\n").trim();
}
