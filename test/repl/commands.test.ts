/** Without this file dot commands might work on a fake session only. */
import { existsSync, mkdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { clip, clipboardProgram } from "../../repl/clipboard.ts";
import { openDialogue } from "../../repl/dialogue.ts";
import { pagers } from "../../repl/pager.ts";
import { marksPastes, paint, setTheme, themeOf } from "../../repl/terminal.ts";
import { checkpointsAtHand } from "../../runtime/catalog/checkpoints_at_hand.ts";
import { createSession } from "../../runtime/session/session.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import { folder } from "../session/open.ts";

const memory = "input_text,perfect_match,matching_tokens\n\"In the beginning God created\",True,50\n\"And God said, Let there be light\",False,0\n\"And God saw\",False,3\n";
const here = folder({ "mem.csv": memory, "words.jsonl": '{"word":"a","n":1}\n{"word":"b","n":2}\n', "notes.md": "x", "odd'name.csv": "a\n1\n", "lone.saeq": "saeq 1\n" });
mkdirSync(join(here, "more"));
writeFileSync(join(here, "more", "deep.csv"), "a\n1\n");
symlinkSync(join(EXAMPLES, "kjv", "results.parquet"), join(here, "results.parquet"));

const dialogue = openDialogue({
  open: () => createSession({ readFrom: here, writeTo: here, grants: { read: true, write: true }, params: {}, settings: { seed: "1", ep: "cpu" }, interactive: true, engine: { lanes: 1, threads: 1 } }),
  look: () => ({ width: 100, height: 24, color: false, ascii: false, tty: false }), cwd: here, settings: { seed: "1" }, view: { mode: "table", rows: null, wide: false, time: false },
});
test.after(() => dialogue.close());

async function say(text: string): Promise<string> {
  let printed = "";
  await dialogue.submit(text, { signal: new AbortController().signal, print: (more) => void (printed += `${more}\n`), onProgress: () => undefined });
  return printed;
}
await dialogue.ready;
const offered = (marked: string): readonly string[] => (dialogue.offer(marked.replace("^", ""), marked.indexOf("^"))?.items ?? []).map((item) => item.text);

test(".plan runs nothing of what it is asked about", async () => {
  for (const query of ['perfect | take 1 | save "planned.csv"', 'perfect | take 1 | save "planned.csv" # a note', 'perfect | take 1 | save "planned.csv"; perfect | count', 'let x = perfect | save "planned.csv"', "set seed 5"]) {
    const printed = await say(`.plan ${query}`);
    if (/;|let|set/.test(query)) assert.match(printed, "takes one query", query);
    else assert.match(printed, 'save csv "planned.csv"', query);
    assert.not(existsSync(join(here, "planned.csv")), query);
  }
  assert.match(await say(".plan perfect | tkae 1"), "did you mean `take`?");
  assert.match(await say(".plan perfect | ("), "error[");
});

test(".load says in words why a script cannot be read", async () => {
  assert.is((await say(".load nope.saeq")).trim(), "error: could not read nope.saeq: there is no such file");
  assert.is((await say(".load more")).trim(), "error: could not read more: it is a folder");
});

test(".open names rows, shows columns and first rows, and leaves the data for the next line", async () => {
  const printed = await say(".open mem.csv");
  assert.match(printed, /^let data = csv "mem.csv"$/m);
  assert.match(printed, /perfect_match +bool +3 +0 +2/);
  assert.match(printed, /In the beginning God created +true +50/);
  assert.match(await say("| count"), /\n *3\n$/);
  assert.match(await say("perfect | count"), /\n *1\n$/);
  assert.match(await say("count non_perfect"), /\n *1\n$/);
});

test(".open reads what its ending says; other tables get no groups", async () => {
  assert.match(await say(".open 'words.jsonl'"), /word +str/);
  assert.match(await say("_"), /a +1\n/);
  assert.match(await say(".open results.parquet"), /let data = parquet "results.parquet"\nlet perfect = data/);
  assert.match(await say(".open words.jsonl"), /^let data = jsonl "words.jsonl"\ndescribe data/);
  assert.match(await say(".open notes.md"), "no ending that says what it is");
  const missing = await say(".open nowhere.csv");
  assert.match(missing, "error[missing-file]");
  assert.is(missing.match(/error\[/g)?.length, 1);
});

test("what other prompts take for help and for leaving is taken here, unless it means something", async () => {
  const answer = async (text: string) => dialogue.submit(text, { signal: new AbortController().signal, print: () => {}, onProgress: () => undefined });
  assert.match(await say("help"), ".models");
  assert.match(await say(" help acts "), "acts layer <int>");
  assert.match(await say("help nosuchword"), "no help for `nosuchword`");
  for (const text of ["exit", "quit ", "exit()", ":q", "\\q"]) assert.is((await answer(text)).exit, true, text);
  assert.equal(dialogue.diagnose("exit"), []);
  for (const text of ["exit now", "help acts layer", "quitter"]) assert.equal([(await answer(text)).exit, (await answer(text)).ok], [false, false], text);
  await say("let exit = csv \"mem.csv\"");
  assert.is((await answer("exit")).exit, false);
});

test("Tab offers files that fit, folders, models and words", async () => {
  assert.equal(offered('csv "^'), ['mem.csv"', "more/"]);
  assert.equal(offered('csv "more/^'), ['more/deep.csv"']);
  assert.equal(offered('csv "mem.c^"'), ["mem.csv"]);
  assert.equal(offered('use "^'), ['std:memorization"', 'lone.saeq"', "more/"]);
  assert.equal(offered('perfect | save "^'), ['mem.csv"', "more/", 'results.parquet"', 'words.jsonl"']);
  assert.equal(offered('set model "^'), ['kjv"', "more/"]);
  assert.equal(offered(".open ^"), ["mem.csv", "more/", "results.parquet", "words.jsonl"]);
  assert.equal(offered(".open wo^"), ["words.jsonl"]);
  assert.equal(offered(".sae ^"), ["kjv"]);
  assert.equal(offered(".mode j^"), ["json", "jsonl"]);
  assert.equal(offered(".loa^"), [".load"]);
  assert.equal(dialogue.complete('csv "', 5).items, []);
});

test(".models and .sae say what is in use and what it is; naming one is setting it", async () => {
  assert.match(await say(".models"), /^\* kjv +ships with saeq, 10 layers, hidden size 192, context 512$/m);
  assert.match(await say(".sae"), /^\* kjv +ships with saeq, reads blocks\.7\.hook_resid_post, 192 to 1536 features$/m);
  assert.match(await say(".models kjv"), 'set model "kjv"');
});

test(".cache counts what is held and lets go of it; names keep their meaning", async () => {
  await say('let few = prompts "In the beginning", "And God said" | acts layer 7 last 1');
  const before = await say("few | top 3");
  assert.match(await say(".cache"), /activations +of 2 texts/);
  assert.match(await say(".cache clear"), /^let go of \d+ values and 2 texts/);
  assert.match(await say(".cache"), /^values +0,[^]*of 0 texts, 0 B$/m);
  const shown = (text: string): string => text.slice(text.indexOf("few"));
  assert.is(shown(await say("few | top 3")), shown(before));
  assert.match(await say(".cache all"), "error");
});

test("a log is a new file of one's own", async () => {
  assert.match(await say(".log mem.csv"), "exists already");
  assert.match(await say(".log talk.txt"), "written down");
  await say("count data");
  assert.match(await say(".log off"), "closed");
  if (process.platform !== "win32") assert.is(statSync(join(here, "talk.txt")).mode & 0o777, 0o600);
});

test("the clipboard is that of the desktop, never of a machine at the other end of SSH", () => {
  assert.equal(clipboardProgram({ DISPLAY: ":0" }, "linux"), ["xclip", "-selection", "clipboard"]);
  assert.equal(clipboardProgram({ DISPLAY: ":0", WAYLAND_DISPLAY: "w" }, "linux"), ["wl-copy"]);
  assert.equal(clipboardProgram({}, "darwin"), ["pbcopy"]);
  assert.is(clipboardProgram({ DISPLAY: ":10", SSH_CONNECTION: "1.2.3.4 5 6.7.8.9 22" }, "linux"), null);
  assert.is(clipboardProgram({}, "linux"), null);
  const nasty = clip("\x1b]0;pwned\x07", {}, "linux");
  assert.equal(nasty, { by: "terminal", sequence: `\x1b]52;c;${Buffer.from("\x1b]0;pwned\x07").toString("base64")}\x07` });
  assert.is(clip("x".repeat(60_000), {}, "linux").by, "nothing");
});

test("the pager is the user's own, with flags where it is less", () => {
  assert.equal(pagers({}), [["less", "-SRFX"], ["more"]]);
  assert.equal(pagers({ PAGER: "less" })[0], ["less", "-SRFX"]);
  assert.equal(pagers({ PAGER: "less -N" })[0], ["less", "-N"]);
  assert.equal(pagers({ PAGER: "most", SAEQ_PAGER: "bat --plain" })[0], ["bat", "--plain"]);
});

test("terminals are taken at their word about backgrounds and pastes", () => {
  assert.equal(["15;0", "0;15", "0;default;15", "7;8", "0;7", undefined].map((COLORFGBG) => themeOf({ COLORFGBG })), ["dark", "light", "light", "dark", "light", "dark"]);
  setTheme("light");
  assert.is(paint("number", "1", true), "\x1b[35m1\x1b[39m");
  setTheme("dark");
  assert.is(paint("number", "1", true), "\x1b[36m1\x1b[39m");
  assert.equal(["linux", "xterm-256color", "vt100", "screen"].map((TERM) => marksPastes({ TERM }, "linux")), [false, true, false, true]);
});

test("the hub's cache is listed by what its folders hold", () => {
  const cache = folder();
  for (const [name, file] of [["models--org--tiny-model", "config.json"], ["models--org--tiny-saes", "layer_7/cfg.json"], ["models--org--one-file-each", "layer_7/layer3.sae.pt"], ["models--org--transcoders", "layer_3.safetensors"], ["models--broken", ""], ["datasets--org--x", "config.json"]] as const) {
    const at = join(cache, "hub", name, "snapshots", "abc");
    mkdirSync(join(at, "layer_7"), { recursive: true });
    if (file !== "") writeFileSync(join(at, file), "{}");
    if (file === "config.json") writeFileSync(join(at, "tokenizer.json"), "{}");
  }
  const found = checkpointsAtHand({ HF_HOME: cache }).map(({ kind, name, place }) => `${kind} ${name} ${place}`);
  assert.equal(found, ["model kjv ships with saeq", "sae kjv ships with saeq", "sae hf:org/one-file-each/layer_7/layer3.sae.pt hub cache", "model hf:org/tiny-model hub cache", "sae hf:org/tiny-saes/layer_7 hub cache", "sae hf:org/transcoders/layer_3.safetensors hub cache"]);
  assert.is(checkpointsAtHand({ HF_HOME: "/nowhere" }).length, 2);
});

test.run();
