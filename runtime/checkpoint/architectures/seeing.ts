/** Without this file the text model inside one that also sees could not be read. */
import { section, word, type Config } from "../config.ts";
import type { JsonObject } from "../strict_json.ts";
import { llama } from "./llama.ts";
import { ministral3 } from "./ministral3.ts";

/** Models that also see whose text model is read where it lies. Without `usual` their text part names its own type, which is of one family. */
export const SEEING: Readonly<Record<string, { readonly usual: string | null }>> = {
  gemma3: { usual: null },
  gemma4: { usual: null },
  llama4: { usual: null },
  qwen3_5: { usual: null },
  qwen3_5_moe: { usual: null },
  llava: { usual: "llama" },
  mistral3: { usual: "mistral" },
};

/** What a text part may leave out: defaults of transformers 5.24 (`models/{llama,mistral}/configuration_*.py`), which LLaVA 1.5 counts on. */
const LLAMA: JsonObject = { vocab_size: 32000, hidden_size: 4096, intermediate_size: 11008, num_hidden_layers: 32, num_attention_heads: 32, bos_token_id: 1, eos_token_id: 2 };
const LEFT_OUT: Readonly<Record<string, JsonObject>> = { llama: LLAMA, mistral: { ...LLAMA, intermediate_size: 14336 } };

/** The config of the text model inside that of a model which also sees; a model that does not is its own. */
export function textPart(config: Config): Config {
  const type = word(config, "model_type", "");
  const text = Object.hasOwn(SEEING, type) ? section(config, "text_config") : null;
  const usual = SEEING[type]?.usual ?? null;
  if (text === null || usual === null) return text ?? config;
  const kind = word(text, "model_type", usual);
  // Where the others' heads lie, and what ties them, only that family knows.
  if (!llama.types.includes(kind) && !(type === "mistral3" && ministral3.types.includes(kind))) return config;
  return { ...text, value: { ...LEFT_OUT[kind], ...text.value, model_type: kind } };
}
