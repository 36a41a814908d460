/** Without this file the tests of what is kept from one text to the next would each make edits of their own. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import seedrandom from "seedrandom";
import { ROOT } from "../house/files.ts";

/** Edits that are tried; more with `EDITS=20000`. After each all that an editor asks is asked twice, so `FUZZ` would be too many. */
export const COUNT = Number(process.env["EDITS"] ?? 2_000);

const CORPUS = join(ROOT, "test/corpus");
const SCRIPTS = readdirSync(CORPUS, { recursive: true }).map(String).filter((name) => name.endsWith(".saeq")).sort().map((name) => readFileSync(join(CORPUS, name), "utf8"));

/** Scripts whose lines depend on one another in all ways there are. */
const WOVEN = [
  "saeq 1\nset seed 2\nparam n: int = 3\nlet a = perfect | take $n\nlet b = a | where matching_tokens > 3\ndef f(x: table) = x | take 2\ndef g(x: table, k: int = 2) = x | f | take $k\na | f | count\nb | g k 1 | derive matching_tokens = 4 | count\n",
  'csv "missing.csv" | take 3\ncsv "missing.csv" | count\nset model "no/such"\nset sae "no/such"\nsample perfect 3 | acts layer 7 | top 3\nset model "no/such"\nsample perfect 2 | acts layer 7\n',
  'use "lib.saeq" as lib\nlet a = perfect | take 3\na | lib.few\nuse "std:memorization"\n',
  "let a = 1; let b = $a; perfect | take $b; perfect | take $a\nparam q: str\nlet c = csv $q | where x > 1\nc | count\n",
  `${Array.from({ length: 12 }, (_, i) => `let r${i} = ${i === 0 ? "memorization" : `r${i - 1}`} | derive c${i} = matching_tokens / ${i + 1} | where c${i} != 0.5\n`).join("")}r11 | take 3\n`,
  "let x =\nperfect | count\nlet x =\nperfect | count\nperfect | where matching_tokens-matching_positions = 1\n",
];

const WORDS = [
  "\n", "\r\n", "\r", " ", "\t", "|", " | ", "(", ")", "[", "]", "{", "}", '"', "'", "`", "#", "# note\n", "## doc\n", "# lint-ignore unused-let\n", ";", ",", "=", "(((", ")))", "||", "&&", "->", "//", "/* a */", "“x”", "\\", "--flag",
  "let x = perfect\n", "let perfect_2 = perfect | take 2\n", "let n = 3\n", "def f(a: table) = a | take 1\n", "def g(a: table, k: int = 2) = a | f | take $k\n", "perfect | f\n", "perfect | g k 3 | f\n", "param n: int = 3\n", "param file: path\n", "csv $file | where a > 1\n",
  "set seed 1\n", 'set sae "nope"\n', 'set model "nope"\n', "set layer 3\n", "perfect | acts layer 7 | top 3\n", 'csv "missing.csv" | take 1\n', "x | where matching_tokens == 0.5\n", "perfect | derive matching_tokens = 3\n", 'perfect | where "reference" == "x"\n', 'use "lib.saeq"\n', 'use "std:memorization"\n', "saeq 1\n", "sample perfect 3\n",
  "é", "😀", "\uD800", "\uFEFF", "\u00A0", "\u200B", "$n", "1.2.3", "select a from b", "SELECT", "SELECT a\n", "let y = select a\n", "\nfrom perfect\n", "where a > 1\n", "\nand a\n", "or a", "not in", "is null", "and", "in", "- 1", "\n\n", "\n| top 3\n", "perfect\n", '"a\nb"', "let", "x", "perfect", "sampel", "take",
];

export interface Hand {
  /** A number below another. */
  below(n: number): number;
  /** A script of one or more of the corpus. */
  script(): string;
  /** A text with something inserted, deleted, replaced or copied, wherever that is. */
  edited(text: string): string;
}

/** Hands that do the same whenever they are given the same seed. */
export function handOf(seed: string): Hand {
  const random = seedrandom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const pick = <V>(values: readonly V[]): V => values[below(values.length)]!;
  return {
    below,
    script: () => {
      const text = Array.from({ length: 1 + below(4) }, () => pick(below(3) === 0 ? WOVEN : SCRIPTS)).join(pick(["\n", "", "\r\n"]));
      return below(5) === 0 ? text.replaceAll("\n", "\r\n") : text;
    },
    edited: (text) => {
      const at = below(text.length + 1);
      const from = below(text.length + 1);
      switch (below(6)) {
        case 0: return text.slice(0, at) + text.slice(at + below(4) + 1);
        case 1: return text.slice(0, at) + text.slice(at + below(80));
        case 2: return text.slice(0, at) + pick(WORDS) + text.slice(at + below(10));
        case 3: return text.slice(0, at) + text.slice(from, from + below(60)) + text.slice(at);
        default: return text.slice(0, at) + pick(WORDS) + text.slice(at);
      }
    },
  };
}
