/** Without this file README's pictures would be drawn by hand: what is typed for each, and the screen that is then pictured. */
import { fileURLToPath } from "node:url";
import { ownFolder } from "../../test/house/own_folder.ts";
import { key, live, startSaeq } from "../../test/terminal/saeq.ts";
import type { Terminal } from "../../test/terminal/terminal.ts";
import { drawScreen } from "./svg.ts";

export interface Scene {
  readonly name: string;
  /** What the picture shows, for those who do not see it. */
  readonly alt: string;
  readonly columns: number;
  readonly rows: number;
  readonly play: (repl: Terminal) => Promise<void>;
}

/** Type a query and wait for its end. */
async function ask(repl: Terminal, query: string, shown: string): Promise<void> {
  repl.type(query);
  await repl.until((screen) => live(screen)[0]?.startsWith(`saeq› ${query}`) === true, query);
  repl.type(key.enter);
  await repl.until((screen) => screen.some((row) => row.includes(shown)) && live(screen)[0] === "saeq›" && !screen.some((row) => /^running|texts {2}[\d.]+k? tok/.test(row)), shown);
}

/** Answers computed before and the screen emptied: how long a machine took is no part of a picture. */
async function askedBefore(repl: Terminal, query: string, shown: string): Promise<void> {
  await ask(repl, query, shown);
  repl.type(key.ctrl("l"));
  await repl.until((screen) => screen[0] === "saeq›" && screen[1] === "");
}

const TOP = "groups perfect = (sample perfect 10), other = (sample non_perfect 10) | acts layer 7 | top 5";
const HIST = "groups a = (sample perfect 10), b = (sample non_perfect 10) | acts layer 7 | hist l0 overlay";

export const scenes: readonly Scene[] = [
  {
    name: "completion", alt: "Tab offers the columns of the table before the caret, with their types", columns: 88, rows: 12,
    async play(repl) {
      repl.type("perfect | where mat");
      await repl.until("where mat");
      repl.type(key.tab);
      await repl.until("matching_positions");
      repl.type(key.tab);
      await repl.until("▸");
    },
  },
  {
    name: "features", alt: "The most active features of two groups of texts, side by side", columns: 110, rows: 14,
    async play(repl) {
      await askedBefore(repl, TOP, "feature  count");
      await ask(repl, TOP, "feature  count");
    },
  },
  {
    name: "histogram", alt: "Active features per token of two groups as overlaid histograms, told apart without colour too", columns: 110, rows: 28,
    async play(repl) {
      await askedBefore(repl, HIST, "y: tokens");
      await ask(repl, HIST, "y: tokens");
    },
  },
  {
    name: "mistake", alt: "A mistake with its place, what is possible there, and a fix that Tab puts in", columns: 88, rows: 14,
    async play(repl) {
      await ask(repl, "sample perfect 10 | actz layer 7 | top 10", "unknown-stage").catch(() => undefined);
      await repl.until("Tab applies the fix");
    },
  },
];

/** Play one scene in saeq on a terminal and draw its screen. */
export async function picture(scene: Scene): Promise<string> {
  const folder = ownFolder();
  const repl = startSaeq(folder, { args: ["--seed", "42", "--no-history"], columns: scene.columns, rows: scene.rows, cwd: fileURLToPath(new URL("../../examples", import.meta.url)) });
  try {
    await repl.until("saeq›");
    // Loaded, and the greeting with its version gone.
    repl.type(" .ls\r");
    await repl.until("nothing is named");
    repl.type(key.ctrl("l"));
    await repl.until((screen) => screen[0] === "saeq›");
    await scene.play(repl);
    return drawScreen(repl.emulator, scene.alt);
  } finally {
    await repl.close();
  }
}
