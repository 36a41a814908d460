/** Without this file a character younger than Hugging Face tokenizers' tables would be taken apart here and left whole there. */

/**
 * Marks, and characters that normalization takes apart, which the tables of Hugging Face tokenizers (Unicode 9; 0.22 and 0.23 were compared, all
 * code points) do not have. To them these are letters that nothing happens to.
 */
const YOUNGER =
  "\\u{7fd}\\u{897}-\\u{89f}\\u{8ca}-\\u{8d3}\\u{9fe}\\u{afa}-\\u{aff}\\u{b55}\\u{c04}\\u{c3c}\\u{cf3}\\u{d00}\\u{d3b}-\\u{d3c}\\u{d81}\\u{eba}\\u{ece}\\u{1715}\\u{180f}\\u{1abf}-\\u{1add}\\u{1ae0}-\\u{1aeb}\\u{1cf7}\\u{1df6}-\\u{1dfa}" +
  "\\u{32ff}\\u{a7f1}-\\u{a7f4}\\u{a82c}\\u{a8ff}\\u{ab69}\\u{105c9}\\u{105e4}\\u{10781}-\\u{10785}\\u{10787}-\\u{107b0}\\u{107b2}-\\u{107ba}\\u{10d24}-\\u{10d27}\\u{10d69}-\\u{10d6d}\\u{10eab}-\\u{10eac}\\u{10efa}-\\u{10eff}" +
  "\\u{10f46}-\\u{10f50}\\u{10f82}-\\u{10f85}\\u{11070}\\u{11073}-\\u{11074}\\u{110c2}\\u{11145}-\\u{11146}\\u{111c9}\\u{111ce}-\\u{111cf}\\u{11241}\\u{1133b}\\u{11383}\\u{11385}\\u{1138e}\\u{11391}\\u{113b8}-\\u{113c0}\\u{113c2}" +
  "\\u{113c5}\\u{113c7}-\\u{113ca}\\u{113cc}-\\u{113d0}\\u{113d2}\\u{113e1}-\\u{113e2}\\u{1145e}\\u{1182c}-\\u{1183a}\\u{11930}-\\u{11935}\\u{11937}-\\u{11938}\\u{1193b}-\\u{1193e}\\u{11940}\\u{11942}-\\u{11943}\\u{119d1}-\\u{119d7}" +
  "\\u{119da}-\\u{119e0}\\u{119e4}\\u{11a01}-\\u{11a0a}\\u{11a33}-\\u{11a39}\\u{11a3b}-\\u{11a3e}\\u{11a47}\\u{11a51}-\\u{11a5b}\\u{11a8a}-\\u{11a99}\\u{11b60}-\\u{11b67}\\u{11d31}-\\u{11d36}\\u{11d3a}\\u{11d3c}-\\u{11d3d}" +
  "\\u{11d3f}-\\u{11d45}\\u{11d47}\\u{11d8a}-\\u{11d8e}\\u{11d90}-\\u{11d91}\\u{11d93}-\\u{11d97}\\u{11ef3}-\\u{11ef6}\\u{11f00}-\\u{11f01}\\u{11f03}\\u{11f34}-\\u{11f3a}\\u{11f3e}-\\u{11f42}\\u{11f5a}\\u{13440}\\u{13447}-\\u{13455}" +
  "\\u{1611e}-\\u{1612f}\\u{16d68}-\\u{16d6a}\\u{16f4f}\\u{16f7f}-\\u{16f87}\\u{16fe4}\\u{16ff0}-\\u{16ff1}\\u{1ccd6}-\\u{1ccf9}\\u{1cf00}-\\u{1cf2d}\\u{1cf30}-\\u{1cf46}\\u{1e030}-\\u{1e06d}\\u{1e08f}\\u{1e130}-\\u{1e136}\\u{1e2ae}" +
  "\\u{1e2ec}-\\u{1e2ef}\\u{1e4ec}-\\u{1e4ef}\\u{1e5ee}-\\u{1e5ef}\\u{1e6e3}\\u{1e6e6}\\u{1e6ee}-\\u{1e6ef}\\u{1e6f5}\\u{1f16c}\\u{1fbf0}-\\u{1fbf9}";
