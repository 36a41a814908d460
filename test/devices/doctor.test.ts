/** Without this file what `doctor` says of machines other than this one would be guesswork. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { freeBytes } from "../../runtime/data/free_bytes.ts";
import { diagnoseProviders } from "../../runtime/engine/diagnosis.ts";
import type { Surroundings } from "../../runtime/engine/providers.ts";
import { ROOT } from "../house/files.ts";
import { absent, SWIFTSHADER } from "./swiftshader.ts";
import { saeq } from "../tools/saeq.ts";

const bare: Surroundings = { platform: "linux", arch: "x64", env: {}, exists: () => false, loaderCache: () => "", list: () => [], runtime: null, library: null };

test("a bare machine: everything but the CPU is missing, each with the command that adds it", async () => {
  const found = await diagnoseProviders(bare, async () => null);
  assert.equal(found.map(({ provider, state }) => `${provider} ${state}`), ["cuda missing", "webgpu missing", "openvino missing", "cpu works"]);
  assert.equal(found.map(({ remedy }) => remedy?.split(" ")[0] ?? null), ["saeq", "apt-get", "pip", null]);
});

test("a provider that is there and fails is told by its own words, and nothing works for it", async () => {
  const mac: Surroundings = { ...bare, platform: "darwin", arch: "arm64" };
  const found = await diagnoseProviders(mac, async ({ provider }) => (provider === "webgpu" ? "no adapter" : null));
  assert.equal(found.filter(({ state }) => state === "fails").map(({ provider, detail }) => [provider, detail]), [["webgpu", "no adapter"]]);
});

test("free space is told for a folder that does not exist yet", () => assert.ok((freeBytes("/tmp/not/there/yet") ?? 0) > 0));

test("doctor --format json is one object with versions, machine, disk, terminal and providers", async () => {
  if (absent === null) Object.assign(process.env, SWIFTSHADER);
  const { status, stdout } = saeq(["doctor", "--format", "json"], { cwd: ROOT });
  assert.is(status, 0);
  const told = JSON.parse(stdout) as { readonly versions: object; readonly providers: readonly { readonly provider: string; readonly state: string; readonly dtypes: readonly string[] }[] };
  assert.equal(Object.keys(told), ["versions", "machine", "disk", "terminal", "providers"]);
  assert.equal(told.providers.map(({ provider }) => provider), ["cuda", "webgpu", "openvino", "cpu"]);
  if (absent === null) assert.is(told.providers[1]!.state, "works");
  else console.log(`\n${absent}: doctor's start of WebGPU is not tested`);
});

test("--from without --install is a mistake, and a folder without libraries is told", async () => {
  assert.is(saeq(["doctor", "--from", "x"], { cwd: ROOT }).status, 2);
  if (process.platform !== "linux" || process.arch !== "x64") return;
  const { status, stderr } = saeq(["doctor", "--install", "cuda", "--from", "/nowhere"], { cwd: ROOT });
  assert.is(status, 1);
  assert.match(stderr, /error: \/nowhere is not a folder.*\nhelp: /);
});

test.run();
