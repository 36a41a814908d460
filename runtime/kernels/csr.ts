/** Without this file per-document activations could not become one matrix. */

/** Which (document, position) each row of activations is. All arrays have one entry per row. */
export interface Rows {
  readonly count: number;
  readonly document: Uint32Array;
  readonly position: Uint32Array;
  readonly token: Int32Array;
  /** 1 = special token, left out of statistics. */
  readonly masked: Uint8Array;
}

/** Compressed sparse rows: the features of row r are indices[indptr[r] .. indptr[r + 1]), ascending. */
export interface Csr {
  readonly rows: number;
  readonly cols: number;
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}

/** One document's share: `indptr` [rows + 1] from 0, `indices` and `values` [nnz]. */
export interface CsrPart {
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly values: Float32Array;
}

/** Offsets are 32-bit: a matrix holds fewer entries than this. */
const MOST_ENTRIES = 0xffffffff;

/**
 * Stack documents: parts with r0, r1 … rows → one matrix [r0 + r1 + …, cols]. O(nnz).
 * @throws RangeError past 2³² − 1 entries.
 */
export function concatenate(parts: readonly CsrPart[], cols: number): Csr {
  let rows = 0;
  let entries = 0;
  for (const part of parts) {
    rows += part.indptr.length - 1;
    entries += part.indices.length;
  }
  if (entries > MOST_ENTRIES) throw new RangeError(`${entries} activations do not fit one matrix (at most ${MOST_ENTRIES})`);
  const indptr = new Uint32Array(rows + 1);
  const indices = new Uint32Array(entries);
  const values = new Float32Array(entries);
  let row = 0;
  let offset = 0;
  for (const part of parts) {
    for (let r = 1; r < part.indptr.length; r++) indptr[row + r] = offset + part.indptr[r]!;
    indices.set(part.indices, offset);
    values.set(part.values, offset);
    row += part.indptr.length - 1;
    offset += part.indices.length;
  }
  return { rows, cols, indptr, indices, values };
}

/** The same matrix with the entries above a threshold of some columns, null: of all. O(nnz). */
export function onlyEntries({ rows, cols, indptr, indices, values }: Csr, wanted: ReadonlySet<number> | null, threshold: number): Csr {
  const isKept = (at: number): boolean => values[at]! > threshold && wanted?.has(indices[at]!) !== false;
  const starts = new Uint32Array(rows + 1);
  let entries = 0;
  for (let row = 0; row < rows; row++) {
    for (let at = indptr[row]!; at < indptr[row + 1]!; at++) entries += Number(isKept(at));
    starts[row + 1] = entries;
  }
  const kept = { indices: new Uint32Array(entries), values: new Float32Array(entries) };
  let to = 0;
  for (let at = 0; to < entries; at++) {
    if (!isKept(at)) continue;
    kept.indices[to] = indices[at]!;
    kept.values[to++] = values[at]!;
  }
  return { rows, cols, indptr: starts, ...kept };
}

/**
 * Which (document, position) each row is. `ids[d]` are the tokens of document d, `wanted[d]` its positions that have a
 * row, ascending; rows come in that order. A token in `special` is masked.
 */
export function rowsOf(ids: readonly Int32Array[], wanted: readonly Uint32Array[], special: ReadonlySet<number>): Rows {
  let count = 0;
  for (const positions of wanted) count += positions.length;
  const document = new Uint32Array(count);
  const position = new Uint32Array(count);
  const token = new Int32Array(count);
  const masked = new Uint8Array(count);
  let row = 0;
  for (let d = 0; d < ids.length; d++) {
    const tokens = ids[d]!;
    for (const at of wanted[d]!) {
      const id = tokens[at];
      if (id === undefined) throw new RangeError(`position ${at} of document ${d} lies beyond its ${tokens.length} tokens`);
      document[row] = d;
      position[row] = at;
      token[row] = id;
      masked[row] = special.has(id) ? 1 : 0;
      row++;
    }
  }
  return { count, document, position, token, masked };
}
