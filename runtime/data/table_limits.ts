/** Without this file a table that is too large as CSV could be read as Parquet or JSON lines, and fail later. */

export const MAX_FIELD_BYTES = 16 * 1024 * 1024;
export const MAX_COLUMNS = 16_384;
