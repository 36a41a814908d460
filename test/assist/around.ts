/** Without this file each test of what editors ask would gather facts in its own way. */
import { analyse, type Analysis, type Surroundings } from "../../src/assist/analyse.ts";
import { openKnowledge, type Knowledge } from "../../repl/lsp/knowledge.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";

const folders = new Map<string, Knowledge>();
const bugs: unknown[] = [];

/** What is known once everything that a text asks for is looked up. */
export async function settled(text: string, readFrom: string = EXAMPLES): Promise<Surroundings> {
  const knowledge = folders.get(readFrom) ?? openKnowledge(readFrom, () => {}, (error) => void bugs.push(error));
  folders.set(readFrom, knowledge);
  for (;;) {
    if (bugs.length > 0) throw bugs[0];
    const around = knowledge.surroundings();
    const needs = analyse(text, around).needs();
    if (needs.length === 0 && around.scope.standard.size > 0) return around;
    knowledge.want(needs);
    await new Promise((done) => setTimeout(done, 5));
  }
}

/** A script with all its facts. */
export async function analysed(text: string, readFrom: string = EXAMPLES): Promise<Analysis> {
  return analyse(text, await settled(text, readFrom));
}

/** The offset of the nth time that a word stands in a text. */
export function offsetOf(text: string, word: string, nth = 0): number {
  let at = text.indexOf(word);
  for (let i = 0; i < nth; i++) at = text.indexOf(word, at + 1);
  if (at < 0) throw new Error(`no ${word}`);
  return at;
}
