/** Without this file GPT-J and its kin would be read, and lost on the way to a result. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { headerOf } from "../../runtime/session/header.ts";
import { familyModel } from "../docs/outside_checkpoints.ts";
import { ownFolder } from "../house/own_folder.ts";
import { saeFolder } from "./checkpoints.ts";
import { open, run, type Ran } from "./open.ts";

function model(name: string, tokenizer: string): string {
  const path = ownFolder("saeq-kin-");
  familyModel(path, name, tokenizer);
  return path;
}

async function once(text: string): Promise<Ran> {
  const session = await open();
  const ran = await run(session, text);
  await session.close();
  return ran;
}

/** Fixture, hook of an SAE of its width 32, and the module that it is. */
const FAMILIES: readonly (readonly [string, string, string])[] = [
  ["gptj_plain", "hook_mlp_out", "transformer.h.1.mlp.fc_out output"],
  ["opt_plain", "mlp.hook_in", "model.decoder.layers.1.fc1 input"],
  ["bigcode_shared", "attn.hook_z", "transformer.h.1.attn.c_proj input"],
  ["bloom_plain", "hook_resid_pre", "transformer.h.1 input"],
  ["starcoder2_plain", "hook_resid_mid", "model.layers.1.post_attention_layernorm input"],
  ["falcon_shared", "hook_attn_out", "transformer.h.1.self_attention.dense output"],
  ["cohere_normed", "ln2.hook_normalized", "model.layers.1.input_layernorm output, before its weight and bias"],
  ["cohere2_pattern", "hook_resid_post", "model.layers.1 output"],
];

for (const [name, hook, module] of FAMILIES) {
  test(`${name} is read inside, continued, predicted, edited and explained`, async () => {
    const start = `set model ${JSON.stringify(model(name, "pythia"))}\nset sae ${JSON.stringify(saeFolder({ dIn: 32, dSae: 48, hook: `blocks.1.${hook}` }))}\nset bos true\nset guard off\n`;
    const texts = 'prompts "the word was by the sea shore the lazy dog"';
    const results = async (text: string): Promise<Ran> => {
      const ran = await once(`${start}${text}`);
      assert.is(ran.outcome.exitCode, 0, JSON.stringify(ran.outcome.diagnostics));
      return ran;
    };
    assert.match(headerOf((await results(`${texts} | acts layer 1`)).values[0]!, "float32 on CPU"), `(${module})`);
    const { values: [continued] } = await results(`${texts} | memorize prefix 4 continue 5 of text`);
    assert.ok(continued!.kind === "table" && continued.columns.some((column) => column.name === "generated_continuation_text"));
    await results(`${texts} | logits top 3`);
    await results(`${texts} | acts layer 1 | explain`);
    if (hook !== "ln2.hook_normalized") await results(`${texts} | steer feature 3 layer 1 scale 5.0 | generate max 5`);
  });
}

test.run();
