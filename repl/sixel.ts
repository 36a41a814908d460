/** Without this file terminals that know only the oldest way to take pictures would get none. */

/** Levels of each of red, green and blue: 216 colours, enough for a plot. */
const LEVELS = 6;

/**
 * RGBA pixels [height, width, 4] as DEC sixels (VT330/VT340 programmer reference, chapter 14): bands of six rows, in each band one line per colour,
 * runs of more than three equal columns shortened. Pixels are opaque.
 */
export function sixels(pixels: Uint8Array, width: number, height: number): string {
  const colours = new Uint8Array(width * height);
  const used = new Set<number>();
  for (let at = 0; at < colours.length; at++) {
    const [red, green, blue] = [0, 1, 2].map((channel) => Math.round(((pixels[at * 4 + channel] ?? 0) * (LEVELS - 1)) / 255)) as [number, number, number];
    colours[at] = red * LEVELS * LEVELS + green * LEVELS + blue;
    used.add(colours[at]!);
  }
  const percent = (level: number): number => Math.round((level * 100) / (LEVELS - 1));
  const palette = [...used].sort((a, b) => a - b).map((colour) => `#${colour};2;${percent(Math.floor(colour / LEVELS ** 2))};${percent(Math.floor(colour / LEVELS) % LEVELS)};${percent(colour % LEVELS)}`);
  const bands: string[] = [];
  for (let top = 0; top < height; top += 6) bands.push(band(colours, width, top, Math.min(6, height - top)));
  return `\x1bP0;1q"1;1;${width};${height}${palette.join("")}${bands.join("-")}\x1b\\`;
}

function band(colours: Uint8Array, width: number, top: number, rows: number): string {
  const masks = new Map<number, Uint8Array>();
  for (let row = 0; row < rows; row++) {
    for (let x = 0; x < width; x++) {
      const colour = colours[(top + row) * width + x]!;
      let mask = masks.get(colour);
      if (mask === undefined) masks.set(colour, (mask = new Uint8Array(width)));
      mask[x]! |= 1 << row;
    }
  }
  return [...masks].map(([colour, mask]) => `#${colour}${runs(mask)}`).join("$");
}

function runs(mask: Uint8Array): string {
  let text = "";
  for (let at = 0; at < mask.length; ) {
    let end = at + 1;
    while (end < mask.length && mask[end] === mask[at]) end++;
    const sign = String.fromCharCode(63 + mask[at]!);
    text += end - at > 3 ? `!${end - at}${sign}` : sign.repeat(end - at);
    at = end;
  }
  return text;
}
