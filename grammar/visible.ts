/** Without this file text from data, models and file names could move the cursor or reorder what a terminal shows. */

const BIDI = "\\u061C\\u200E\\u200F\\u202A-\\u202E\\u2066-\\u2069";
const BLANK_LOOKING = "\\u00AD\\u115F\\u1160\\u180E\\u200B-\\u200D\\u2028\\u2029\\u2060-\\u2065\\u206A-\\u206F\\u3164\\uFEFF\\uFFA0\\uFFF9-\\uFFFB";
const TAGS = "\\u{E0000}-\\u{E0FFF}";
const NOTATION = "\\u{1BCA0}-\\u{1BCA3}\\u{1D173}-\\u{1D17A}";
const SURROGATES = "\\uD800-\\uDFFF";

/** Body of a character class (flag `u`): every character that is not seen, or that changes how others are seen. Tab and line ends included. */
export const UNSEEN = `\\u0000-\\u001F\\u007F-\\u009F${BIDI}${BLANK_LOOKING}${TAGS}${NOTATION}${SURROGATES}`;

const unseen = new RegExp(`[${UNSEEN}]`, "gu");
/** So many accents on one character are none: they would be drawn over the lines above. */
const pile = /(\p{M}{8})\p{M}+/gu;
const unseenExceptNewline = new RegExp(`(?!\\n)[${UNSEEN}]`, "gu");

/** Nearly all text is this. */
const SEEN = /^[\x20-\x7e]*$/;

const PICTURES: Readonly<Record<string, string>> = { "\n": "␤", "\r": "␍", "\t": "␉" };

/** `\u{202E}` for one character, as saeq's own strings write it. */
export function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return `\\u{${code.toString(16).toUpperCase().padStart(2, "0")}}`;
}

/** The text with every unseen character shown, and no more than eight accents on one: safe to write to a terminal. */
export function visible(text: string, options: { readonly keepNewlines?: boolean } = {}): string {
  const pattern = options.keepNewlines === true ? unseenExceptNewline : unseen;
  if (SEEN.test(text)) return text;
  return text.replace(pattern, (character) => PICTURES[character] ?? escapeOf(character)).replace(pile, "$1…");
}

/** JSON text with every unseen character of its strings escaped: the same value, safe to write to a terminal. */
export function visibleJson(json: string): string {
  return json.replace(unseenExceptNewline, (character) => Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""));
}
