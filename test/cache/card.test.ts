/** Without this file values kept of one graphics card could answer on another: no test machine has two. */
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bitsClass } from "../../runtime/cache/numerics.ts";
import { cards } from "../../runtime/card.ts";
import { folder } from "../session/open.ts";
import { PROVIDERS, SUPPORTED, type Provider } from "../../src/emit/target.ts";

const VERSION = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build\nGCC version:  gcc version 12\n";
const information = (model: string): string => `Model: \t\t ${model}\nIRQ:   \t\t 64\nGPU UUID: \t GPU-0\n`;

test("cards are told by driver, models and which of them may be used", () => {
  const root = folder({ version: VERSION, "gpus/0000:1b:00.0/information": information("NVIDIA H200"), "gpus/0000:03:00.0/information": information("NVIDIA L4") });
  const driver = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build";
  assert.equal(cards({}, root), [driver, "NVIDIA L4", "NVIDIA H200"]);
  assert.equal(cards({ CUDA_VISIBLE_DEVICES: "1" }, root), [driver, "NVIDIA L4", "NVIDIA H200", "CUDA_VISIBLE_DEVICES=1"]);
  assert.equal(cards({ CUDA_VISIBLE_DEVICES: "1" }, join(root, "none")), []);
});

test("what is kept of a device has its card and driver in its name, and nothing else has", () => {
  const named = (provider: Provider, card: string): string => bitsClass({ lanes: 1, threads: 1, batch: null, target: { provider, dtype: SUPPORTED[provider][0] } }, () => [card]);
  assert.equal(PROVIDERS.filter((provider) => named(provider, "NVIDIA H200") !== named(provider, "NVIDIA L4")), ["webgpu", "cuda"]);
});

test.run();
