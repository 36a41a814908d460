/** Without this file the line editor would be right in its reducer and wrong on a terminal. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ownFolder } from "../house/own_folder.ts";
import { closeAll, key, live, startSaeq } from "./saeq.ts";
import { clear, play, type Scenario } from "./scenario.ts";
import type { Terminal } from "./terminal.ts";

const { ctrl } = key;
/** Words that no stage, name or history begins with: nothing hangs below them. */
const scenarios: readonly Scenario[] = [
  { name: "typed text stands behind the prompt", steps: [["xa", ["saeq› xa"], [8, 0]], ["bc 1", ["saeq› xabc 1"], [12, 0]]] },
  { name: "the arrows move the caret and text goes in where it stands", steps: [["xacd", ["saeq› xacd"]], [key.left + key.left, ["saeq› xacd"], [8, 0]], ["b", ["saeq› xabcd"], [9, 0]], [key.right, ["saeq› xabcd"], [10, 0]]] },
  { name: "Home and End, Ctrl-A and Ctrl-E", steps: [["xab cd", ["saeq› xab cd"]], [key.home, ["saeq› xab cd"], [6, 0]], [key.end, ["saeq› xab cd"], [12, 0]], [ctrl("a"), ["saeq› xab cd"], [6, 0]], [ctrl("e"), ["saeq› xab cd"], [12, 0]]] },
  { name: "words are steps of Alt-B, Alt-F and Alt-arrows", steps: [["xab cd_e 12", ["saeq› xab cd_e 12"]], [key.altB, ["saeq› xab cd_e 12"], [15, 0]], [key.altLeft, ["saeq› xab cd_e 12"], [10, 0]], [key.altF, ["saeq› xab cd_e 12"], [14, 0]], [key.altRight, ["saeq› xab cd_e 12"], [17, 0]]] },
  { name: "Backspace and Delete take one character", steps: [["xabc", ["saeq› xabc"]], [key.backspace, ["saeq› xab"], [9, 0]], [key.home, ["saeq› xab"], [6, 0]], [key.delete, ["saeq› ab"], [6, 0]]] },
  { name: "Ctrl-D takes a character where there is text", steps: [["xabc", ["saeq› xabc"]], [ctrl("a"), ["saeq› xabc"], [6, 0]], [ctrl("d"), ["saeq› abc"], [6, 0]]] },
  { name: "Ctrl-K cuts and Ctrl-Y puts back", steps: [["xab cd", ["saeq› xab cd"]], [key.altB, ["saeq› xab cd"], [10, 0]], [ctrl("k"), ["saeq› xab"], [10, 0]], [ctrl("a"), ["saeq› xab"], [6, 0]], [ctrl("y"), ["saeq› cdxab"], [8, 0]]] },
  { name: "Ctrl-U, Ctrl-W and Alt-D cut", steps: [["xab cd ef", ["saeq› xab cd ef"]], [ctrl("w"), ["saeq› xab cd"], [13, 0]], [key.altB, ["saeq› xab cd"], [10, 0]], [key.altD, ["saeq› xab"], [10, 0]], [ctrl("u"), ["saeq›"], [6, 0]]] },
  { name: "Alt-Y turns the ring of what was cut", steps: [["x1", ["saeq› x1"]], [ctrl("u"), ["saeq›"]], ["x2", ["saeq› x2"]], [ctrl("u"), ["saeq›"]], [ctrl("y"), ["saeq› x2"]], [key.altY, ["saeq› x1"]]] },
  { name: "Ctrl-T swaps two characters", steps: [["xba", ["saeq› xba"]], [ctrl("t"), ["saeq› xab"], [9, 0]]] },
  { name: "Ctrl-Z undoes by words and does not suspend, Alt-Z does it again", steps: [["xab", ["saeq› xab"]], [" cd", ["saeq› xab cd"]], [ctrl("z"), ["saeq› xab"]], [key.altZ, ["saeq› xab cd"]], [ctrl("z"), ["saeq› xab"]], [ctrl("_"), ["saeq›"]]] },
  { name: "wide characters take two cells and one step", steps: [["x日本語", ["saeq› x日本語"], [13, 0]], [key.left, ["saeq› x日本語"], [11, 0]], ["a", ["saeq› x日本a語"], [12, 0]], [key.backspace + key.backspace, ["saeq› x日語"], [9, 0]]] },
  { name: "an accent of two code points is one step", steps: [["xe\u0301z", ["saeq› xe\u0301z"], [9, 0]], [key.left, ["saeq› xe\u0301z"], [8, 0]], [key.backspace, ["saeq› xz"], [7, 0]]] },
  { name: "an emoji of two units is one step", steps: [["x😀z", ["saeq› x😀z"], [10, 0]], [key.left, ["saeq› x😀z"], [9, 0]], [key.backspace, ["saeq› xz"], [7, 0]]] },
  { name: "Enter behind a pipe adds a line, Alt-Enter and Ctrl-J anywhere", steps: [["xab |", ["saeq› xab |"]], [key.enter, ["saeq› xab |", "    ·"], [6, 1]], ["cd", ["saeq› xab |", "    · cd"], [8, 1]], [key.altEnter, ["saeq› xab |", "    · cd", "    ·"], [6, 2]], ["\n", ["saeq› xab |", "    · cd", "    ·", "    ·"], [6, 3]]] },
  { name: "Up and Down keep the column over a shorter line", steps: [["xabcd |\ry\n12345", ["saeq› xabcd |", "    · y", "    · 12345"], [11, 2]], [key.up, ["saeq› xabcd |", "    · y", "    · 12345"], [7, 1]], [key.up, ["saeq› xabcd |", "    · y", "    · 12345"], [11, 0]], [key.down + key.down, ["saeq› xabcd |", "    · y", "    · 12345"], [11, 2]]] },
  { name: "a line longer than the window goes on below", steps: [[`x${"1".repeat(80)}`, [`saeq› x${"1".repeat(72)}`, `    · ${"1".repeat(8)}`], [14, 1]], [ctrl("a"), [`saeq› x${"1".repeat(72)}`, `    · ${"1".repeat(8)}`], [6, 0]]] },
  { name: "a wide character is not cut in half at the edge", steps: [[`x${"1".repeat(71)}日本`, [`saeq› x${"1".repeat(71)}`, "    · 日本"], [10, 1]]] },
  { name: "a paste of several lines waits, and one undo takes it away", steps: [["x", ["saeq› x"]], ["\x1b[200~ab |\r\ncd\rtop 3\n\x1b[201~", ["saeq› xab |", "    · cd", "    · top 3", "    ·"], [6, 3]], [ctrl("z"), ["saeq› x"], [7, 0]]] },
  { name: "a paste is rid of what is not text", steps: [["\x1b[200~x\x1b[31ma\x1b]52;c;aGk=\x07b\x1bPq\x1b\\c\x00\x08\u202ed\u200b\x9b2Je\u{e0041}\x1b[201~", ["saeq› xabcd2Je"], [14, 0]]] },
  { name: "a paste without marks does not run either", steps: [["xab\rcd\ref", ["saeq› xab", "    · cd", "    · ef"], [8, 2]]] },
  { name: "control characters that mean nothing do nothing", steps: [["xa", ["saeq› xa"]], ["\x07\x13\x11\x16\x18\x1c\x1d", ["saeq› xa"], [8, 0]], ["b", ["saeq› xab"], [9, 0]]] },
  { name: "sequences of keys that saeq does not know do nothing", steps: [["xa", ["saeq› xa"]], ["\x1b[15~\x1b[24~\x1b[2~\x1bOQ", ["saeq› xa"], [8, 0]], ["b", ["saeq› xab"], [9, 0]]] },
  { name: "Tab at the start of a further line indents", steps: [["xab |\r", ["saeq› xab |", "    ·"]], [key.tab, ["saeq› xab |", "    ·"], [8, 1]], ["cd", ["saeq› xab |", "    ·   cd"], [10, 1]]] },
  { name: "Ctrl-L draws the screen anew and keeps the line", steps: [["xab", ["saeq› xab"]], [ctrl("l"), ["saeq› xab"], [9, 0]]] },
  { name: "Ctrl-C clears the line, and says how to leave where it is empty", steps: [["xab", ["saeq› xab"]], [ctrl("c"), ["saeq›"], [6, 0]], [ctrl("c"), ["saeq›", "  Ctrl-D or .quit leaves"], [6, 0]], ["x", ["saeq› x"], [7, 0]]] },
];

let terminal: Terminal;
test.before(async () => {
  terminal = startSaeq(ownFolder(), { args: ["--no-history"] });
  await terminal.until("saeq›");
});
test.after(closeAll);

for (const { name, steps } of scenarios) {
  test(name, async () => {
    try {
      await play(terminal, steps);
    } finally {
      await clear(terminal);
    }
  });
}

test("nothing of all that ran", () => {
  const printed = terminal.everything().filter((row) => row !== "" && !live(terminal.screen()).includes(row));
  assert.equal(printed.filter((row) => !/^saeq 0|^saeq›|^ {2}Ctrl-D/.test(row)), []);
});

test.run();
