/** Without this file another model's template would be read as letters, and nothing would look wrong. */
import type { Tokenizer } from "../checkpoint/tokenizer/tokenizer.ts";

/** How templates write the marks of turns: <|im_start|>, <｜User｜>. */
const MARK = /<[|｜][^<>|｜\s{}'"]{1,40}[|｜]>/g;

/** What is told of marks of a template that the model's tokenizer cuts into pieces: it never saw them as tokens. Null where there are none. */
export function foreignMarks(template: string, encode: Tokenizer["encode"]): string | null {
  const foreign = [...new Set(template.match(MARK) ?? [])].filter((mark) => encode(mark, { bos: false }).length > 1);
  const [first, ...others] = foreign;
  if (first === undefined) return null;
  return `${first}${others.length === 0 ? " of the template is no token" : ` and ${others.length} more marks of the template are no tokens`} of this model: ${others.length === 0 ? "it is" : "they are"} cut into pieces, as any text; is the template another model's?`;
}
