/** Without this file the line that a message offers to paste could be a mistake of its own. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { STAGES } from "../../src/stages/mod.ts";
import { open } from "../session/open.ts";

const stages = Object.values(STAGES).filter(({ groups, args }) => groups === "required" && Object.values(args).every(({ required }) => !required));

test("what is offered where groups are missing is right for every stage that needs them", async () => {
  const session = await open();
  assert.ok(stages.length >= 4);
  for (const { name, input } of stages) {
    const text = `sample perfect 2${input.includes("table") ? "" : " | acts layer 7"}${input.includes("acts") || input.includes("table") ? "" : " | top 2"} | ${name}`;
    const [mistake] = (await session.check({ name: "groups", text })).diagnostics;
    assert.is(mistake?.code, "needs-groups", text);
    const { diagnostics } = await session.check({ name: "offered", text: mistake!.help! });
    assert.equal(diagnostics.map(({ code, message }) => `${code}: ${message}`), [], mistake!.help);
  }
  await session.close();
});

test.run();
