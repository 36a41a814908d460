/** Without this file a text could be understood only by running it: what a session knows of one that is still being typed. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import { complete, type Completions } from "../../src/assist/complete.ts";
import { needKey, type AnyFacts, type Facts, type Known, type Need, type Scope } from "../../src/check/scope.ts";
import { compile } from "../../src/pipeline.ts";
import type { ModelFacts, SaeFacts } from "../../src/stages/stage.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { checkpointsAtHand, type CheckpointAtHand } from "../catalog/checkpoints_at_hand.ts";
import { foreseeable } from "./foreseeable.ts";
import { checkpointNames } from "../registry/names.ts";

export type Fact = Known<AnyFacts>;

interface Knowing {
  readonly catalog: Catalog;
  readonly scope: () => Scope;
  readonly facts: () => Facts;
  readonly params: Readonly<Record<string, string>>;
  readonly interactive: boolean;
  readonly learn: (need: Need, known: Fact) => void;
}

export interface Typing {
  complete(text: string, offset: number): Completions;
  diagnose(text: string): readonly Diagnostic[];
  checkpoints(): readonly CheckpointAtHand[];
  describe(kind: "model" | "sae", name: string): Promise<string>;
  /** What a file held when it was last read: enough to complete from. */
  remember(need: Need, known: Fact): void;
}

/** Facts looked up for one text at a time: half a script names many files. */
const AT_ONCE = 4;

/** Answers for one session, from what is known; in an interactive one what is missing is looked up in the background. */
export function createTyping({ catalog, scope, facts, params, interactive, learn }: Knowing): Typing {
  const seen = new Map<string, Fact>();
  const loading = new Set<string>();
  let found: readonly CheckpointAtHand[] | null = null;
  const known = (): Facts => new Map([...seen, ...facts()]);

  function foresee(text: string): void {
    const now = scope();
    const saes = /\blayer\b/.test(text) ? now.settings.sae.map((name): Need => ({ kind: "sae", name, convention: now.settings.convention })).filter((need) => !facts().has(needKey(need))) : [];
    const chats = /\b(?:with|named)\b/.test(text) ? [{ kind: "chat", name: now.settings.model, additional: true } satisfies Need].filter((need) => !facts().has(needKey(need))) : [];
    for (const need of [...compile(text, { scope: now, facts: facts(), params: {}, interactive: true, rules: [] }).needs, ...saes, ...chats].slice(0, AT_ONCE)) {
      const id = needKey(need);
      if (loading.has(id) || !foreseeable(need, catalog.inputPath)) continue;
      loading.add(id);
      void catalog.lookUp(need).then((fact) => {
        loading.delete(id);
        // Of the hub only what is here already is known while somebody types.
        if (fact.state === "pending") return;
        learn(need, fact);
        foresee(text);
        // What cannot be looked up is told when it is run.
      }, () => void loading.delete(id));
    }
  }

  /** Looked for once: folders on disk must not be read at each key. */
  const checkpoints = (): readonly CheckpointAtHand[] => (found ??= checkpointsAtHand());

  return {
    checkpoints,
    async describe(kind, name) {
      const need: Need = kind === "model" ? { kind, name } : { kind, name, convention: scope().settings.convention };
      const fact = await catalog.lookUp(need);
      if (fact.state === "pending") return "not in the cache; it is downloaded when it is used";
      learn(need, fact);
      if (fact.state === "failed") return fact.problem.message;
      if (kind === "model") {
        const { layers, hiddenSize, context } = fact.value as ModelFacts;
        return `${layers} layers, hidden size ${hiddenSize}, context ${context}`;
      }
      const { dSae, dIn, hookName } = fact.value as SaeFacts;
      return `reads ${hookName}, ${dIn} to ${dSae} features`;
    },
    remember(need, fact) {
      if ((need.kind === "table" || need.kind === "template" || need.kind === "folder") && fact.state === "known") seen.set(needKey(need), fact);
    },
    complete(text, offset) {
      if (interactive) foresee(text);
      // Folders are looked through only where their names can stand.
      const at = /\bset\b/.test(text) ? checkpoints() : [];
      const names = (kind: "model" | "sae"): string[] => at.filter((each) => each.kind === kind).map(({ name }) => name);
      return complete(text, offset, { scope: scope(), facts: known(), models: names("model"), saes: names("sae"), checkpoints: checkpointNames });
    },
    diagnose: (text) => compile(text, { scope: scope(), facts: known(), params, interactive, rules: [] }).diagnostics,
  };
}
