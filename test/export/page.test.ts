/** Without this file a page could look right in a test and run what it should not, or nothing, in a browser. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { folder as made } from "../session/open.ts";
import { saeq } from "../tools/saeq.ts";
import { HOSTILE } from "./hostile.ts";

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const SCRIPT = 'saeq 1\n## Which <words> "come" often?\nset seed 1\nlet t = csv "d.csv"\n\n## All of them\nt | take 40\n\nt | plot bars x word y n title "<b>n</b>"\nperfect | derive length = len(input_text) | plot scatter x length y matching_tokens\n';
const project = (): string => realpathSync(made({ "a.saeq": SCRIPT, "d.csv": `word,n\n${HOSTILE.filter((text) => !/[\0\ud800]/.test(text)).map((text, at) => `${quoted(text)},${at}`).join("\n")}\n` }));

test("export writes the same bytes in another folder, and nothing of the place", () => {
  const [here, there] = [project(), project()];
  for (const to of ["html", "md"]) {
    for (const cwd of [here, there]) {
      const ran = saeq(["export", "-R", "--to", to, "a.saeq"], { cwd, env: cwd === there ? { TZ: "Asia/Tokyo", LC_ALL: "tr_TR.UTF-8" } : {} });
      assert.is(ran.status, 0, ran.stderr);
    }
    const text = readFileSync(join(here, `a.${to}`), "utf8");
    assert.is(readFileSync(join(there, `a.${to}`), "utf8"), text);
    assert.not.match(text, here);
  }
  assert.equal(readdirSync(here).filter((name) => name.endsWith(".svg")), ["a-1.svg", "a-2.svg"]);
});

test("export asks for permissions as run does, writes nothing where the script fails, and says where it stands", () => {
  const cwd = project();
  const refused = saeq(["export", "--to", "html", "a.saeq"], { cwd });
  assert.is(refused.status, 4);
  assert.match(refused.stderr, "to allow it: saeq");
  writeFileSync(join(cwd, "b.saeq"), 'csv "d.csv" | assert n > 3');
  assert.is(saeq(["export", "-R", "--to", "html", "b.saeq"], { cwd }).status, 7);
  assert.not(existsSync(join(cwd, "b.html")));
  assert.match(saeq(["export", "-R", "--to", "md", "a.saeq", "--m", "3"], { cwd }).stderr, "has no param `m`");
  const nowhere = saeq(["export", "-R", "--to", "md", "-o", "no/such/a.md", "a.saeq"], { cwd });
  assert.is(nowhere.status, 1);
  assert.match(nowhere.stderr, /^error: there is no folder .*no.such; mkdir -p .*\n$/, "before anything runs");
  assert.match(saeq(["export", "-R", "--to", "md", "-o", "-", "a.saeq"], { cwd }).stdout, "data:image/svg+xml;base64,");
});

test("a page whose inputs are not those of the record says so at its top", () => {
  const cwd = project();
  const facts = (more: object): string => JSON.stringify({ record: 1, script: { sha256: "0" }, inputs: { data: {}, models: {}, saes: {}, ...more } });
  writeFileSync(join(cwd, "a.run.json"), facts({ data: { "d.csv": "1111111111111111", "gone.csv": "22" } }));
  const ran = saeq(["export", "-R", "--to", "html", "a.saeq"], { cwd });
  assert.is(ran.status, 0, ran.stderr);
  const html = readFileSync(join(cwd, "a.html"), "utf8");
  assert.match(html, '<div class="stale"');
  for (const line of ["the script is not the one that was recorded", "data d.csv: recorded as 111111111111, now ", "data gone.csv: recorded as 22, not read now"]) assert.match(html, line);
  rmSync(join(cwd, "a.run.json"));
  assert.is(saeq(["export", "-R", "--to", "html", "a.saeq"], { cwd }).status, 0);
  assert.not.match(readFileSync(join(cwd, "a.html"), "utf8"), '<div class="stale"');
  writeFileSync(join(cwd, "r.json"), "{}");
  assert.match(saeq(["export", "-R", "--to", "html", "--against", "r.json", "a.saeq"], { cwd }).stderr, "is no record of a run");
});

function chromium(): string | null {
  for (const name of ["chromium", "chromium-browser", "google-chrome"]) if (spawnSync(name, ["--version"]).status === 0) return name;
  return null;
}

test("in Chromium the page is quiet, its plots are drawn with tools, and no text of the data has run", () => {
  const browser = chromium();
  if (browser === null) {
    console.log("SKIPPED: no Chromium is installed: the page is not opened in a browser");
    return;
  }
  const cwd = project();
  assert.is(saeq(["export", "-R", "--to", "html", "a.saeq"], { cwd }).status, 0);
  const profile = mkdtempSync(join(tmpdir(), "saeq-chromium-"));
  const said = spawnSync(browser, ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`, "--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom", pathToFileURL(join(cwd, "a.html")).href], { encoding: "utf8", timeout: 60_000 });
  rmSync(profile, { recursive: true, force: true });
  assert.is(said.status, 0, said.stderr);
  assert.equal(said.stderr.split("\n").filter((line) => /CONSOLE|Refused|Content.Security/i.test(line)), []);
  assert.match(said.stdout, "<title>Which &lt;words&gt; \"come\" often?</title>");
  assert.not.match(said.stdout, "<title>pwned");
  // Each still picture was replaced by a live one, which Vega puts into a box.
  assert.is(said.stdout.match(/<figure class="plot"><div[^>]*><svg/g)?.length, 2);
  // The policy is the page's own: a script that is not the viewer does not run.
  const tampered = readFileSync(join(cwd, "a.html"), "utf8").replace("</main>", '<script>document.title = "pwned"</script></main>');
  writeFileSync(join(cwd, "t.html"), tampered);
  const other = execFileSync(browser, ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${profile}`, "--virtual-time-budget=5000", "--dump-dom", pathToFileURL(join(cwd, "t.html")).href], { encoding: "utf8", timeout: 60_000, stdio: ["ignore", "pipe", "ignore"] });
  rmSync(profile, { recursive: true, force: true });
  assert.not.match(other, "<title>pwned");
});

test.run();
