/** Without this file operators, null, and what takes two stages together would have no page: they are neither stages nor functions. */

export interface TopicPage {
  /** What it is asked for by; the first ones head the page. */
  readonly names: readonly string[];
  /** How many of the names head the page. */
  readonly heads: number;
  /** One line. */
  readonly doc: string;
  readonly more: readonly string[];
  readonly example: string;
}

/** What stands between values, and what it makes of null. */
export const OPERATOR_PAGES: readonly TopicPage[] = [
  {
    names: ["null", "is null", "is not null", "nulls", "missing", "na", "nan", "none", "isnull", "notnull"],
    heads: 1,
    doc: "A value that is missing",
    more: [
      "`x == null` is true where x is missing, and so is `is_null(x)`; `x != null` where it is there",
      "`!=` is true where one side is missing and the other is not: `text != \"\"` and `len(text) != 3` keep rows without a text",
      "`<`, `<=`, `>`, `>=` `=~` and `in` are false where a side is missing: `len(text) > 3` leaves rows without a text out",
      "arithmetic with null is null, and so are functions of it but `is_null`, `coalesce` and `if`",
      "`and`, `or` and `not` see null as false, and so does a condition: `not flag` is true where flag is missing",
      "figures (`mean`, `sum`, `count(x)` …) leave null out; `count()` counts rows",
      "`sort` puts null last; for `group`, `distinct`, `count by` and `join` it is a value like others",
    ],
    example: 'memorization | where input_text != null and input_text != "" | count',
  },
  {
    names: ["==", "!=", "<", "<=", ">", ">=", "comparison", "compare values", "equals", "<>"],
    heads: 6,
    doc: "Compare two values of one kind: numbers, texts, true and false",
    more: ["texts are ordered by their code units, the same on every machine", "`null == null` is true, `!=` is true where one side alone is null, an order with null is false: see `null`"],
    example: "memorization | where matching_tokens >= 10 and not perfect_match | count",
  },
  {
    names: ["~=", "approximately"],
    heads: 1,
    doc: "Whether two numbers are equal but for rounding: they differ by at most a billionth of the larger",
    more: ["null as for `==`"],
    example: "memorization | where matching_tokens / 50 ~= 0.3 | count",
  },
  {
    names: ["=~", "regex", "regexp", "like"],
    heads: 1,
    doc: "Whether a text has a place that a pattern fits",
    more: ["patterns are those of RE2; `(?i)` in front takes no note of case", "false where the text is null"],
    example: 'memorization | where input_text =~ "(?i)\\\\bland\\\\b" | count',
  },
  {
    names: ["in", "not in", "..", "isin", "between", "range", "list"],
    heads: 1,
    doc: "Whether a value is in a list, or in a range with both its ends",
    more: ["`x in [1, 2]`, `x in 0..10`; `not (x in [1, 2])`", "null is in no range and in no list of plain values; columns in a list are compared as by `==`"],
    example: 'memorization | where repeated in [true] and matching_tokens in 5..20 | count',
  },
  {
    names: ["and", "or", "not", "logic", "boolean", "&&", "||"],
    heads: 3,
    doc: "Join conditions; `and` binds more strongly than `or`, `not` more strongly than both",
    more: ["only true and false are conditions: a number or a text is none", "null is seen as false"],
    example: "memorization | where perfect_match or matching_tokens > 40 and not repeated | count",
  },
  {
    names: ["+", "-", "*", "/", "%", "^", "arithmetic", "modulo", "power"],
    heads: 6,
    doc: "Calculate with numbers; `+` also puts two texts together",
    more: ["`/` and `^` give a float, others an int of two ints; `%` is what a division leaves over", "with null the result is null; what has no finite number (`x / 0`) is null too, and is told"],
    example: "memorization | derive rate = matching_tokens / 50 | select rate | take 3",
  },
];

/** What is asked for by one word and takes several stages. */
export const TOPIC_PAGES: readonly TopicPage[] = [
  {
    names: ["co-occurrence", "cooccurrence", "co-occurring features", "coactivation", "co-activation"],
    heads: 1,
    doc: "Which features fire on the same tokens: `rows` puts each activation on a line, and `join` those of one token beside one another",
    more: ["name the features: of all, a token has thousands of pairs"],
    example: 'let active = sample perfect 5 | acts layer 7 | rows 12, 559, 769\nactive | join (active) on row, position suffix "_other" | where feature < feature_other | count by feature, feature_other',
  },
  {
    names: ["volcano", "volcano plot"],
    heads: 1,
    doc: "How much features differ between two groups against how sure that is: `compare`, drawn by `plot scatter`",
    more: ["delta is Cliff's delta, from -1 to 1"],
    example: "groups a = (sample perfect 10), b = (sample non_perfect 10) | acts layer 7 last 50 | compare | derive sure = -log10(p) | plot scatter x delta y sure",
  },
  {
    names: ["density", "feature density", "firing rate", "activation density"],
    heads: 1,
    doc: "On which share of tokens each feature is active: `frac` of `top … by frac`, drawn by `hist`",
    more: ["`stats` says how many features are never active"],
    example: "sample perfect 5 | acts layer 7 | top 1536 by frac | hist frac bins 20",
  },
];

/** The page that a word is found under; null where there is none. */
export function topicHelp(word: string): string | null {
  const page = [...OPERATOR_PAGES, ...TOPIC_PAGES].find(({ names }) => names.includes(word.toLowerCase()));
  if (page === undefined) return null;
  return [headOf(page), `  ${page.doc}`, ...page.more.map((line) => `  ${line}`), ...page.example.split("\n").map((line) => `  ${line}`)].join("\n");
}

/** The names that head a page. */
export const headOf = ({ names, heads }: TopicPage): string => names.slice(0, heads).join("  ");
