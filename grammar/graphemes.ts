/** Without this file each place that cuts texts into what people call characters would make its own segmenter while saeq starts. */

let segmenter: Intl.Segmenter | null = null;

/** What people call characters: a letter with its accents, a whole flag or family. Making the segmenter takes some 20 ms, so the first text pays for it. */
export function graphemes(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  return segmenter.segment(text);
}
