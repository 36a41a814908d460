/** Without this file the reference would be written by hand, and be wrong. */
import { SETTINGS } from "../check/settings.ts";
import { FUNCTIONS } from "../ops/functions.ts";
import { STAGES } from "../stages/mod.ts";
import { shapeName, usage } from "../stages/stage.ts";
import { writtenDefault } from "./argument_text.ts";
import { OPERATOR_PAGES } from "./topic_pages.ts";

/** The reference of stages, settings and functions as Markdown. Written to `docs/reference.md` by `npm run gen`. */
export function reference(): string {
  const coded = (text: string | null): string => (text === null ? "" : `\`${text}\``);
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const stages = STAGES.map((stage) => {
    const rows = Object.entries(stage.args).map(([name, spec]) => {
      const kind = spec.shape.kind === "oneOf" ? spec.shape.options.map((word) => `\`${word}\``).join(", ") : shapeName(spec.shape);
      const fallback = spec.required ? "required" : coded(writtenDefault(spec));
      return `| \`${name}\` | ${spec.shape.kind === "flag" ? "flag" : spec.keyword ? "keyword" : "positional"} | ${cell(kind)} | ${cell(fallback)} | ${cell(spec.doc)} |`;
    });
    return [
      `### ${stage.name}`,
      "",
      "```text",
      usage(stage),
      "```",
      "",
      `${stage.doc}.`,
      "",
      stage.input.length === 0 ? "Starts a pipeline." : `Takes ${stage.input.join(", ")}${stage.groups === "required" ? ", in groups" : ""}${stage.inputOptional ? "; may also start a pipeline" : ""}.`,
      ...(rows.length === 0 ? [] : ["", "| argument | how | what | default | meaning |", "|---|---|---|---|---|", ...rows]),
      ...stage.examples.flatMap(({ title, query }) => ["", `${title}:`, "", "```saeq", query, "```"]),
      "",
    ].join("\n");
  });
  const settings = Object.entries(SETTINGS).map(([name, spec]) => `| \`${name}\` | \`${cell(spec.value)}\` | ${cell(spec.unset.includes(" ") ? spec.unset : coded(spec.unset))} | ${cell(spec.doc)} |`);
  const functions = Object.entries(FUNCTIONS).map(([name, signature]) => `| \`${name}(${signature.parameters.join(", ")})\` | ${signature.aggregate ? "whole table" : "each row"} | ${cell(signature.doc)} |`);
  return [
    "# Reference",
    "",
    "Generated from the stage table by `npm run gen`; every example here is run by the tests.",
    "",
    "## Stages",
    "",
    ...stages,
    "## Operators and null",
    "",
    "| operator | meaning |",
    "|---|---|",
    ...OPERATOR_PAGES.map((page) => `| ${page.names.slice(0, page.heads).map((name) => `\`${name}\``).join(" ")} | ${cell([page.doc, ...page.more].join("<br>"))} |`),
    "",
    "## Settings",
    "",
    "| `set` | value | default | meaning |",
    "|---|---|---|---|",
    ...settings,
    "",
    "## Functions",
    "",
    "| function | over | meaning |",
    "|---|---|---|",
    ...functions,
    "",
  ].join("\n");
}
