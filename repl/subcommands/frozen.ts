/** Without this file a run could take another model, file or seed than the one it was written with, and say nothing. */
import { join } from "node:path";
import { parse } from "../../grammar/parse.ts";
import { visible } from "../../grammar/visible.ts";
import { drawnFrom } from "../../src/ops/drawn_from.ts";
import { nodes } from "../../src/optimize/rule.ts";
import { DataError } from "../../runtime/data/error.ts";
import { entryOf, lockDifferences } from "../../runtime/lock/differences.ts";
import { LOCK_NAME, readLock } from "../../runtime/lock/lock_file.ts";
import { shellWord } from "../../runtime/data/shell_word.ts";
import { portable } from "../../runtime/record/used.ts";
import type { Checked } from "../../runtime/session/session_port.ts";
import { gather } from "./lock_gathering.ts";
import { fixingCommand, sayDifferences } from "./lock_report.ts";
import type { ScriptPlace } from "./script_place.ts";
import { mistake, type Shop } from "./shop.ts";

/** What `--frozen` asks before a script runs: a lock that fits, an edition line, a seed. 0, or the exit code after saying what is missing. `checked` was made offline. */
export async function requireFrozen(file: string, place: ScriptPlace, checked: Checked, params: Readonly<Record<string, string>>, shop: Shop): Promise<number> {
  const { name, readFrom } = place;
  const refuse = (text: string): number => {
    mistake(shop, `--frozen: ${text}`);
    return 5;
  };
  if (place.script === null) return refuse(`a lock stands beside a script file; stdin has no place`);
  // What is in a bundle stays as it is: only whoever has the files can lock them.
  const again = `make the bundle again where its files are: saeq bundle ${visible(shellWord(name))}; or run it without --frozen`;
  const locked = frozenLock(join(readFrom, LOCK_NAME), refuse);
  if (typeof locked === "number") return locked;
  const script = portable(name);
  if (place.bundle && (locked === null || entryOf(locked.scripts, script) === undefined)) return refuse(`${visible(file)} has no ${LOCK_NAME} ${locked === null ? "in it" : `that names ${visible(name)}`}; ${again}`);
  if (locked === null) return refuse(`there is no ${LOCK_NAME} beside ${visible(name)}; to make it: ${visible(fixingCommand(file, [], params))}`);
  if (entryOf(locked.scripts, script) === undefined) return refuse(`${LOCK_NAME} does not name ${visible(name)}; to add it: ${visible(fixingCommand(file, [], params))}`);
  const edition = missingEdition(place);
  if (edition !== null) return refuse(edition);
  const away = checked.diagnostics.find(({ code }) => code === "hub-unavailable");
  if (away !== undefined) return refuse(`nothing is downloaded, and ${visible(away.message)}; to fetch it once: saeq run ${visible(file)}`);
  // Its mistakes are told when it is run; what it reads is not known before.
  if (checked.diagnostics.some(({ severity }) => severity === "error") || checked.compiled === undefined) return 0;
  const unseeded = missingSeed(checked);
  if (unseeded !== null) return refuse(unseeded);
  const found = await gather(place, checked, shop, true);
  if (typeof found === "number") return found;
  // What a flag says is said on purpose.
  const differences = lockDifferences(locked, found, script).filter(({ kind, name: key }) => kind !== "settings" || !Object.hasOwn(shop.options.settings, key));
  if (differences.length === 0) return 0;
  sayDifferences(name, differences, shop);
  shop.stderr.write(place.bundle ? "--frozen refuses it: the bundle was changed after it was made, or what it names is another one here\n" : `--frozen refuses it; to accept it: ${visible(fixingCommand(file, differences, params))}\n`);
  return 5;
}

/** Why `--frozen` refuses a script wherever it runs, whatever is locked; null where it does not. */
export function neverFrozen(place: ScriptPlace, checked: Checked): string | null {
  return missingEdition(place) ?? missingSeed(checked);
}

function missingEdition({ name, source }: ScriptPlace): string | null {
  if (parse(source.text).script.statements.some(({ kind }) => kind === "edition")) return null;
  return `${visible(name)} does not say which edition of the language it is written in; its first line should be: saeq 1`;
}

function missingSeed({ compiled }: Checked): string | null {
  if (compiled === undefined) return null;
  const { seed } = compiled.scope.settings;
  // A seed that is set later holds for what stands behind it.
  const unseeded = compiled.pipelines.filter((pipeline) => !pipeline.settings.seedGiven);
  const sampled = unseeded.flatMap(({ written }) => nodes(written)).find(({ op }) => drawnFrom(op) !== null);
  if (sampled === undefined) return null;
  return `\`${visible(sampled.label)}\` draws other ${sampled.op.op === "sample" ? "rows" : "tokens"} in each run, as no seed is set; write \`set seed ${seed}\` above it, or give --seed ${seed}`;
}

function frozenLock(path: string, refuse: (text: string) => number): ReturnType<typeof readLock> | number {
  try {
    return readLock(path);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return refuse(`${visible(error.message)}${error.help === null ? "" : `; ${visible(error.help)}`}`);
  }
}
