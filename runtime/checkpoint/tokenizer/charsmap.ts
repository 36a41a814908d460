/** Without this file texts would be normalized by a guess at what SentencePiece compiled into a tokenizer.json. */

/** A double array (Darts) from bytes of text to places in `normalized`, where the replacements stand, each ended by a NUL. */
interface Charsmap {
  readonly units: Uint32Array;
  readonly normalized: Uint8Array;
}

/** SentencePiece's `precompiled_charsmap` as a map of texts; null where it is none. Follows `spm_precompiled` of Hugging Face tokenizers. */
export function readCharsmap(base64: string): ((text: string) => string) | null {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length < 4) return null;
  const size = bytes.readUInt32LE(0);
  if (size === 0 || size % 4 !== 0 || 4 + size > bytes.length) return null;
  const units = Uint32Array.from({ length: size / 4 }, (_, at) => bytes.readUInt32LE(4 + 4 * at));
  const map: Charsmap = { units, normalized: bytes.subarray(4 + size) };
  const known = new Map<string, string | null>();
  const graphemes = new Intl.Segmenter("und", { granularity: "grapheme" });
  const replaced = (part: string): string | null => {
    const before = known.get(part);
    if (before !== undefined) return before;
    const now = look(map, Buffer.from(part));
    if (known.size < 65536) known.set(part, now);
    return now;
  };
  return (text) => {
    let out = "";
    for (const { segment } of graphemes.segment(text)) {
      const whole = Buffer.byteLength(segment) < 6 ? replaced(segment) : null;
      if (whole !== null) out += whole;
      else for (const character of segment) out += replaced(character) ?? character;
    }
    return out;
  };
}

/** The replacement for the shortest start of `part` that has one. */
function look({ units, normalized }: Charsmap, part: Uint8Array): string | null {
  let at = offset(units[0] as number);
  for (const byte of part) {
    if (byte === 0) return null;
    at ^= byte;
    const unit = units[at];
    if (unit === undefined || ((unit & 0x800000ff) >>> 0) !== byte) return null;
    at ^= offset(unit);
    if (((unit >>> 8) & 1) === 0) continue;
    const start = (units[at] ?? 0) & 0x7fffffff;
    const end = normalized.indexOf(0, start);
    return Buffer.from(normalized.subarray(start, end === -1 ? normalized.length : end)).toString("utf8");
  }
  return null;
}

function offset(unit: number): number {
  return (unit >>> 10) << ((unit & 512) >>> 6);
}
