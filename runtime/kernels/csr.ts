/** Without this file per-document activations could not become one matrix, nor be cut to the rows and features asked for. */

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

/** Rows `keep` [n] of a matrix, in that order → [n, cols]. Row numbers may repeat. O(n + nnz kept). */
export function sliceRows(csr: Csr, keep: Uint32Array): Csr {
  const indptr = new Uint32Array(keep.length + 1);
  let entries = 0;
  for (let i = 0; i < keep.length; i++) {
    const row = keep[i]!;
    if (row >= csr.rows) throw new RangeError(`row ${row} of a matrix with ${csr.rows} rows`);
    entries += csr.indptr[row + 1]! - csr.indptr[row]!;
    if (entries > MOST_ENTRIES) throw new RangeError(`more than ${MOST_ENTRIES} activations in one slice`);
    indptr[i + 1] = entries;
  }
  const indices = new Uint32Array(entries);
  const values = new Float32Array(entries);
  for (let i = 0; i < keep.length; i++) {
    const from = csr.indptr[keep[i]!]!;
    const to = csr.indptr[keep[i]! + 1]!;
    indices.set(csr.indices.subarray(from, to), indptr[i]!);
    values.set(csr.values.subarray(from, to), indptr[i]!);
  }
  return { rows: keep.length, cols: csr.cols, indptr, indices, values };
}

/** The same cut of the row table: `keep` [n] → n rows. */
export function sliceRowTable(rows: Rows, keep: Uint32Array): Rows {
  return {
    count: keep.length,
    document: Uint32Array.from(keep, (row) => rows.document[row]!),
    position: Uint32Array.from(keep, (row) => rows.position[row]!),
    token: Int32Array.from(keep, (row) => rows.token[row]!),
    masked: Uint8Array.from(keep, (row) => rows.masked[row]!),
  };
}

/** Numbers of the rows that count in statistics, ascending. */
export function unmaskedRows(rows: Rows): Uint32Array {
  let count = 0;
  for (let row = 0; row < rows.count; row++) if (rows.masked[row] === 0) count++;
  const keep = new Uint32Array(count);
  let next = 0;
  for (let row = 0; row < rows.count; row++) if (rows.masked[row] === 0) keep[next++] = row;
  return keep;
}

/** Matrix and row table without masked rows. */
export function dropMasked(csr: Csr, rows: Rows): { readonly csr: Csr; readonly rows: Rows } {
  const keep = unmaskedRows(rows);
  return keep.length === rows.count ? { csr, rows } : { csr: sliceRows(csr, keep), rows: sliceRowTable(rows, keep) };
}

/** Entries with value > `threshold`, compared in float32. NaN stays, so that nothing broken goes unseen. */
export function above(csr: Csr, threshold: number): Csr {
  const bound = Math.fround(threshold);
  return keepEntries(csr, (entry) => !(csr.values[entry]! <= bound));
}

/** Entries of the given features (any order); feature ids and width stay as they are. O(cols + nnz). */
export function selectColumns(csr: Csr, features: Iterable<number>): Csr {
  const chosen = new Uint8Array(csr.cols);
  for (const feature of features) {
    if (!Number.isInteger(feature) || feature < 0 || feature >= csr.cols) throw new RangeError(`feature ${feature} of ${csr.cols}`);
    chosen[feature] = 1;
  }
  return keepEntries(csr, (entry) => chosen[csr.indices[entry]!] === 1);
}

function keepEntries(csr: Csr, keeps: (entry: number) => boolean): Csr {
  const indptr = new Uint32Array(csr.rows + 1);
  const kept = new Uint8Array(csr.indices.length);
  let count = 0;
  for (let row = 0; row < csr.rows; row++) {
    for (let entry = csr.indptr[row]!; entry < csr.indptr[row + 1]!; entry++) {
      if (keeps(entry)) {
        kept[entry] = 1;
        count++;
      }
    }
    indptr[row + 1] = count;
  }
  if (count === csr.indices.length) return csr;
  const indices = new Uint32Array(count);
  const values = new Float32Array(count);
  let next = 0;
  for (let entry = 0; entry < kept.length; entry++) {
    if (kept[entry] === 0) continue;
    indices[next] = csr.indices[entry]!;
    values[next++] = csr.values[entry]!;
  }
  return { rows: csr.rows, cols: csr.cols, indptr, indices, values };
}

/**
 * Check what every kernel takes for granted: offsets start at 0, never fall, end at nnz; features of a row ascend
 * strictly and are below `cols`; with `rows`, one entry per row of the matrix. O(nnz).
 * @throws Error naming the first breach: such a matrix is a bug, never a user's mistake.
 */
export function assertCsr(csr: Csr, rows?: Rows): void {
  const fail = (what: string): never => {
    throw new Error(`broken sparse matrix: ${what}`);
  };
  if (csr.indptr.length !== csr.rows + 1) fail(`${csr.indptr.length} offsets for ${csr.rows} rows`);
  if (csr.indptr[0] !== 0) fail(`first offset is ${csr.indptr[0]}`);
  if (csr.indptr[csr.rows] !== csr.indices.length) fail(`last offset ${csr.indptr[csr.rows]} of ${csr.indices.length} entries`);
  if (csr.indices.length !== csr.values.length) fail(`${csr.indices.length} features, ${csr.values.length} values`);
  if (rows !== undefined && rows.count !== csr.rows) fail(`${csr.rows} rows, ${rows.count} in the row table`);
  for (let row = 0; row < csr.rows; row++) {
    const to = csr.indptr[row + 1]!;
    let before = -1;
    if (to < csr.indptr[row]!) fail(`offsets fall at row ${row}`);
    for (let entry = csr.indptr[row]!; entry < to; entry++) {
      const feature = csr.indices[entry]!;
      if (feature <= before) fail(`features do not ascend at row ${row}: ${feature} after ${before}`);
      if (feature >= csr.cols) fail(`feature ${feature} of ${csr.cols} at row ${row}`);
      before = feature;
    }
  }
}
