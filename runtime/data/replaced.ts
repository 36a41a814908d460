/** Without this file `replace` in a very long text would end the process: V8 has no list for its parts, and no text of the length that comes out. */
import { constants } from "node:buffer";

/** Parts that are put together at once. */
const PARTS = 100_000;

/** `text` with `by` in place of each `part`, which is not empty. Throws as V8 does where it would be longer than a text can be. */
export function replaced(text: string, part: string, by: string): string {
  let count = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  if (text.length + count * (by.length - part.length) > constants.MAX_STRING_LENGTH) throw new RangeError("Invalid string length");
  if (count < PARTS) return count === 0 ? text : text.split(part).join(by);
  const whole: string[] = [];
  let parts: string[] = [];
  let from = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, from)) {
    parts.push(text.slice(from, at));
    from = at + part.length;
    if (parts.length < PARTS) continue;
    whole.push(parts.join(by));
    parts = [];
  }
  parts.push(text.slice(from));
  whole.push(parts.join(by));
  return whole.join(by);
}
