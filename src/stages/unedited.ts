/** Without this file texts that an edited model wrote could not be read by the model as it is. */
import { editLists, spent } from "./lowering/edited.ts";
import { stage } from "./stage.ts";

export const unedited = stage({
  name: "unedited",
  doc: "Read the texts with the model as it is: takes back what `ablate` and `steer` did before, which rows that an edited model wrote have as well",
  category: "model",
  args: {},
  input: ["table", "tokens"],
  examples: [{ title: "What an ablated model writes, read by the model as it is", query: 'csv "kjv/passages.csv" | take 2 | ablate feature 769 | memorize prefix 50 continue 20 | unedited | acts layer 7 of continuation | top 3' }],
  searchTerms: ["restore", "reset", "clean"],
  lower: (context) => {
    const { input } = context;
    if (input.schema.known && editLists(input.schema).every((edits) => edits.length === 0)) {
      context.report({ code: "wrong-argument", message: "nothing was done to the model that reads these texts", label: "leave it out", fix: context.leftOut });
      return null;
    }
    return context.node({ op: "edit", edits: [] }, [input], spent(input.schema));
  },
});
