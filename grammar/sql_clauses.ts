/** Without this file a query of SQL would be refused with a line to start from in place of its own. */

/** Words that begin a clause, in the order in which they may stand. */
const CLAUSES = ["from", "where", "group by", "having", "order by", "limit", "offset"] as const;
type Clause = (typeof CLAUSES)[number];

/** What SQL calls functions of columns. */
const FUNCTIONS: Readonly<Record<string, string>> = { avg: "mean", count: "count", sum: "sum", min: "min", max: "max", median: "median", stddev: "std", stdev: "std", variance: "var" };

/** One column that is asked for: what it is, and its name where it is not that of a column. */
interface Asked {
  readonly value: string;
  readonly name: string | null;
  readonly aggregate: boolean;
}

const NAME = "[\\p{L}_][\\p{L}\\p{N}_]*";
const IS_NAME = new RegExp(`^${NAME}$`, "u");

/** Longer queries are nobody's slip. */
const LONGEST = 1000;

/** `SELECT a, b FROM t WHERE a > 1 ORDER BY a DESC LIMIT 5` from left to right; null where it asks for what no stages do in this order, such as two tables. */
export function turnedRound(query: string): string | null {
  const parts = query.length > LONGEST ? null : clausesOf(query);
  if (parts === null) return null;
  const [, distinct = "", list = ""] = /^select\s+(distinct\s+)?(.*)$/is.exec(parts.select) ?? [];
  const table = sourceOf(parts.from ?? "");
  const asked = list.trim() === "*" ? [] : commas(list).map(askedFor);
  if (table === null || asked.some((each) => each === null)) return null;
  const columns = asked as readonly Asked[];
  const keys = parts["group by"] === undefined ? [] : commas(parts["group by"]);
  const figures = columns.filter(({ aggregate }) => aggregate);
  const grouped = keys.length > 0 || figures.length > 0;
  const named = figures.map(({ value, name }) => ({ value, name: name ?? nameOf(value) }));
  const others = columns.filter(({ aggregate }) => !aggregate);
  if (keys.some((key) => !IS_NAME.test(key)) || (grouped && others.some(({ value, name }) => name !== null || !keys.includes(value)))) return null;
  // What stands behind the figures speaks of them by their names.
  const byName = (text: string): string => named.reduce((made, { value, name }) => made.replaceAll(value, name), aggregates(text));
  const sorted = parts["order by"] === undefined ? "" : `sort ${commas(parts["order by"]).map((key) => byName(key).replace(/\s+asc$/i, "").replace(/\s+desc$/i, " desc")).join(", ")}`;
  const renamed = others.some(({ value, name }) => name !== null || !IS_NAME.test(value));
  const select = grouped || columns.length === 0 ? "" : `select ${columns.map(({ value, name }) => (name === null ? value : `${name} = ${value}`)).join(", ")}`;
  const unnamed = !grouped && columns.some(({ value, name }) => name === null && !IS_NAME.test(value));
  const having = parts.having === undefined ? "" : `where ${condition(byName(parts.having))}`;
  if (unnamed || (parts.having !== undefined && !grouped) || /\w\(/.test(having)) return null;
  const numbers = [parts.offset === undefined ? "" : `skip ${parts.offset}`, parts.limit === undefined ? "" : `take ${parts.limit}`];
  if (numbers.some((each) => each !== "" && !/^\w+ \d+$/.test(each))) return null;
  // A name that is given in the list may be sorted by; a column that is not in it, too.
  const choice = distinct === "" ? [sorted, select] : [select, columns.length === 0 ? "distinct" : "", sorted];
  const stages = [
    table,
    parts.where === undefined ? "" : `where ${condition(parts.where)}`,
    keys.length === 0 ? "" : `group ${keys.join(", ")}`,
    named.length === 0 ? (keys.length === 0 ? "" : "agg n = count()") : `agg ${named.map(({ value, name }) => `${name} = ${value}`).join(", ")}`,
    having,
    ...(grouped ? [sorted] : renamed ? [select, sorted] : choice),
    distinct !== "" && columns.length > 0 ? "distinct" : "",
    ...numbers,
  ];
  return stages.filter((stage) => stage !== "").join(" | ");
}

/** What stands in each clause; null where one stands twice, or in another place, and where a clause of another kind stands. */
function clausesOf(query: string): (Readonly<Partial<Record<Clause, string>>> & { readonly select: string }) | null {
  const found: { readonly clause: Clause; readonly start: number; readonly end: number }[] = [];
  for (const { 0: word, index } of outside(query, /\b(?:from|where|group\s+by|having|order\s+by|limit|offset|join|union|intersect|except|over|case|exists|select)\b/gi)) {
    const clause = word.toLowerCase().replace(/\s+/g, " ");
    if (clause === "select" && index === 0) continue;
    const at = CLAUSES.indexOf(clause as Clause);
    if (at < 0 || at <= CLAUSES.indexOf(found.at(-1)?.clause as Clause)) return null;
    found.push({ clause: clause as Clause, start: index, end: index + word.length });
  }
  const text = (from: number, to: number | undefined): string => query.slice(from, to).trim().replace(/;$/, "").trim();
  const parts = Object.fromEntries(found.map(({ clause, end }, i) => [clause, text(end, found[i + 1]?.start)]));
  return found.length === 0 || Object.values(parts).includes("") ? null : { ...parts, select: text(0, found[0]!.start) };
}

/** Matches that stand in no text in quotes, and in no brackets. */
function outside(text: string, pattern: RegExp): readonly { readonly 0: string; readonly index: number }[] {
  let masked = text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/g, (quoted) => "\0".repeat(quoted.length));
  for (let before = ""; before !== masked; ) {
    before = masked;
    masked = masked.replace(/\([^()]*\)/g, (inner) => "\0".repeat(inner.length));
  }
  return [...masked.matchAll(pattern)].map((match) => ({ 0: match[0], index: match.index }));
}

