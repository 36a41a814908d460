/** Without this file every line for a terminal would pay the price of text that is hardly ever there. */
import stringWidth from "string-width";

const PLAIN = /^[\x20-\x7e]*$/;

/** Terminal columns of a text. */
export function columns(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** As many characters from the start as surely fit: widths are added one by one, so joined characters may count double. */
export function fitting(characters: readonly string[], most: number): number {
  let used = 0;
  for (const [count, character] of characters.entries()) {
    used += columns(character);
    if (used > most) return count;
  }
  return characters.length;
}
