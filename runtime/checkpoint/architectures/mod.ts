/** Without this file nobody could say which models are read: the table of families. */
import type { Family } from "./family.ts";
import { apertus } from "./apertus.ts";
import { biogpt } from "./biogpt.ts";
import { bloom } from "./bloom.ts";
import { cohere } from "./cohere.ts";
import { deepseek } from "./deepseek.ts";
import { dots } from "./dots.ts";
import { ernieMoe } from "./ernie4_5_moe.ts";
import { exaone } from "./exaone.ts";
import { exaone4 } from "./exaone4.ts";
import { falcon } from "./falcon.ts";
import { gemma } from "./gemma.ts";
import { gemma4 } from "./gemma4.ts";
import { glm } from "./glm.ts";
import { gpt2 } from "./gpt2.ts";
import { gptBigcode } from "./gpt_bigcode.ts";
import { gptNeo } from "./gpt_neo.ts";
import { gptNeox } from "./gpt_neox.ts";
import { gptOss } from "./gpt_oss.ts";
import { gptj } from "./gptj.ts";
import { granite } from "./granite.ts";
import { hunyuan } from "./hunyuan.ts";
import { lfm2 } from "./lfm2.ts";
import { llama } from "./llama.ts";
import { llama4 } from "./llama4.ts";
import { llamaKin } from "./llama_kin.ts";
import { ministral3 } from "./ministral3.ts";
import { mixtral } from "./mixtral.ts";
import { mpt } from "./mpt.ts";
import { nanochat } from "./nanochat.ts";
import { nemotron } from "./nemotron.ts";
import { olmo } from "./olmo.ts";
import { olmo2 } from "./olmo2.ts";
import { olmoe } from "./olmoe.ts";
import { openaiGpt } from "./openai_gpt.ts";
import { opt } from "./opt.ts";
import { phi } from "./phi.ts";
import { phi3 } from "./phi3.ts";
import { phimoe } from "./phimoe.ts";
import { qwen35 } from "./qwen3_5.ts";
import { qwen3Next } from "./qwen3_next.ts";
import { smollm3 } from "./smollm3.ts";
import { stablelm } from "./stablelm.ts";
import { starcoder2 } from "./starcoder2.ts";

export const FAMILIES: readonly Family[] = [llama, llamaKin, apertus, biogpt, bloom, cohere, deepseek, dots, ernieMoe, exaone, exaone4, falcon, gemma, gemma4, glm, gpt2, gptBigcode, gptNeo, gptNeox, gptj, gptOss, granite, hunyuan, lfm2, llama4, ministral3, mixtral, mpt, nanochat, nemotron, olmo, olmo2, olmoe, openaiGpt, opt, phi, phi3, phimoe, qwen35, qwen3Next, smollm3, stablelm, starcoder2];

/** `model_type`s that are read, as messages list them. */
export const SUPPORTED: readonly string[] = FAMILIES.flatMap(({ types }) => types);

export function familyOf(type: string): Family | undefined {
  return FAMILIES.find(({ types }) => types.includes(type));
}
