/** Without this file formatting in an editor would replace whole files and lose the caret. */
import { canonical } from "../../grammar/canonical.ts";
import type { Fix } from "../../grammar/diagnostic.ts";
import type { Analysis } from "./analyse.ts";

/** The one edit that brings a script into canonical form, with the line ends that it has; null where it is already, or does not parse. */
export function layoutEdit({ text, script, syntax }: Analysis): Fix | null {
  if (syntax.some(({ severity }) => severity === "error")) return null;
  const plain = canonical(script());
  const made = plain === null ? text : withLineEnds(plain, text);
  if (made === text) return null;
  const shorter = Math.min(made.length, text.length);
  let start = 0;
  while (start < shorter && made[start] === text[start]) start++;
  let tail = 0;
  while (tail < shorter - start && made[made.length - 1 - tail] === text[text.length - 1 - tail]) tail++;
  // An editor knows no place between the two halves of a line end.
  if (text[start - 1] === "\r" && (text[start] === "\n" || made[start] === "\n")) start--;
  if (tail > 0 && text[text.length - tail] === "\n" && (text[text.length - tail - 1] === "\r" || made[made.length - tail - 1] === "\r")) tail--;
  return { span: { start, end: text.length - tail }, text: made.slice(start, made.length - tail) };
}

/** Lines end as all of the other text's do. In one of mixed ends they end as in canonical form: a text in quotes may hold either. */
function withLineEnds(made: string, like: string): string {
  return /\r\n/.test(like) && !/(?<!\r)\n/.test(like) ? made.replace(/(?<!\r)\n/g, "\r\n") : made;
}
