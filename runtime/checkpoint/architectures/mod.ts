/** Without this file nobody could say which models are read: the table of families. */
import type { Family } from "./family.ts";
import { afmoe } from "./afmoe.ts";
import { apertus } from "./apertus.ts";
import { biogpt } from "./biogpt.ts";
import { bloom } from "./bloom.ts";
import { cohere } from "./cohere.ts";
import { cohere2Moe } from "./cohere2_moe.ts";
import { deepseek } from "./deepseek.ts";
import { dots } from "./dots.ts";
import { ernieMoe } from "./ernie4_5_moe.ts";
import { exaone } from "./exaone.ts";
import { exaone4 } from "./exaone4.ts";
import { exaoneMoe } from "./exaone_moe.ts";
import { falcon } from "./falcon.ts";
import { gemma } from "./gemma.ts";
import { gemma4 } from "./gemma4.ts";
import { glm } from "./glm.ts";
import { gpt2 } from "./gpt2.ts";
import { gptBigcode } from "./gpt_bigcode.ts";
import { gptNeo } from "./gpt_neo.ts";
import { gptNeox } from "./gpt_neox.ts";
import { gptNeoxJapanese } from "./gpt_neox_japanese.ts";
import { gptOss } from "./gpt_oss.ts";
import { gptj } from "./gptj.ts";
import { granite } from "./granite.ts";
import { hunyuan } from "./hunyuan.ts";
import { laguna } from "./laguna.ts";
import { lfm2 } from "./lfm2.ts";
import { llama } from "./llama.ts";
import { llama4 } from "./llama4.ts";
import { llamaKin } from "./llama_kin.ts";
import { mellum } from "./mellum.ts";
import { minimax } from "./minimax.ts";
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
import { persimmon } from "./persimmon.ts";
import { phi } from "./phi.ts";
import { phi3 } from "./phi3.ts";
import { phimoe } from "./phimoe.ts";
import { qwen35 } from "./qwen3_5.ts";
import { qwen3Next } from "./qwen3_next.ts";
import { sarvam } from "./sarvam.ts";
import { smollm3 } from "./smollm3.ts";
import { stablelm } from "./stablelm.ts";
import { starcoder2 } from "./starcoder2.ts";
import { xglm } from "./xglm.ts";

export const FAMILIES: readonly Family[] = [llama, llamaKin, afmoe, apertus, biogpt, bloom, cohere, cohere2Moe, deepseek, dots, ernieMoe, exaone, exaone4, exaoneMoe, falcon, gemma, gemma4, glm, gpt2, gptBigcode, gptNeo, gptNeox, gptNeoxJapanese, gptj, gptOss, granite, hunyuan, laguna, lfm2, llama4, mellum, minimax, ministral3, mixtral, mpt, nanochat, nemotron, olmo, olmo2, olmoe, openaiGpt, opt, persimmon, phi, phi3, phimoe, qwen35, qwen3Next, sarvam, smollm3, stablelm, starcoder2, xglm];

/** `model_type`s that are read. */
export const SUPPORTED: readonly string[] = FAMILIES.flatMap(({ types }) => types);

export function familyOf(type: string): Family | undefined {
  return FAMILIES.find(({ types }) => types.includes(type));
}
