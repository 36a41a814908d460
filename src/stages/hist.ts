/** Without this file distributions could not be seen. */
import { printColumn } from "../../grammar/print_parts.ts";
import { column, flag, optionalInt } from "./args.ts";
import { columnOf } from "../ops/schema.ts";
import { stage } from "./stage.ts";

export const hist = stage({
  name: "hist",
  doc: "Histogram over bins that all groups share. Of activations: `l0` (active features per token) or `activation` (values when active); of a table: a column",
  category: "results",
  args: {
    of: column({ extra: ["l0", "activation"], extraOf: ["acts"], doc: "L0, activation, or a column of numbers" }),
    bins: optionalInt({ keyword: true, min: 1, max: 10_000, doc: "Number of bins; chosen from the data where not given" }),
    overlay: flag("Draw the groups over one another instead of one below the other"),
    log: flag("Logarithmic counts"),
    share: flag("Each group's bins as shares of what it counts, so that groups of different sizes can be compared"),
  },
  input: ["acts", "table", "features"],
  examples: [
    { title: "Active features per token", query: "sample perfect 5 | acts layer 7 last 50 | hist l0" },
    { title: "Groups of different sizes", query: "groups few = (sample perfect 2), many = (sample non_perfect 6) | acts layer 7 last 50 | hist l0 overlay share" },
    { title: "A column", query: "memorization | hist matching_tokens bins 10" },
  ],
  alsoCalled: ["histogram"],
  searchTerms: ["distribution", "plot", "normalised", "normalized", "normalised histogram", "normalized histogram", "histogram normalised", "histogram normalized", "relative frequency"],
  lower: (context, { of, bins, overlay, log, share }) => {
    const { input, settings } = context;
    const { schema } = input;
    if (share && log) {
      context.report({ code: "wrong-argument", message: "shares are not drawn on a logarithmic scale", span: context.at("log"), notes: ["`log` draws counts"], help: `hist ${printColumn(of)} share` });
      return null;
    }
    if (schema.kind === "acts") {
      if (of !== "l0" && of !== "activation") {
        context.report({ code: "wrong-argument", message: `activations have no \`${of}\` to draw`, span: context.at("of"), notes: ["of activations `l0` and `activation` can be drawn"], fix: { span: context.at("of"), text: "l0" } });
        return null;
      }
    } else {
      const found = columnOf(schema, of);
      if (found === undefined && schema.known) {
        context.report({ code: "no-activations", message: `\`${of}\` needs activations, and this is a table`, span: context.at("of"), ...context.way(["acts"]) });
        return null;
      }
      if (found !== undefined && found.type === "str") {
        context.report({ code: "wrong-type", message: `\`${of}\` is text, and a histogram needs numbers`, span: context.at("of"), help: `… | count by ${of}` });
        return null;
      }
    }
    return context.node({ op: "histogram", of, bins, overlay, log, ...(share ? { share } : {}), threshold: settings.threshold }, [input], { kind: "plot", columns: [], groups: null, known: true });
  },
});
