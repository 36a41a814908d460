/** Without this file a new reader could open what a script names past the permissions. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT, sourceFiles } from "./files.ts";

/** The two places that open inputs, both through the gate, and the writer. */
const OPENERS = ["runtime/data/source.ts", "runtime/checkpoint/real_path.ts", "runtime/data/atomic_write.ts"];
const OPENING = /\b(open|openSync|readFile|readFileSync|createReadStream|openAsBlob)\b/;

test("readers of data and checkpoints open files in one place, which holds them against the grants", () => {
  const wrong: string[] = [];
  for (const file of sourceFiles().filter((name) => /^runtime\/(data|checkpoint)\//.test(name) && !OPENERS.includes(name))) {
    for (const [, names] of readFileSync(join(ROOT, file), "utf8").matchAll(/^import \{([^}]*)\} from "node:fs(?:\/promises)?";/gm)) if (OPENING.test(names!)) wrong.push(`${file} imports${names!.trimEnd()}`);
  }
  assert.equal(wrong, []);
});

test("only the hub speaks to the network: no engine, and nobody who counts users", () => {
  const NETWORK = /\bfetch\(|from "node:(net|http|https|http2|tls|dgram|dns)(\/promises)?"|\bWebSocket\b/;
  const speaking = sourceFiles().filter((file) => NETWORK.test(readFileSync(join(ROOT, file), "utf8").replaceAll(/^import type .*$/gm, "")));
  assert.equal(speaking, ["runtime/hub/redirect.ts", "runtime/hub/request.ts"]);
});

test.run();
