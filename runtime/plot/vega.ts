/** Without this file plots could not leave the terminal. Imported when a plot is saved, never before: Vega is heavy. */
import * as vega from "vega";
import { compile } from "vega-lite";
import type { Chart, Plot } from "../data/frame.ts";
import { chartSpec } from "./chart_spec.ts";
import { vegaLite } from "./spec.ts";

/** Part of Vega that its types leave out: ids in the SVG count up over all drawings of a process. */
const { resetSVGDefIds } = vega as unknown as { readonly resetSVGDefIds: () => void };

/** A plot as SVG text, without a canvas or a browser. The same plot gives the same bytes. */
export async function renderSvg(plot: Plot | Chart): Promise<string> {
  const { spec } = compile(plot.kind === "plot" ? vegaLite(plot) : chartSpec(plot), { logger: vega.logger(vega.Error) });
  const view = new vega.View(vega.parse(spec), { renderer: "none", logLevel: vega.Error });
  try {
    resetSVGDefIds();
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}