/** Marks without width that BertNormalizer, whose tables are older still, leaves in a text. */
const LEFT_BY_BERT =
  "\\u{8d4}-\\u{8e1}\\u{1885}-\\u{1886}\\u{1dfb}\\u{a8c5}\\u{a9bd}\\u{1123e}\\u{11438}-\\u{1143f}\\u{11442}-\\u{11444}\\u{11446}\\u{11c30}-\\u{11c36}\\u{11c38}-\\u{11c3d}\\u{11c3f}\\u{11c92}-\\u{11ca7}\\u{11caa}-\\u{11cb0}" +
  "\\u{11cb2}-\\u{11cb3}\\u{11cb5}-\\u{11cb6}\\u{1e000}-\\u{1e006}\\u{1e008}-\\u{1e018}\\u{1e01b}-\\u{1e021}\\u{1e023}-\\u{1e024}\\u{1e026}-\\u{1e02a}\\u{1e944}-\\u{1e94a}";

/** Characters of Unicode 17, which the expressions of Hugging Face tokenizers, of Unicode 16, take for none. */
const NEWEST =
  "\\u{88f}\\u{c5c}\\u{cdc}\\u{1acf}-\\u{1add}\\u{1ae0}-\\u{1aeb}\\u{20c1}\\u{2b96}\\u{a7ce}-\\u{a7cf}\\u{a7d2}\\u{a7d4}\\u{a7f1}\\u{fbc3}-\\u{fbd2}\\u{fd90}-\\u{fd91}\\u{fdc8}-\\u{fdce}\\u{10940}-\\u{10959}" +
  "\\u{10ec5}-\\u{10ec7}\\u{10ed0}-\\u{10ed8}\\u{10efa}-\\u{10efb}\\u{11b60}-\\u{11b67}\\u{11db0}-\\u{11ddb}\\u{11de0}-\\u{11de9}\\u{16ea0}-\\u{16eb8}\\u{16ebb}-\\u{16ed3}\\u{16ff2}-\\u{16ff6}\\u{187f8}-\\u{187ff}" +
  "\\u{18d09}-\\u{18d1e}\\u{18d80}-\\u{18df2}\\u{1ccfa}-\\u{1ccfc}\\u{1ceba}-\\u{1ced0}\\u{1cee0}-\\u{1cef0}\\u{1e6c0}-\\u{1e6de}\\u{1e6e0}-\\u{1e6f5}\\u{1e6fe}-\\u{1e6ff}\\u{1f6d8}\\u{1f777}-\\u{1f77a}" +
  "\\u{1f8d0}-\\u{1f8d8}\\u{1fa54}-\\u{1fa57}\\u{1fa8a}\\u{1fa8e}\\u{1fac8}\\u{1facd}\\u{1faea}\\u{1faef}\\u{1fbfa}\\u{2b73a}-\\u{2b73f}\\u{2cea2}-\\u{2cead}\\u{323b0}-\\u{33479}";
/** Signs that `Punctuation` and its kin, whose tables are of Unicode 8, take for none. */
const NO_PUNCTUATION =
  "\\u{61d}\\u{9fd}\\u{a76}\\u{c77}\\u{c84}\\u{1b4e}-\\u{1b4f}\\u{1b7d}-\\u{1b7f}\\u{2e43}-\\u{2e4f}\\u{2e52}-\\u{2e5d}\\u{10d6e}\\u{10ead}\\u{10ed0}\\u{10f55}-\\u{10f59}\\u{10f86}-\\u{10f89}\\u{113d4}-\\u{113d5}" +
  "\\u{113d7}-\\u{113d8}\\u{1144b}-\\u{1144f}\\u{1145a}-\\u{1145b}\\u{1145d}\\u{11660}-\\u{1166c}\\u{116b9}\\u{1183b}\\u{11944}-\\u{11946}\\u{119e2}\\u{11a3f}-\\u{11a46}\\u{11a9a}-\\u{11a9c}\\u{11a9e}-\\u{11aa2}" +
  "\\u{11b00}-\\u{11b09}\\u{11be1}\\u{11c41}-\\u{11c45}\\u{11c70}-\\u{11c71}\\u{11ef7}-\\u{11ef8}\\u{11f43}-\\u{11f4f}\\u{11fff}\\u{12ff1}-\\u{12ff2}\\u{16d6d}-\\u{16d6f}\\u{16e97}-\\u{16e9a}\\u{16fe2}\\u{1e5ff}" +
  "\\u{1e95e}-\\u{1e95f}";

