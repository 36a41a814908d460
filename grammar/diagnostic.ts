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
}
