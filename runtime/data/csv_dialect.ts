/** Without this file the two readers of CSV could ask papaparse for two dialects. */
import type { ParseConfig } from "papaparse";

/** What papaparse is told of a text that the guard (`csv_guard.ts`) has passed: `\n` between rows, text cells, nothing inferred. */
export const dialect = (separator: string) => ({ delimiter: separator, newline: "\n", quoteChar: '"', header: false, dynamicTyping: false, skipEmptyLines: false }) as const satisfies ParseConfig;
