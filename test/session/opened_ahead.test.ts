/** Without this file the graph that is opened before the texts are read could be another than the one that runs first, and would be opened in vain. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createCatalog } from "../../runtime/catalog/catalog.ts";
import { EXAMPLES } from "../../runtime/catalog/shipped.ts";
import type { EmittedGraph } from "../../src/emit/specs.ts";
import { largeSae, saeFolder } from "./checkpoints.ts";
import { folder, open, run } from "./open.ts";
import { watchedEngines } from "./watched_engines.ts";

const LARGE = `set sae ${JSON.stringify(largeSae())}; `;

/** What a query opens ahead, and runs first. */
async function graphsOf(text: string, cache: string = folder()): Promise<{ readonly ahead: EmittedGraph | undefined; readonly first: EmittedGraph | undefined }> {
  const [opened, ran]: EmittedGraph[][] = [[], []];
  const engines = watchedEngines((engine) => ({
    ...engine,
    start: (lanes, graph) => {
      if (graph !== undefined) opened!.push(graph);
      engine.start(lanes, graph);
    },
    forward: (graph, ...rest) => {
      ran!.push(graph);
      return engine.forward(graph, ...rest);
    },
  }));
  const session = await open({ engines, cache: { folder: cache, limit: 2 ** 30 } });
  const { outcome } = await run(session, text);
  await session.close();
  assert.is(outcome.exitCode, 0, `${text}: ${JSON.stringify(outcome.diagnostics)}`);
  return { ahead: opened![0], first: ran![0] };
}

const CERTAIN = [
  "sample perfect 4 | acts layer 7 | top 3",
  "sample perfect 4 | acts layer 7 | contexts 769",
  "set guard off; sample perfect 4 | acts layer 7 | top 3",
  "set guard off; set encode screened; sample perfect 4 | resid layer 3 | count",
  "set encode screened; sample perfect 4 | acts layer 7 | top 3",
  "set cache residuals; sample perfect 4 | resid layer 3 | count",
  "sample perfect 4 | resid layer 3 | count",
  `${LARGE}sample perfect 4 | acts layer 7 | top 3`,
  `${LARGE}set guard off; set encode dense; sample perfect 4 | acts layer 7 | top 3`,
  `${LARGE}set guard off; sample perfect 4 | acts layer 7 | contexts 769`,
  `let t = (sample perfect 4); set guard off; t | acts layer 7 | top 3; set sae ${JSON.stringify(saeFolder({ hook: "blocks.2.hook_resid_post" }))}; t | acts layer 2 | top 3`,
];

for (const text of CERTAIN) {
  test(`the graph opened ahead runs first: ${text.replace(LARGE, "large SAE; ")}`, async () => {
    const { ahead, first } = await graphsOf(text);
    assert.ok(ahead !== undefined && first !== undefined);
    assert.is(ahead.key, first.key);
  });
}

test("where texts, a measurement or kept residuals decide, no graph is opened ahead", async () => {
  for (const text of ["set guard off; set encode screened; sample perfect 4 | acts layer 7 | top 3", `${LARGE}set guard off; sample perfect 4 | acts layer 7 | top 3`, "set cache residuals; sample perfect 4 | acts layer 7 | top 3"]) {
    const { ahead, first } = await graphsOf(text);
    assert.ok(first !== undefined, text);
    assert.is(ahead, undefined, text);
  }
});

test("a model that is outlined can be made a graph of at any moment while somebody else loads it, as the check of what is typed does", async () => {
  const catalog = createCatalog(EXAMPLES, {});
  const outline = await catalog.outline("kjv");
  assert.ok(outline !== null);
  let loading = true;
  const loaded = catalog.lookUp({ kind: "model", name: "kjv" }).finally(() => (loading = false));
  for (let turns = 0; loading; turns++) {
    assert.is(catalog.spec(outline.ref).digest, outline.ref.digest, `after ${turns} turns`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.is((await loaded).state, "known");
  assert.is(catalog.spec(outline.ref).digest, outline.ref.digest);
});

test.run();
