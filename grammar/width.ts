/** Without this file every line for a terminal would pay the price of text that is hardly ever there. */
import stringWidth from "string-width";

const PLAIN = /^[\x20-\x7e]*$/;

/** Terminal columns of a text. */
export function columns(text: string): number {
  return PLAIN.test(text) ? text.length : stringWidth(text);
}

/** Lines of at most `most` columns, broken at blanks; a longer word stands alone. */
export function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && columns(longer) > most) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
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
