/** Without these tests a command could go on after Ctrl-C, end without a word, or leave half a file. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ownFolder } from "../house/own_folder.ts";
import { SAEQ } from "../house/program.ts";

/** Seconds of work for each of the commands, in whatever part of it the signal comes. */
const LONG = "sample   perfect 3 | where matching_tokens > 5 | take 2\n".repeat(40_000);

interface Ended {
  readonly code: number | null;
  readonly said: string;
  /** From the signal on, in milliseconds. */
  readonly took: number;
}

/** What becomes of a command that gets a signal once it has said something. */
function signalled(args: readonly string[], signal: NodeJS.Signals, cwd: string): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [SAEQ, ...args], { cwd, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    let sent = 0;
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      if (sent > 0 || !said.includes("short.saeq: ")) return;
      sent = performance.now();
      child.kill(signal);
    });
    child.on("close", (code) => resolve({ code, said, took: performance.now() - sent }));
  });
}

for (const args of [["check"], ["lint"], ["fmt", "--check"], ["fmt"]]) {
  for (const [signal, code, word] of [["SIGINT", 130, "cancelled"], ["SIGTERM", 143, "stopped by a signal"]] as const) {
    test(`saeq ${args.join(" ")} ends at once on ${signal}, with ${code} and a word`, async () => {
      const folder = ownFolder();
      writeFileSync(join(folder, "short.saeq"), "sample   perfect 3\n");
      writeFileSync(join(folder, "zlong.saeq"), LONG);
      const { code: ended, said, took } = await signalled([...args, "short.saeq", "zlong.saeq"], signal, folder);
      assert.is(ended, code, said);
      assert.match(`\n${said}`, new RegExp(`\\nshort\\.saeq: [^\\n]+\\n${word}\\n$`), "nothing of the long one, and no trace");
      // Reading the long script alone takes several times this.
      assert.ok(took < 1500, `${Math.round(took)} ms`);
      assert.equal(readdirSync(folder).sort(), ["short.saeq", "zlong.saeq"]);
      assert.is(readFileSync(join(folder, "zlong.saeq"), "utf8"), LONG);
    });
  }
}

test.run();