const ANY_YOUNGER = new RegExp(`[${YOUNGER}]`, "u");
const EACH_YOUNGER = new RegExp(`([${YOUNGER}])`, "u");
const MARKS = new RegExp(`(?![${YOUNGER}])\\p{M}|[\\u{1cf2}\\u{1cf3}]`, "gu");
const BERT_MARKS = new RegExp(`(?![${YOUNGER}${LEFT_BY_BERT}])\\p{Mn}|[\\u{1734}\\u{1171e}]`, "gu");
const CONTROLS = /(?![\t\n\r\u{890}-\u{891}\u{8e2}\u{110cd}\u{13430}-\u{1343f}])[\p{Cc}\p{Cf}\p{Co}]|[\0\ufffd]/gu;
/** A block of CJK is left out by a slip of theirs: U+2B820 to U+2B91F. */
const CJK = /[\u{4e00}-\u{9fff}\u{3400}-\u{4dbf}\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{f900}-\u{faff}\u{2f800}-\u{2fa1f}]/gu;
const SIGMA = /Σ/g;

const ANY_NEWEST = new RegExp(`[${NEWEST}]`, "u");
const EACH_NEWEST = new RegExp(`[${NEWEST}]`, "gu");

export const PUNCTUATION = new RegExp(`(?![${NO_PUNCTUATION}])[!-/:-@\\[-\`{-~\\p{P}]|[\\u{166d}\\u{111c9}]`, "gu");
/** `\w` of Rust's regex, which joins words by ZWJ and ZWNJ also. */
export const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u200C\\u200D";

/** A text of the same length for an expression to look at: what it should not know is no character in it. */
export function asSeen(text: string): string {
  return ANY_NEWEST.test(text) ? text.replace(EACH_NEWEST, (character) => (character.length === 1 ? "\uffff" : "\u{10ffff}")) : text;
}

export type Form = "NFC" | "NFD" | "NFKC" | "NFKD";

/** What is younger stands between two texts, and what only a younger table puts together is taken apart again. */
export function normalForm(text: string, form: Form): string {
  const whole = (part: string): string => {
    const made = part.normalize(form);
    return ANY_YOUNGER.test(made) ? made.replace(new RegExp(EACH_YOUNGER, "gu"), (character) => character.normalize("NFD")) : made;
  };
  if (!ANY_YOUNGER.test(text)) return whole(text);
  return text.split(EACH_YOUNGER).map((part, at) => (at % 2 === 1 ? part : whole(part))).join("");
}

/** Each character for itself: a sigma at the end of a word is any other. */
export function lowerCase(text: string): string {
  return (text.includes("Σ") ? text.replace(SIGMA, "σ") : text).toLowerCase();
}

export const withoutMarks = (text: string): string => text.replace(MARKS, "");
export const withoutBertMarks = (text: string): string => text.replace(BERT_MARKS, "");
/** What BertNormalizer calls clean: no controls, and every space a plain one. */
export const cleaned = (text: string): string => text.replace(CONTROLS, "").replace(/\p{White_Space}/gu, " ");
export const spacedCjk = (text: string): string => text.replace(CJK, " $& ");
export const trimmedLeft = (text: string): string => text.replace(/^\p{White_Space}+/u, "");
/** By hand: an expression for spaces at the end looks at every space of a text twice. */
export function trimmedRight(text: string): string {
  let end = text.length;
  while (end > 0 && /\p{White_Space}/u.test(text[end - 1] as string)) end--;
  return text.slice(0, end);
}
