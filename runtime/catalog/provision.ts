/** Without this file weights would be downloaded and converted when they are named, and not when a plan computes with them. */
import { existsSync } from "node:fs";
import { isOfWeights, isWithHead, saesOf, type OfWeights } from "../../src/ops/reads_of.ts";
import type { ModelRef, Op, Plan, SaeRef } from "../../src/ops/op.ts";
import type { LoadedSae, ModelOutline } from "./catalog.ts";
import { absentFile, makeAbsent } from "../checkpoint/absent.ts";
import { usedUnembedding, usedWeights } from "../checkpoint/nonfinite.ts";
import { saeFiles } from "../checkpoint/sae_folder.ts";
import { computed } from "../../src/plan/computed.ts";
import type { Hub, HubCall, Opened } from "../hub/hub.ts";
import type { Located } from "./locate.ts";

/** What was found of models and SAEs, and where more of it comes from. */
export interface Found {
  readonly model: (ref: ModelRef) => Pick<ModelOutline, "spec" | "located"> | undefined;
  readonly sae: (ref: SaeRef) => LoadedSae | undefined;
  readonly replaceSae: (ref: SaeRef, loaded: LoadedSae) => void;
  /** Read an SAE anew where it lies. */
  readonly readSae: (ref: SaeRef, located: Located) => Promise<LoadedSae>;
  readonly hub: () => Hub;
}

export interface Provision {
  /** Bring what a plan computes with and what is on the hub only, and convert what cannot be mapped. @throws CheckpointError; AbortError */
  readonly provide: (plan: Plan, call: HubCall) => Promise<void>;
  /** Whether there is nothing to bring and nothing to convert. */
  readonly here: (plan: Plan) => boolean;
}

/** SAEs that are computed with: an edit by itself is none, the passes behind it have it. */
const computedWith = (op: Op): readonly SaeRef[] => (op.op === "edit" ? [] : saesOf(op));

/** Files behind weights that are not here yet. */
export function missing(opened: Opened | null, files: ReadonlySet<string> | null): Opened["absent"] {
  return (opened?.absent ?? []).filter(({ pointer, file }) => !existsSync(pointer) && (files === null || [...files].some((path) => path.endsWith(file.hash))));
}

export function createProvision({ model, sae: found, replaceSae, readSae, hub }: Found): Provision {
  /** Files of the model's weights that an op needs and that are not here yet; null for a model that is not known. */
  const absentOf = (op: OfWeights): Opened["absent"] | null => {
    const known = model(op.model);
    if (known === undefined) return null;
    const all = known.spec.blocks.length;
    const used = op.op === "promotes" ? usedUnembedding(known.spec) : usedWeights(known.spec, op.op === "forward" ? (op.blocks ?? all) : all, isWithHead(op));
    return missing(known.located.hub, new Set(used.map(({ file }) => file).filter((file) => absentFile(file) !== null)));
  };

  const provideSae = async (ref: SaeRef, call: HubCall): Promise<void> => {
    const sae = found(ref);
    // Somebody may have cleared the cache meanwhile.
    if (sae === undefined || (sae.whole && [...saeFiles(sae.spec)].every((file) => existsSync(file)))) return;
    if (sae.located.hub !== null) await hub().bring(missing(sae.located.hub, null), `download ${ref.name}`, call);
    const here = await readSae(ref, sae.located);
    const [bytesOnly, label] = [{ files: 0, totalFiles: 1 }, `convert ${ref.name}`];
    await makeAbsent(saeFiles(here.spec), call.signal, (bytes, totalBytes) => call.onProgress(label, { ...bytesOnly, bytes, totalBytes }));
    replaceSae(ref, here.whole ? here : await readSae(ref, sae.located));
  };

  return {
    provide: async (plan, call) => {
      for (const { op } of computed(plan)) {
        if (isOfWeights(op)) {
          const absent = absentOf(op);
          if (absent === null) continue;
          await hub().bring(absent, `download ${op.model.name}`, call);
        }
        for (const ref of computedWith(op)) await provideSae(ref, call);
      }
    },
    here: (plan) =>
      [...computed(plan)].every(({ op }) => {
        const modelHere = isOfWeights(op) ? absentOf(op)?.length === 0 : true;
        return modelHere && computedWith(op).every((ref) => found(ref)?.whole === true);
      }),
  };
}
