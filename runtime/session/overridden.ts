/** Without this file a setting given as a flag would be taken back by the script, and nobody would say so. */
import { parse } from "../../grammar/parse.ts";

interface Written {
  readonly value: string;
  readonly line: number;
  /** Whether something that could depend on it stands before. */
  readonly late: boolean;
}

/** What to say of settings given as flags that a script sets otherwise: its `set` wins. */
export function overridden(text: string, flags: Readonly<Record<string, string>>): readonly string[] {
  const written = Object.keys(flags).length === 0 ? new Map<string, Written>() : firstSets(text);
  return Object.entries(flags).flatMap(([name, given]) => {
    const found = written.get(name);
    if (found === undefined || found.value.replace(/^"(.*)"$/, "$1") === given) return [];
    // A seed counts from where it is set on; of other settings a script has one value, the last.
    const partly = name === "seed" && found.late;
    return [`\`--${name} ${given}\` ${partly ? "holds only at the start" : "has no effect"}: the script sets ${name} ${found.value} in line ${found.line}`];
  });
}

/** The first value that a script sets for each setting. */
function firstSets(text: string): ReadonlyMap<string, Written> {
  const found = new Map<string, Written>();
  let late = false;
  for (const statement of parse(text).script.statements) {
    if (statement.kind === "let" || statement.kind === "pipelineStatement") late = true;
    if (statement.kind !== "set") continue;
    for (let i = 0; i + 1 < statement.args.length; i += 2) {
      const [word, value] = [statement.args[i]!, statement.args[i + 1]!];
      const name = text.slice(word.span.start, word.span.end);
      if (!found.has(name)) found.set(name, { value: text.slice(value.span.start, value.span.end), line: text.slice(0, word.span.start).split("\n").length, late });
    }
  }
  return found;
}
