/** Without this file every phase would report mistakes in a shape of its own. */
import type { Span } from "./span.ts";

export type Severity = "error" | "warning" | "note";

/** Replace `span` by `text`: applied by Tab in the REPL and by editors, and where nothing else can be meant (`src/assist/certain.ts`) by `fmt --fix`. */
export interface Fix {
  readonly span: Span;
  readonly text: string;
}

/** A mistake of the user, returned and never thrown. Rendered by `render.ts`. */
export interface Diagnostic {
  /** Kebab-case, stable, never reused: `unknown-stage`. */
  readonly code: string;
  readonly severity: Severity;
  readonly span: Span;
  /** What is wrong, in the user's words: no full stop, names in backquotes. */
  readonly message: string;
  /** A few words under the caret, such as: did you mean `acts`? */
  readonly label?: string;
  /** Facts from this run: types, counts, names that exist. */
  readonly notes?: readonly string[];
  /** One line that can be pasted. */
  readonly help?: string;
  readonly fix?: Fix;
  /** Where the text came from when it is not the text being compiled (a data file, a row). */
  readonly origin?: string;
  /** Others of its kind, errors or not, that were left out: told behind the last that is shown. */
  readonly untold?: number;
}

/** The first so many errors, and so many others: no warning stands in the way of a mistake. How many were left out is told of the last of each. */
export function firstOfEach(diagnostics: readonly Diagnostic[], most: number): Diagnostic[] {
  const kept: Diagnostic[] = [];
  const kinds = { error: { count: 0, untold: 0, last: -1 }, other: { count: 0, untold: 0, last: -1 } };
  for (const each of diagnostics) {
    const kind = each.severity === "error" ? kinds.error : kinds.other;
    kind.untold += each.untold ?? 0;
    if (kind.count++ >= most) kind.untold++;
    else kind.last = kept.push(each) - 1;
  }
  return kept.map((each, i) => {
    const { untold, last } = each.severity === "error" ? kinds.error : kinds.other;
    return untold === 0 ? each : { ...each, untold: i === last ? untold : 0 };
  });
}
