/** Without this file the catalog could not say what a model or an SAE is: each is read once, and kept while its content stays the same. */
import { existsSync } from "node:fs";
import type { Convention, SaeSpec } from "../../src/emit/sae_specs.ts";
import type { DecoderSpec } from "../../src/emit/specs.ts";
import type { ModelRef, SaeRef } from "../../src/ops/op.ts";
import { hubModelName } from "../../src/stages/lowering/base_model.ts";
import type { ChatFacts, SaeFacts } from "../../src/stages/stage.ts";
import { absentFile } from "../checkpoint/absent.ts";
import { parseHookName } from "../checkpoint/hook_name.ts";
import { readModel } from "../checkpoint/model.ts";
import { readSae } from "../checkpoint/sae.ts";
import { saeFiles } from "../checkpoint/sae_folder.ts";
import { forRows, readTokenizer } from "../checkpoint/tokenizer/tokenizer.ts";
import type { TokenizerCards } from "../checkpoint/tokenizer/card.ts";
import type { HubCall } from "../hub/hub.ts";
import type { LoadedModel, LoadedSae, ModelOutline } from "./catalog.ts";
import { commitNote, hubDigest, type Located, type Locator } from "./locate.ts";
import { createProvision, missing, type Provision } from "./provision.ts";

/** Models and SAEs by name. */
export interface CatalogCheckpoints extends Provision {
  /** Read, or known. @throws CheckpointError; AbortError */
  loadModel(name: string, call: HubCall): Promise<LoadedModel>;
  loadSae(name: string, convention: string, call: HubCall): Promise<LoadedSae>;
  /** Chat templates of a model; with `additional` those of its folder of more. */
  chat(name: string, additional: boolean, call: HubCall): Promise<ChatFacts>;
  /** As the catalog has it. */
  outline(name: string, call: HubCall): Promise<ModelOutline["facts"] | null>;
  /** Those that were read. @throws Error where one was not */
  spec(ref: ModelRef): DecoderSpec;
  model(ref: ModelRef): LoadedModel;
  sae(ref: SaeRef): LoadedSae;
  /** What readers had to say since last asked. */
  takeNotes(): readonly string[];
}

/** By name too: digests sample weights, and two SAEs may differ in their thresholds alone. */
const modelKey = ({ name, digest }: ModelRef): string => JSON.stringify([name, digest]);
const saeKey = ({ name, digest, convention }: SaeRef): string => JSON.stringify([name, digest, convention]);

