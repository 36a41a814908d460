/** Without this file bad data would surface as stack traces instead of one sentence, a place and a way out. */

export interface DataErrorParts {
  /** Kebab-case, stable, never reused: `ragged-row`. */
  readonly code: string;
  /** One sentence that says what is wrong, with the numbers. */
  readonly message: string;
  readonly notes?: readonly string[];
  /** What to do about it. */
  readonly help?: string;
  /** Files that may have been meant instead, the nearest first. */
  readonly near?: readonly string[];
  /** Data row, counted from 1 without the header. */
  readonly row?: number;
  /** Name of the column. */
  readonly column?: string;
}

/** A mistake in data or on disk that its user can mend; anything else that is thrown here is a bug of ours. */
export class DataError extends Error {
  readonly code: string;
  readonly notes: readonly string[];
  readonly help: string | null;
  readonly near: readonly string[];
  readonly row: number | null;
  readonly column: string | null;

  constructor(parts: DataErrorParts) {
    super(parts.message);
    this.name = "DataError";
    this.code = parts.code;
    this.notes = parts.notes ?? [];
    this.help = parts.help ?? null;
    this.near = parts.near ?? [];
    this.row = parts.row ?? null;
    this.column = parts.column ?? null;
  }
}

/** The code Node puts on file-system errors (`ENOENT`), or null for other errors. */
export function systemCode(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}
