/** Without this file the question about permissions would only be tested on streams: a real terminal echoes, types ahead and is drawn on. */
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ownFolder } from "../house/own_folder.ts";
import { closeAll, startSaeq } from "./saeq.ts";

test.after(closeAll);

function project(): string {
  const folder = ownFolder();
  writeFileSync(join(folder, "a.saeq"), 'csv "d.csv" | take 1 | save "o.csv"\n');
  writeFileSync(join(folder, "d.csv"), "a\n1\n2\n");
  return folder;
}

test("a key typed before the question does not answer it; details are told, and `s` saves what -P grants next time", async () => {
  const folder = project();
  const terminal = startSaeq(folder, { args: ["run", "a.saeq"], columns: 100 });
  terminal.type("y");
  await terminal.until(/allow\? \[y\] once +\[s\] save to saeq\.json +\[n\] no +\[d\] details/);
  assert.not(existsSync(join(folder, "o.csv")), "nothing ran on the key from before");
  terminal.type("d");
  // It asks again, and again only what is typed after that counts.
  const screen = await terminal.until((rows) => rows.join("\n").split("allow?").length === 3);
  assert.match(screen.join("\n"), /d\.csv +\(6 bytes there now\)/);
  terminal.type("s");
  await terminal.until("next time: saeq run -P a.saeq");
  assert.is((await terminal.exit).code, 0);
  assert.is(readFileSync(join(folder, "o.csv"), "utf8"), "a\n1\n");
  assert.equal(JSON.parse(readFileSync(join(folder, "saeq.json"), "utf8")), { permissions: { default: { read: ["d.csv"], write: ["o.csv"] } } });
  assert.equal(terminal.leftOn(), []);
  const next = startSaeq(folder, { args: ["run", "-P", "a.saeq"] });
  assert.is((await next.exit).code, 0);
  assert.not.match(next.bytes(), "allow?");
});

test("what leads outside the project is no question, however it is called, and nor is anything with --no-prompt", async () => {
  const folder = project();
  symlinkSync("/etc/hostname", join(folder, "link.csv"));
  writeFileSync(join(folder, "b.saeq"), 'csv "link.csv" | take 1\n');
  for (const args of [["run", "b.saeq"], ["run", "--no-prompt", "a.saeq"], ["run", "-A", "--deny-read=d.csv", "a.saeq"]]) {
    const terminal = startSaeq(folder, { args });
    assert.is((await terminal.exit).code, 4, args.join(" "));
    assert.not.match(terminal.bytes(), "allow?", args.join(" "));
  }
});

test.run();
