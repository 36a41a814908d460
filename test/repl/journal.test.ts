/** Without this file a saved session could be a script that does something else. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { toScript as written, type Journal } from "../../repl/journal.ts";

const toScript = (journal: Journal, settings: Readonly<Record<string, string>>): string => written(journal, settings).text;

test("toScript puts edition and seed first", () => {
  assert.is(toScript([{ text: "sample perfect 3", ran: [{ key: "k1", result: 1 }] }], { seed: "42", model: "a b" }), 'saeq 1\nset seed 42\nset model "a b"\nsample perfect 3\n');
});

test("toScript leaves settings to the statement that made them", () => {
  assert.is(toScript([{ text: "set seed 7", ran: [] }, { text: "sample perfect 3", ran: [{ key: "k1", result: 1 }] }], { seed: "7" }), "saeq 1\nset seed 7\nsample perfect 3\n");
});

test("toScript keeps the seed of what ran before another was set", () => {
  assert.is(toScript([{ text: "sample perfect 3", ran: [{ key: "k1", result: 1 }] }, { text: "set seed 7", ran: [] }], { seed: "42" }), "saeq 1\nset seed 42\nsample perfect 3\nset seed 7\n");
});

test("toScript names what a prompt calls _, _2 and a leading |", () => {
  const journal = [
    { text: "sample perfect 3 | acts layer 7", ran: [{ key: "k1", result: 1 }] },
    { text: "| top 5", ran: [{ key: "k2", result: 2 }] },
    { text: "_1 | stats", ran: [{ key: "k3", result: 3 }] },
    { text: "let t = _ | take 2", ran: [] },
  ];
  assert.is(toScript(journal, {}), [
    "saeq 1",
    "let result_1 = sample perfect 3 | acts layer 7", "result_1",
    "result_1 | top 5",
    "let result_3 = result_1 | stats", "result_3",
    "let t = result_3 | take 2", "",
  ].join("\n"));
});

test("toScript takes no name that the session has given to something else", () => {
  const journal = [{ text: "let result_1 = perfect", ran: [] }, { text: "sample result_1 3", ran: [{ key: "a", result: 1 }] }, { text: "| take 2", ran: [{ key: "b", result: 2 }] }];
  assert.is(toScript(journal, {}), "saeq 1\nlet result_1 = perfect\nlet results_1 = sample result_1 3\nresults_1\nresults_1 | take 2\n");
});

test("toScript names a value, not what was done with it", () => {
  const journal = [{ text: 'sample perfect 3 | save "a.csv" | show rows 2', ran: [{ key: "a", result: 1 }] }, { text: "| take 2", ran: [{ key: "b", result: 2 }] }];
  assert.is(toScript(journal, {}), 'saeq 1\nlet result_1 = sample perfect 3\nresult_1 | save "a.csv" | show rows 2\nresult_1 | take 2\n');
});

test.run();
