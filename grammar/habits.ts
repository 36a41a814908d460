/** Without this file people who write `&&`, `<>` or `IS NULL` out of habit would read a riddle instead of the word saeq uses. */

/** A sign or phrase of another language: what saeq writes instead, and the saeq tokens (by name) that it is read as. */
export interface Habit {
  readonly write: string;
  readonly reads: readonly string[];
}

/** Signs, by their text. */
export const SIGNS: Readonly<Record<string, Habit>> = {
  "&&": { write: "and", reads: ["And"] },
  "&": { write: "and", reads: ["And"] },
  "||": { write: "or", reads: ["Or"] },
  "!": { write: "not ", reads: ["Not"] },
  "<>": { write: "!=", reads: ["NotEq"] },
  "!==": { write: "!=", reads: ["NotEq"] },
  "===": { write: "==", reads: ["EqEq"] },
  "=<": { write: "<=", reads: ["LessEq"] },
  "=>": { write: ">=", reads: ["MoreEq"] },
  "**": { write: "^", reads: ["Caret"] },
  ":=": { write: "=", reads: ["Eq"] },
  "｜": { write: "|", reads: ["Pipe"] },
  "；": { write: ";", reads: ["Semicolon"] },
  "，": { write: ",", reads: ["Comma"] },
  "（": { write: "(", reads: ["LRound"] },
  "）": { write: ")", reads: ["RRound"] },
  "＝": { write: "=", reads: ["Eq"] },
  "＞": { write: ">", reads: ["More"] },
  "＜": { write: "<", reads: ["Less"] },
  "～": { write: "not ", reads: ["Not"] },
  "~": { write: "not ", reads: ["Not"] },
  ">>": { write: "|", reads: ["Pipe"] },
  "|>": { write: "|", reads: ["Pipe"] },
  "%>%": { write: "|", reads: ["Pipe"] },
  "->": { write: "|", reads: ["Pipe"] },
  "→": { write: "|", reads: ["Pipe"] },
  "≤": { write: "<=", reads: ["LessEq"] },
  "≥": { write: ">=", reads: ["MoreEq"] },
  "≠": { write: "!=", reads: ["NotEq"] },
  "≈": { write: "~=", reads: ["Near"] },
  "×": { write: "*", reads: ["Star"] },
  "÷": { write: "/", reads: ["Slash"] },
  "−": { write: "-", reads: ["Minus"] },
  "–": { write: "-", reads: ["Minus"] },
  "—": { write: "-", reads: ["Minus"] },
  "…": { write: "..", reads: ["DotDot"] },
};

/** Words in the wrong case, or of Python. */
export const MISCASED: ReadonlyMap<string, string> = new Map([
  ["AND", "and"], ["OR", "or"], ["NOT", "not"], ["IN", "in"], ["TRUE", "true"], ["FALSE", "false"], ["NULL", "null"], ["ASC", "asc"], ["DESC", "desc"],
  ["True", "true"], ["False", "false"], ["None", "null"], ["Null", "null"], ["And", "and"], ["Or", "or"], ["Not", "not"],
]);

const literal = (text: string): string => text.replace(/[*|]/g, "\\$&");
const signs = Object.keys(SIGNS).sort((a, b) => b.length - a.length).map((text) => (text === "!" ? "!(?!=)" : text === "~" ? "~(?!=)" : literal(text)));

/** `x! = 0`: with a blank in it, the sign of two. */
export const PARTED_NOT_EQUAL = /![ \t]+=(?![=~])/u;

/** Comments of other languages run to the end of the line; a backslash before the line end joins lines; curly quotes hold a text. */
export const FOREIGN_COMMENT = /(?<=^|\s)(?:\/\/|--(?=\s))[^\r\n]*|\/\*(?:(?!\*\/)[^\r\n])*(?:\*\/)?/u;
export const JOINED_LINE = /\\(?=[ \t]*\r?\n|[ \t]*$)/u;
export const CURLY_QUOTES = /[“”„«‘’‚][^“”„«»‘’‚"'\r\n]*[“”»‘’]/u;

export const foreignPattern = new RegExp([FOREIGN_COMMENT, JOINED_LINE, CURLY_QUOTES, PARTED_NOT_EQUAL].map((p) => p.source).join("|") + "|" + signs.join("|"), "u");
/** `is null`, `is not null`, `not in`. */
export const phrasePattern = /(?:is[ \t]+(?:not[ \t]+)?null|not[ \t]+in)(?![\p{L}\p{M}\p{N}_.])/iu;
