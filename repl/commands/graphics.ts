/** Without this file pictures would have to be on for everybody, or for nobody. */
import { detectGraphics, refusal } from "../graphics.ts";
import type { Command, Graphics } from "./command.ts";

const WAYS = ["auto", "kitty", "iterm", "sixel", "off"] as const;

export const graphics: Command = {
  name: ".graphics",
  usage: `.graphics ${WAYS.join("|")}`,
  doc: "draw plots as pictures, where the terminal takes them",
  argument: { words: WAYS },
  run(argument, { view, env }) {
    const asked = WAYS.find((one) => one === argument);
    if (asked === undefined) return { then: "mistake", text: `\`.graphics\` takes one of: ${WAYS.join(", ")} (now ${view.graphics ?? "off"})` };
    const why = asked === "off" ? null : refusal(env);
    if (why !== null) return { then: "mistake", text: `no pictures here: ${why}` };
    const way: Graphics = asked === "auto" ? detectGraphics(env) : asked;
    if (asked === "auto" && way === "off") return { then: "mistake", text: "this terminal does not name itself as one that takes pictures; if you know that it does: .graphics kitty, iterm or sixel" };
    return { then: "view", view: { ...view, graphics: way }, text: way === "off" ? "plots are drawn with characters" : `plots are drawn as pictures, the way of ${way}` };
  },
};
