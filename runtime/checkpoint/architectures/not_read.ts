/** Without this file a model that is not read would be refused with a list of all that are, in which nobody finds a name, or without a way to the part of it that is. */
import { listed } from "../../../src/check/suggest.ts";
import { wrapped } from "../../../grammar/width.ts";
import { nearNames } from "../../data/near.ts";
import { optional, section, word, type Config } from "../config.ts";
import { CheckpointError } from "../error.ts";
import { familyOf, SUPPORTED } from "./mod.ts";
import { SEEING } from "./seeing.ts";

/** `model_type`s that are read, by name. */
const READ: readonly string[] = [...new Set([...SUPPORTED, ...Object.keys(SEEING)])].sort();
/** More of one name say less. */
const MOST_NEAR = 8;

/** What the page of all types is asked for by. */
const PAGE_NAMES = /^(?:model[-_ ]types?|models|architectures)$/i;

/** The page that lists them, for `saeq doc`; null for another word. */
export function modelTypesPage(name: string): string | null {
  if (!PAGE_NAMES.test(name.trim())) return null;
  return [`model types\n  The ${READ.length} that are read, as \`model_type\` in config.json has them`, ...wrapped(READ.join(", "), 96).map((line) => `  ${line}`), '  set model "hf:org/name"'].join("\n");
}

/** Types that are written nearly so, or begin with the same word: `qwen3_vl` is of those that begin with `qwen`. */
function nearTypes(type: string): readonly string[] {
  const stem = /^[a-z]+/i.exec(type)?.[0].toLowerCase() ?? "";
  const kin = stem.length < 3 ? [] : READ.filter((each) => /^[a-z]+/.exec(each)![0] === stem);
  return [...new Set([...nearNames(type, READ), ...kin])].slice(0, MOST_NEAR);
}

/** The refusal of a type that is not read; of one with a text model that would be, how to have that alone. */
export function notRead(config: Config, folder: string): CheckpointError {
  const type = word(config, "model_type", "");
  const architecture = optional(config, "architectures");
  const text = section(config, "text_config");
  const inner = text === null ? "" : word(text, "model_type", "");
  const around = Object.hasOwn(SEEING, type) && inner !== "" ? ` around a \`${inner}\`` : "";
  const alone = JSON.stringify(folder);
  const near = nearTypes(type);
  return new CheckpointError("unsupported-architecture", `${config.file} describes ${type === "" ? "no model type" : `a \`${type}\` model${around}`}`, {
    notes: [
      ...(familyOf(inner) === undefined ? [] : [`its text model is a \`${inner}\`, which is read where it is saved alone`]),
      `${READ.length} types are read${near.length === 0 ? "" : `, near to this one: ${listed(near)}`}; all of them: saeq doc model-types`,
      ...(Array.isArray(architecture) ? [`architectures: ${architecture.join(", ")}`] : []),
    ],
    help:
      familyOf(inner) === undefined
        ? 'set model "…"'
        : `save that once: transformers.AutoModelForImageTextToText.from_pretrained(${alone}).get_decoder().save_pretrained("text"), transformers.AutoTokenizer.from_pretrained(${alone}).save_pretrained("text"), then: set model "text"`,
  });
}
