/** Without this file a table that is too large as CSV could be read as Parquet or JSON lines, and fail later. */

/** Rows, and cells, that a join or a concat makes at most: each of them may double what it is given. */
export const MOST_ROWS = 50_000_000;
export const MOST_CELLS = 100_000_000;
export const MAX_FIELD_BYTES = 16 * 1024 * 1024;
/** A file that is one text, to be cut into pieces: half of what a string may hold. */
export const MAX_TEXT_BYTES = 256 * 1024 * 1024;
