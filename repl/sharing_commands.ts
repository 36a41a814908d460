/** Without this file the command line would have no words for giving a script to somebody else: lock, bundle, verify. */
import { Option, type Command } from "commander";
import { LOCK_KINDS } from "../runtime/lock/lock_file.ts";
import { TIERS } from "../runtime/record/compare.ts";
import type { Options, Request } from "./request.ts";

/** The commands around a script that travels. `params`: those of the script, which were taken out before. */
export function addSharing(program: Command, params: Readonly<Record<string, string>>, options: () => Options, done: (request: Request) => void): void {
  program
    .command("lock")
    .description("write the models, SAEs, data and modules of scripts with their hashes to saeq.lock beside them")
    .argument("[files...]", "scripts, or folders of them; those of the lock here, or all scripts here, where none is given")
    .option("--check", "say whether the lock fits, write nothing (exit 5)")
    .option("--update", "accept what has changed since; only of one kind with =models, =saes, =data or =modules")
    .addOption(new Option("--update-only <kind>").choices([...LOCK_KINDS]).hideHelp())
    .action((files: string[], own: Record<string, unknown>) =>
      done({ kind: "lock", files, params, check: own["check"] === true, update: LOCK_KINDS.find((name) => name === own["updateOnly"]) ?? (own["update"] === true ? "all" : null), options: options() }));
  program
    .command("bundle")
    .description("put a script with its modules, lock, data, outputs and their record into one archive, which `saeq run` runs")
    .argument("<file>", "the script")
    .option("-o, --output <zip>", "the archive; <script>.zip here where not given")
    .option("--data-limit <size>", "the largest data file that comes along, as 200MB; 50MB where not given")
    .option("--with-models", "models and SAEs that are folders of this machine come along; those of the hub are fetched from there")
    .option("--no-results", "leave out the record of a run and its outputs")
    .action((file: string, own: Record<string, unknown>) =>
      done({ kind: "bundle", file, params, output: text(own["output"]), dataLimit: text(own["dataLimit"]), models: own["withModels"] === true, results: own["results"] !== false, options: options() }));
  program
    .command("verify")
    .description("run a script again and compare with the record of an earlier run, on this machine or another (exit 6)")
    .argument("<file>", "the script, or a bundle of one")
    .option("--against <record>", "the record; <script>.run.json here or beside the script where not given")
    .addOption(new Option("--tier <name>", "how alike: to the bit, equal with floats to 1e-4, or the same features but for ties; by device where not given").choices([...TIERS]))
    .action((file: string, own: Record<string, unknown>) => done({ kind: "verify", file, params, against: text(own["against"]), tier: TIERS.find((name) => name === own["tier"]) ?? null, options: options() }));
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
