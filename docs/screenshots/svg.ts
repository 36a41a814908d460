/** Without this file a terminal's screen could be compared but not shown: its cells as a picture. */
import type xterm from "@xterm/headless";

const CELL = { width: 8.4, height: 18 } as const;
const PAD = 14;
const TEXT = "#d8dee9";
const GROUND = "#1d2129";
/** The sixteen colours of a terminal, dark and calm; a picture has no settings of its reader. */
const PALETTE = ["#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#d8dee9", "#5c6370", "#f07c85", "#a8d389", "#f5d08b", "#71bfff", "#d688ed", "#66c6d2", "#ffffff"] as const;

interface Run {
  readonly x: number;
  readonly cells: number;
  readonly text: string;
  readonly style: string;
  readonly ground: string | null;
}

/** The window of a terminal as SVG: text in runs of one style, the cursor as a block. `alt` says what is seen. */
export function drawScreen(terminal: xterm.Terminal, alt: string): string {
  const buffer = terminal.buffer.active;
  const last = lastRow(terminal);
  const width = terminal.cols * CELL.width + 2 * PAD;
  const height = (last + 1) * CELL.height + 2 * PAD;
  const body: string[] = [];
  for (let y = 0; y <= last; y++) {
    for (const { x, cells, text, style, ground } of runsOf(terminal, buffer.baseY + y)) {
      const left = (PAD + x * CELL.width).toFixed(1);
      const top = PAD + y * CELL.height;
      if (ground !== null) body.push(`<rect x="${left}" y="${top}" width="${(cells * CELL.width).toFixed(1)}" height="${CELL.height}" fill="${ground}"/>`);
      body.push(...blocksOf(text, x, top, style));
      const letters = text.replace(BLOCKS, (blocks) => " ".repeat(blocks.length));
      // Blanks that no viewer folds into one.
      if (letters.trim() !== "") body.push(`<text x="${left}" y="${top + 13}" textLength="${(cells * CELL.width).toFixed(1)}" ${style}>${escaped(letters).replaceAll(" ", "\u00a0")}</text>`);
    }
  }
  const cursor = `<rect x="${(PAD + buffer.cursorX * CELL.width).toFixed(1)}" y="${PAD + buffer.cursorY * CELL.height}" width="${CELL.width}" height="${CELL.height}" fill="${TEXT}" fill-opacity="0.55"/>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" width="${width.toFixed(0)}" height="${height}" role="img" aria-label="${escaped(alt)}">`,
    `<rect width="100%" height="100%" rx="8" fill="${GROUND}"/>`,
    `<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14">`,
    ...body,
    `</g>`,
    cursor,
    `</svg>`,
    ``,
  ].join("\n");
}

/** The last row that holds something, or the cursor. */
function lastRow(terminal: xterm.Terminal): number {
  const buffer = terminal.buffer.active;
  let last = buffer.cursorY;
  for (let y = 0; y < terminal.rows; y++) if ((buffer.getLine(buffer.baseY + y)?.translateToString(true) ?? "").trim() !== "") last = Math.max(last, y);
  return last;
}

/** Neighbouring cells of one style. */
function runsOf(terminal: xterm.Terminal, row: number): Run[] {
  const line = terminal.buffer.active.getLine(row);
  const runs: Run[] = [];
  if (line === undefined) return runs;
  for (let x = 0; x < terminal.cols; x++) {
    const cell = line.getCell(x);
    if (cell === undefined || cell.getWidth() === 0) continue;
    const text = cell.getChars() === "" ? " " : cell.getChars();
    const colour = cell.isFgPalette() ? (PALETTE[cell.getFgColor()] ?? TEXT) : TEXT;
    const ground = cell.isBgPalette() ? (PALETTE[cell.getBgColor()] ?? GROUND) : null;
    const inverse = cell.isInverse() !== 0;
    const style = [`fill="${inverse ? GROUND : colour}"`, cell.isBold() !== 0 ? 'font-weight="bold"' : "", cell.isDim() !== 0 ? 'opacity="0.6"' : "", cell.isUnderline() !== 0 ? 'text-decoration="underline"' : ""].filter((part) => part !== "").join(" ");
    const behind = inverse ? colour : ground;
    const before = runs.at(-1);
    if (before !== undefined && before.style === style && before.ground === behind) runs[runs.length - 1] = { ...before, cells: before.cells + cell.getWidth(), text: before.text + text };
    else runs.push({ x, cells: cell.getWidth(), text, style, ground: behind });
  }
  return runs.map(trimmed);
}

/** Full, shaded and eighth blocks. */
const BLOCKS = /([\u2581-\u2588\u2591-\u2593])\1*/g;
const SHADES: Readonly<Record<string, number>> = { "\u2591": 0.3, "\u2592": 0.5, "\u2593": 0.75 };

/** Block characters as what they stand for: they must meet their neighbours, whatever the font. */
function blocksOf(text: string, x: number, top: number, style: string): string[] {
  return [...text.matchAll(BLOCKS)].map(({ 0: blocks, 1: block = "", index }) => {
    const shade = SHADES[block];
    const height = shade === undefined ? (CELL.height * (block.charCodeAt(0) - 0x2580)) / 8 : CELL.height;
    return `<rect x="${(PAD + (x + index) * CELL.width).toFixed(1)}" y="${(top + CELL.height - height).toFixed(2)}" width="${(blocks.length * CELL.width).toFixed(1)}" height="${height.toFixed(2)}" ${style}${shade === undefined ? "" : ` fill-opacity="${shade}"`}/>`;
  });
}

/** Blanks at the end are no text, unless they have a ground. */
function trimmed(run: Run): Run {
  const text = run.ground === null ? run.text.trimEnd() : run.text;
  return { ...run, text, cells: run.cells - (run.text.length - text.length) };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
