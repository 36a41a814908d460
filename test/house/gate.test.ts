/** Without this file a new reader could open what a script names past the permissions. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT, sourceFiles } from "./files.ts";

/** All of runtime that opens files itself, and why: everything else reads and writes through these. */
const OPENERS: Readonly<Record<string, string>> = {
  "data/source.ts": "what a script names, held against the grants once it is open",
  "checkpoint/real_path.ts": "files of models and SAEs, held against the grants once they are open",
  "data/atomic_write.ts": "the writer: it asks once the folder is open",
  "catalog/module_file.ts": "modules are part of the script and need no grant; who watches is told",
  "lock/gather.ts": "modules of the scripts that are locked",
  "lock/lock_file.ts": "the lock beside the script, named on the command line",
  "record/read_record.ts": "a record, named on the command line",
  "record/file_digest.ts": "digests of what was granted and read: nothing else of it goes on",
  "bundle/pack.ts": "what a bundle is made of, granted by name before",
  "bundle/unpack.ts": "a bundle named on the command line, and a folder of its own",
  "hub/cache.ts": "the hub's cache, which is free to read",
  "hub/claim.ts": "locks in the hub's cache",
  "hub/environment.ts": "the hub's token",
  "hub/header.ts": "notes in the hub's cache",
  "hub/listing.ts": "notes in the hub's cache",
  "hub/ranges.ts": "notes in the hub's cache",
  "hub/transfer.ts": "downloads into the hub's cache",
  "cache/copies.ts": "headers of copies in saeq's own cache",
  "checkpoint/copy_seal.ts": "converted copies in saeq's own cache, and what says that they are whole",
  "cache/folder.ts": "the tag of saeq's own cache",
  "cache/publish.ts": "drafts in saeq's own cache",
  "cache/segment_files.ts": "segments of saeq's own cache",
  "cache/tokenizer_code.ts": "the program's own files",
  "planner/machine.ts": "the speed of the machine, in saeq's own cache",
  "registry/registry.ts": "the registry, which ships",
  "package_root.ts": "versions of packages",
  "running.ts": "which processes run",
  "card.ts": "graphics cards and their driver",
  "processor.ts": "what the processor can do",
  "starting_cores.ts": "which cores are of which kind",
  "execute/recording.ts": "the memory of own processes",
  "engine/providers.ts": "the loader's list of libraries",
  "engine/confinement.ts": "which process is ended first where memory runs out",
  "engine/watch.ts": "whether an engine process is stopped",
  "engine/encoders.ts": "files in the engine's own folder",
  "engine/quantizing.ts": "an encoder that the session opened before, through a link in the engine's folder",
  "engine/provider_install.ts": "libraries for `doctor --install`, from a folder named on the command line",
};
const OPENING = /\b(open|openSync|readFile|readFileSync|createReadStream|openAsBlob|writeFile|writeFileSync|appendFile|appendFileSync|createWriteStream|copyFile|copyFileSync|cp|cpSync|truncate|truncateSync)\b/;
const FILES = /"(?:node:)?fs(?:\/promises)?"/;

/** Whether a file of the program can open others: by names that open, or because it takes all of `node:fs`. */
function opens(text: string): boolean {
  return text
    .split(/;\s*$/m)
    .filter((statement) => FILES.test(statement) && !/^\s*(\/\*[^]*?\*\/\s*)?import type /.test(statement))
    .some((statement) => {
      const names = /import\s*\{([^}]*)\}\s*from/.exec(statement);
      return names === null || OPENING.test(names[1]!);
    });
}

test("all of runtime that opens files is known, with its reason: readers of what scripts name do it in two places, behind the gate", () => {
  const opening = sourceFiles().filter((name) => name.startsWith("runtime/") && opens(readFileSync(join(ROOT, name), "utf8")));
  assert.equal(opening, Object.keys(OPENERS).map((name) => `runtime/${name}`).sort());
});

test("no way of taking in node:fs goes unseen", () => {
  for (const text of ['import { open } from "node:fs/promises";', 'import {\n  stat,\n  readFileSync,\n} from "node:fs";', 'import * as files from "node:fs";', 'import fs from "fs";', 'const { open } = await import("node:fs/promises");', 'const fs = require("fs");', 'export * from "node:fs";', 'process.getBuiltinModule("fs").openSync(path);']) {
    assert.ok(opens(`/** A file. */\nimport { join } from "node:path";\n${text}\nconst a = 1;\n`), text);
  }
  for (const text of ['import { stat, existsSync } from "node:fs";', 'import type { FileHandle } from "node:fs/promises";']) assert.not.ok(opens(`/** A file. */\n${text}\n`), text);
});

test("only the hub speaks to the network: no engine, and nobody who counts users", () => {
  const NETWORK = /\bfetch\(|from "node:(net|http|https|http2|tls|dgram|dns)(\/promises)?"|\bWebSocket\b/;
  const speaking = sourceFiles().filter((file) => NETWORK.test(readFileSync(join(ROOT, file), "utf8").replaceAll(/^import type .*$/gm, "")));
  assert.equal(speaking, ["runtime/hub/redirect.ts", "runtime/hub/request.ts"]);
});

test.run();
