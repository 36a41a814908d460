/** Without this file formatting in an editor would replace whole files and lose the caret. */
import type { Fix } from "../../grammar/diagnostic.ts";
import { print } from "../../grammar/print.ts";
import type { Analysis } from "./analyse.ts";

/** The one edit that brings a script into canonical form; null where it is already, or does not parse. */
export function layoutEdit({ text, script, syntax }: Analysis): Fix | null {
  if (syntax.some(({ severity }) => severity === "error")) return null;
  const made = print(script);
  if (made === text) return null;
  const shorter = Math.min(made.length, text.length);
  let start = 0;
  while (start < shorter && made[start] === text[start]) start++;
  let tail = 0;
  while (tail < shorter - start && made[made.length - 1 - tail] === text[text.length - 1 - tail]) tail++;
  return { span: { start, end: text.length - tail }, text: made.slice(start, made.length - tail) };
}
