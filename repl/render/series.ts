/** Without this file two series would differ by colour alone, and not at all without it. */
import { columns, fitted } from "./fit.ts";
import { styled, type RenderOptions, type Style } from "./options.ts";

/** The names of the series in the order they first appear. */
export function seriesOf(marks: readonly { readonly series: string }[]): readonly string[] {
  return [...new Set(marks.map(({ series }) => series))];
}

const STYLES: readonly Style[] = ["first", "second", "both"];

export function styleOfSeries(at: number): Style {
  return STYLES[at % STYLES.length]!;
}

/** `█ perfect  ░ non_perfect`, in as many lines as they need; nothing where there is one series. */
export function seriesLegend(names: readonly string[], glyphs: readonly string[], options: RenderOptions): string[] {
  if (names.length < 2) return [];
  const lines: string[] = [];
  let used = 0;
  names.forEach((name, at) => {
    const entry = fitted(`${glyphs[at % glyphs.length]!} ${name}`, options.width, options.ascii);
    const painted = styled(styleOfSeries(at), entry, options);
    if (lines.length > 0 && used + 2 + columns(entry) <= options.width) {
      lines[lines.length - 1] += `  ${painted}`;
      used += 2 + columns(entry);
    } else {
      lines.push(painted);
      used = columns(entry);
    }
  });
  return lines;
}
