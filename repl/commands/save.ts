/** Without this file play could not become a script that others can run. */
import { existsSync } from "node:fs";
import { basename, dirname, isAbsolute, resolve } from "node:path";
import type { Checked } from "../../runtime/session/session_port.ts";
import { commandWithGrants } from "../permissions.ts";
import type { Command, Reply } from "./command.ts";
import { fileName } from "./file_name.ts";

export const save: Command = {
  name: ".save",
  usage: ".save FILE.saeq",
  doc: "write what succeeded as a script that gives the same results",
  argument: { files: [".saeq"] },
  async run(argument, { journal, settings, cwd, session }): Promise<Reply> {
    const name = fileName(argument);
    if (name === "") return { then: "mistake", text: "`.save` takes a file name, such as session.saeq" };
    if (!name.endsWith(".saeq")) return { then: "mistake", text: `scripts end in .saeq: .save ${name}.saeq` };
    if (journal.length === 0) return { then: "mistake", text: "nothing has succeeded yet" };
    const file = resolve(cwd, name);
    if (existsSync(file)) return { then: "mistake", text: `${name} exists already; choose another name` };
    // Loaded when first needed: the prompt must not wait for it, nor for the table of stages behind it.
    const { toScript } = await import("../journal.ts");
    const { text, keys } = toScript(journal, settings);
    const checked = await session.checkScript?.({ name, text });
    const fault = checked === undefined ? null : faultOf(checked, keys, text);
    if (fault !== null) return { then: "mistake", text: fault };
    const read = (checked?.compiled?.accesses ?? []).find(({ access, path }) => access === "read" && !isAbsolute(path) && checked!.needs.read.includes(resolve(cwd, path)));
    if (read !== undefined && dirname(file) !== resolve(cwd)) return { then: "mistake", text: `a script reads files from its own folder, and this one reads ${read.path} from here: .save ${basename(name)}` };
    try {
      const { atomicWrite } = await import("../../runtime/data/atomic_write.ts");
      await atomicWrite(file, [text]);
    } catch (error) {
      return { then: "mistake", text: `could not write ${name}: ${error instanceof Error ? error.message : String(error)}` };
    }
    return { then: "say", text: `saved ${name}; run it with: ${commandWithGrants(["run", name], checked?.needs ?? { read: [], write: [] }, cwd)}` };
  },
};

/** Why a script would not do what the session did; null where it does. */
function faultOf({ compiled, diagnostics }: Checked, keys: readonly string[], text: string): string | null {
  const error = diagnostics.find(({ severity }) => severity === "error");
  const line = (at: number): number => text.slice(0, at).split("\n").length;
  if (error !== undefined) return `not saved: as a script, line ${line(error.span.start)} would say: ${error.message}`;
  const made = compiled?.pipelines ?? [];
  const first = keys.findIndex((key, i) => made[i]?.key !== key);
  if (first < 0 && made.length === keys.length) return null;
  const at = made[first]?.at;
  const where = at === undefined ? "a query" : `\`${text.slice(at.start, at.end).split("\n")[0]}\``;
  return `not saved: ${where} would not give the result it gave here; a file it reads, or a module, has changed since it ran. Run it again and save then`;
}