/** `cards`: where what was learnt of tokenizers is looked up and kept. */
export function createCatalogCheckpoints(locator: Locator, cards: TokenizerCards | undefined): CatalogCheckpoints {
  let notes: string[] = [];
  /** What a name of the hub stands for is found out once in a session, so it is kept until it is told. */
  let hubNotes: string[] = [];
  const models = new Map<string, LoadedModel>();
  /** By name, until the model is loaded. */
  const outlines = new Map<string, ModelOutline>();
  const saes = new Map<string, LoadedSae>();

  async function loadModel(name: string, call: HubCall): Promise<LoadedModel> {
    const known = [...models.values()].find((each) => each.facts.ref.name === name);
    if (known !== undefined) return known;
    const outlined = outlines.get(name);
    try {
      const { facts, spec, located } = outlined ?? (await readOutline(name, call));
      const read = await readTokenizer(located.folder, undefined, cards);
      notes.push(...read.notes);
      const tokenizer = forRows(read, spec.embed.shape[0]!, name);
      // What nobody says of a model, its tokenizer may say.
      const ends = facts.ends.length > 0 || tokenizer.eosId === null ? facts.ends : [tokenizer.eosId];
      const loaded: LoadedModel = { facts: { ...facts, ends, prependsBos: tokenizer.prependsBos }, spec, tokenizer, located };
      models.set(modelKey(loaded.facts.ref), loaded);
      outlines.delete(name);
      return loaded;
    } catch (error) {
      // The next one looks again. An outline that somebody else has read meanwhile is theirs: a graph may be made of it now.
      if (outlined !== undefined && outlines.get(name) === outlined) outlines.delete(name);
      throw error;
    }
  }

  async function readOutline(name: string, call: HubCall): Promise<ModelOutline> {
    const located = await locator.locate("model", name, call);
    const { spec: read, eosIds, notes: ignored } = await readModel(located.folder);
    notes.push(...ignored);
    noteHub(name, located);
    const spec = located.hub === null ? read : { ...read, digest: hubDigest(located.hub, []) };
    const facts = {
      ref: { name, digest: spec.digest },
      layers: spec.blocks.length,
      hiddenSize: spec.hiddenSize,
      architecture: spec.architecture,
      norm: spec.norm.kind,
      hooks: spec.hooks,
      context: spec.context,
      ends: eosIds,
      repository: located.repository,
    };
    return { facts, spec, located };
  }

  async function chat(name: string, additional: boolean, call: HubCall): Promise<ChatFacts> {
    const { located } = await loadModel(name, call);
    // Who asks nothing in a template does not wait for what does templates.
    const { ADDITIONAL_TEMPLATES, readChat } = await import("../checkpoint/chat/chat_files.ts");
    if (additional && located.hub !== null) await locator.hub().below(located.hub, ADDITIONAL_TEMPLATES, ".jinja", call);
    return readChat(located.folder);
  }

  async function loadSae(name: string, convention: string, call: HubCall): Promise<LoadedSae> {
    const known = [...saes.values()].find((each) => each.facts.ref.name === name && (each.facts.ref.convention === convention || convention === "auto"));
    if (known !== undefined) return known;
    const located = await locator.locate("sae", name, call);
    const loaded = await readLocated(name, convention, located);
    saes.set(saeKey(loaded.facts.ref), loaded);
    noteHub(name, located);
    return loaded;
  }

  async function readLocated(name: string, convention: string, located: Located): Promise<LoadedSae> {
    const { registered: entry, hub } = located;
    const read = await readSae(located.folder, { convention: convention === "auto" ? null : (convention as Convention), normFactor: entry?.normScale ?? null, normalize: entry?.normalize ?? null, place: located.place, file: located.file });
    // Some formats say nothing of where the SAE was trained; the registry does.
    const named = read.hookName === "" && entry !== null ? { ...parseHookName(entry.hook), hookName: entry.hook } : {};
    const spec: SaeSpec = { ...read, ...named, ...(hub === null ? {} : { digest: hubDigest(hub, [read.convention, String(entry?.normScale ?? ""), entry?.normalize ?? ""]) }) };
    const facts = factsOf(name, spec, located);
    hubNotes.push(...spec.notes);
    return { facts, spec, located, whole: (hub === null || hub.absent.every(({ pointer }) => existsSync(pointer))) && [...saeFiles(spec)].every((file) => absentFile(file) === null) };
  }

  function noteHub(name: string, { hub, registered: entry }: Located): void {
    if (hub === null) return;
    const commit = commitNote(name, hub, entry);
    hubNotes.push(...hub.notes, ...(commit === null ? [] : [commit]));
  }

  const provision = createProvision({
    model: (ref) => models.get(modelKey(ref)) ?? outlines.get(ref.name),
    sae: (ref) => saes.get(saeKey(ref)),
    replaceSae: (ref, loaded) => void saes.set(saeKey(ref), loaded),
    readSae: (ref, located) => readLocated(ref.name, ref.convention, located),
    hub: () => locator.hub(),
  });

  return {
    ...provision,
    loadModel,
    chat,
    loadSae,
    takeNotes: () => {
      const taken = [...notes, ...hubNotes];
      notes = [];
      hubNotes = [];
      return taken;
    },
    outline: async (name, call) => {
      const known = await readOutline(name, call).catch(() => null);
      // Whoever asks for the model will be told why.
      if (known === null) return null;
      outlines.set(name, known);
      return missing(known.located.hub, null).length === 0 ? known.facts : null;
    },
    spec: (ref) => checked("model", ref, models.get(modelKey(ref)) ?? outlines.get(ref.name)).spec,
    model: (ref) => checked("model", ref, models.get(modelKey(ref))),
    sae: (ref) => checked("SAE", ref, saes.get(saeKey(ref))),
  };
}

function checked<T>(what: string, { name }: ModelRef | SaeRef, found: T | undefined): T {
  if (found === undefined) throw new Error(`${what} ${name} was not checked`);
  return found;
}

function factsOf(name: string, spec: SaeSpec, { registered: entry }: Located): SaeFacts {
  return {
    ref: { name, digest: spec.digest, convention: spec.convention },
    dIn: spec.dIn,
    dSae: spec.dSae,
    layer: spec.layer,
    hook: spec.hook,
    hookName: spec.hookName,
    centred: spec.centred === true || entry?.centered === true,
    folded: spec.folded ?? null,
    prependBos: spec.prependBos,
    noDecoder: spec.decoder === null ? spec.noDecoder : null,
    module: spec.module,
    writes: spec.hookOut === null ? null : { ...spec.hookOut, width: spec.decoder?.dOut ?? 0 },
    trainedOn: entry?.model ?? hubModelName(spec.modelName),
    neuronpedia: entry?.neuronpedia ?? null,
    selectsModel: entry !== null,
  };
}
