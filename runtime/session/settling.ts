/** Without this file a text would be compiled once, and nobody would look up the files, models and modules that it asks for. */
import type { Diagnostic } from "../../grammar/diagnostic.ts";
import type { Facts, Need, Scope } from "../../src/check/scope.ts";
import { compiling, type Compiled } from "../../src/pipeline.ts";
import type { Rule } from "../../src/optimize/rule.ts";
import type { HubCall } from "../hub/hub.ts";
import type { Grants, Needs } from "../permissions/grants.ts";
import { denied, refusals } from "../permissions/permissions.ts";
import { startAhead, type AheadContext } from "./ahead.ts";
import { inTurns } from "./in_turns.ts";
import type { Fact } from "./typing.ts";

/** Each round of looking up facts lets the checker see further down a script; a script has no more rounds than stages. */
const MOST_ROUNDS = 100;

/** What a text is compiled with. */
export interface SettlingContext extends Omit<AheadContext, "call" | "draft" | "learn"> {
  readonly params: Readonly<Record<string, string>>;
  readonly rules: readonly Rule[];
  readonly facts: () => Facts;
  readonly learn: (need: Need, known: Fact) => void;
  readonly needed: (accesses: Compiled["accesses"]) => Needs;
}

export interface Settling {
  readonly grants: Grants;
  readonly interactive: boolean;
  /** What is compiled is run next, and engine processes start as soon as it is known that it needs them. */
  readonly next?: "run" | undefined;
}

export interface Settled {
  readonly compiled: Compiled;
  /** What is not granted; nothing behind it was looked up. */
  readonly refused: readonly Diagnostic[];
}

/** Compile, look up what is asked for, compile again, until nothing more is asked. Stops at what is not granted. @throws AbortError */
export async function settle(text: string, from: Scope, call: HubCall, { grants, interactive, next }: Settling, context: SettlingContext): Promise<Settled> {
  const { catalog, facts, learn, needed } = context;
  const compileWith = (more: Facts): Promise<Compiled> => inTurns(compiling(text, { scope: from, facts: more, params: context.params, interactive, rules: context.rules }), call.signal);
  /** A table that a definition of a module reads, and that this script does not use: it is not asked for, and so not looked at. */
  const unasked = (need: Need): boolean => (need.kind === "table" || need.kind === "template" || need.kind === "folder") && denied(needed([{ access: "read", path: need.path, at: { start: 0, end: 0 } }]), grants).read.length > 0;
  for (let round = 0; ; round++) {
    const compiled = await compileWith(facts());
    const refused = refusals(compiled.accesses, needed, grants);
    // Modules are part of the script: what they read and write is asked for together with the rest.
    const wanted = compiled.needs.filter((need) => (refused.length > 0 ? need.kind === "module" : !unasked(need)));
    if (wanted.length === 0 || round === MOST_ROUNDS) return { compiled, refused };
    for (const need of wanted) {
      if (next === "run" && need.kind === "model" && refused.length === 0) {
        await startAhead(need, {
          ...context,
          call,
          draft: async (outlined) => {
            const draft = await compileWith(new Map([...facts(), ...outlined]));
            return refusals(draft.accesses, needed, grants).length > 0 ? null : draft;
          },
          learn: async (other) => learn(other, await catalog.lookUp(other, call)),
        });
      }
      learn(need, await catalog.lookUp(need, call));
    }
  }
}