function commas(list: string): readonly string[] {
  const ends = [...outside(list, /,/g).map(({ index }) => index), list.length];
  return ends.map((end, i) => list.slice(i === 0 ? 0 : ends[i - 1]! + 1, end).trim());
}

/** A table by its name, or a file by its own, in quotes or without them. */
function sourceOf(from: string): string | null {
  const file = /^(["'`]?)([^"'`\s]+\.(csv|tsv|jsonl|parquet))\1$/i.exec(from) ?? /^(["'])([^"']+\.(csv|tsv|jsonl|parquet))\1$/i.exec(from);
  if (file !== null) return `${file[3]!.toLowerCase() === "tsv" ? "csv" : file[3]!.toLowerCase()} "${file[2]!}"`;
  return new RegExp(`^${NAME}(?:\\.${NAME})*$`, "u").test(from) ? from : null;
}

function askedFor(item: string): Asked | null {
  const [, value = "", name = null] = new RegExp(`^(.+?)(?:\\s+as\\s+(${NAME}))?$`, "isu").exec(item) ?? [];
  if (value === "" || value.includes("*") && !/^count\s*\(\s*\*\s*\)$/i.test(value)) return null;
  const call = /^(\w+)\s*\(/.exec(value);
  const written = aggregates(value);
  return { value: written, name: name === value ? null : name, aggregate: call !== null && Object.hasOwn(FUNCTIONS, call[1]!.toLowerCase()) };
}

/** `AVG(x)` as `mean(x)`, `COUNT(*)` as `count()`. */
function aggregates(text: string): string {
  return text.replace(/\b(\w+)\s*\(\s*(\*?)/g, (whole: string, fn: string, star: string) => (Object.hasOwn(FUNCTIONS, fn.toLowerCase()) ? `${FUNCTIONS[fn.toLowerCase()]!}(${fn.toLowerCase() === "count" && star === "*" ? "" : star}` : whole));
}

/** A name for a figure: `mean_score` for `mean(score)`. */
function nameOf(value: string): string {
  const [, fn = "", column = ""] = new RegExp(`^(\\w+)\\((${NAME})?\\)$`, "u").exec(value) ?? [];
  return column === "" ? (fn === "count" ? "n" : fn) : `${fn}_${column}`;
}

/** A condition with the signs and words of saeq. */
function condition(text: string): string {
  const parts = text.split(/("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')/);
  return parts
    .map((part, i) => (i % 2 === 1 ? part : part.replace(/<>/g, "!=").replace(/(?<![<>!=~])=(?![=~])/g, "==").replace(/\bis\s+not\s+null\b/gi, "!= null").replace(/\bis\s+null\b/gi, "== null").replace(/\b(?:AND|OR|NOT|IN|TRUE|FALSE)\b/g, (word) => word.toLowerCase())))
    .join("");
}
