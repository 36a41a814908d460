/** Without this file a script could write over what it reads, or over what it saved a line before. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Fix } from "../../grammar/diagnostic.ts";
import { key } from "../../src/ops/key.ts";
import type { Plan } from "../../src/ops/op.ts";
import { realPath } from "../data/admission.ts";
import { identity, namesOf } from "../permissions/granted.ts";

/** A `save` that takes the place of something that is still wanted. */
export interface Clash {
  readonly save: Plan;
  readonly code: "overwrites-input" | "saved-twice";
  readonly message: string;
  readonly notes: readonly string[];
  readonly help?: string;
  readonly fix?: Fix;
}

export interface ClashPlaces {
  readonly writeTo: string;
  readonly text: string;
  /** Files that the source reads, as absolute paths. */
  readonly reads: readonly string[];
}

/** Saves over files that are read, and two saves of different values under one name; a save that stands for the same value twice is one. */
export function saveClashes(saves: readonly Plan[], { writeTo, text, reads }: ClashPlaces): readonly Clash[] {
  const inputs = new Map(reads.map((path) => [placeOf(path), path]));
  const saved = new Map<string, Plan>();
  return saves.flatMap((save): Clash[] => {
    if (save.op.op !== "save") return [];
    const { path } = save.op;
    const place = placeOf(resolve(writeTo, path));
    const read = inputs.get(place);
    const first = saved.get(place);
    if (first === undefined) saved.set(place, save);
    const other = freePath(path, writeTo, saves);
    const span = pathSpan(text, save.at.start, save.at.end, path);
    const mend = span === null ? { help: `save ${JSON.stringify(other)}` } : { fix: { span, text: JSON.stringify(other) } };
    if (read !== undefined) {
      const leads = read === resolve(writeTo, path) ? [] : [`it leads to ${read}`];
      return [{ save, code: "overwrites-input", message: `\`${path}\` is read here, and saving would overwrite it`, notes: [...leads, "the next run would read what this one wrote"], ...mend }];
    }
    if (first === undefined || first.at === save.at || key(first) === key(save)) return [];
    return [{ save, code: "saved-twice", message: `\`${path}\` is saved twice, and only the second value would stay`, notes: [`line ${lineOf(text, first.at.start)} saves another value there`], ...mend }];
  });
}

/** One text for all names of a place: links are followed, and so are other spellings where a file system knows several. */
function placeOf(path: string): string {
  const real = realPath(path);
  // A file with several names (hard links) keeps the others: what is saved takes one of them only.
  return namesOf(real) > 1 ? real : (identity(real) ?? real);
}

/** `bom_2.csv`: a name beside it that nothing has. */
function freePath(path: string, writeTo: string, saves: readonly Plan[]): string {
  const taken = new Set(saves.flatMap(({ op }) => (op.op === "save" ? [op.path] : [])));
  const at = path.length - (/\.[^./\\]*$/.exec(path)?.[0].length ?? 0);
  for (let number = 2; ; number++) {
    const other = `${path.slice(0, at)}_${number}${path.slice(at)}`;
    if (!taken.has(other) && !existsSync(resolve(writeTo, other))) return other;
  }
}

/** Where the stage spells its path out. */
function pathSpan(text: string, start: number, end: number, path: string): Fix["span"] | null {
  const quoted = `"${path}"`;
  const at = text.slice(start, end).indexOf(quoted);
  return at < 0 ? null : { start: start + at, end: start + at + quoted.length };
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}
