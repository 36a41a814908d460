/** Without this file pictures could be sent to terminals that print them as text, or be other pictures. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { detectGraphics, iterm, kitty, picture, refusal } from "../../repl/graphics.ts";
import { sixels } from "../../repl/sixel.ts";

test("only a terminal that names itself gets pictures, and none under tmux or screen", () => {
  assert.is(detectGraphics({ KITTY_WINDOW_ID: "1" }), "kitty");
  assert.is(detectGraphics({ TERM_PROGRAM: "iTerm.app" }), "iterm");
  assert.is(detectGraphics({ TERM_PROGRAM: "WezTerm" }), "iterm");
  assert.is(detectGraphics({ TERM: "foot" }), "sixel");
  for (const env of [{}, { TERM: "xterm-256color" }, { TERM_PROGRAM: "Apple_Terminal" }, { TERM_PROGRAM: "iTerm" }, { TERM: "xterm-kitty-like" }, { TERM: "footer" }]) assert.is(detectGraphics(env), "off", JSON.stringify(env));
  for (const env of [{ TMUX: "/tmp/x,1,0" }, { STY: "1.pts" }, { TERM: "screen-256color" }, { TERM: "tmux-256color" }]) {
    assert.is(detectGraphics({ KITTY_WINDOW_ID: "1", ...env }), "off");
    assert.ok(refusal(env));
  }
});

test("kitty gets pieces of at most 4,096 characters that join to the picture, and is asked not to answer", () => {
  const png = Uint8Array.from({ length: 10_000 }, (_, i) => i % 251);
  const sequence = kitty(png, 40);
  const pieces = [...sequence.matchAll(/\x1b_G([^;]*);([A-Za-z0-9+/=]*)\x1b\\/g)];
  assert.is(pieces.map((piece) => piece[0]).join("") + "\n", sequence);
  assert.is(pieces[0]![1], "a=T,f=100,q=2,c=40,m=1");
  assert.equal(pieces.slice(1).map((piece) => piece[1]), [...Array.from({ length: pieces.length - 2 }, () => "m=1"), "m=0"]);
  assert.ok(pieces.every((piece) => piece[2]!.length <= 4096));
  assert.equal(Uint8Array.from(Buffer.from(pieces.map((piece) => piece[2]).join(""), "base64")), png);
});

test("iTerm gets one file with its size", () => {
  assert.is(iterm(Uint8Array.of(1, 2, 3), 12), "\x1b]1337;File=inline=1;size=3;width=12;preserveAspectRatio=1:AQID\x07\n");
});

test("sixels: bands of six rows, runs, one line per colour", () => {
  // Two columns of red and one of blue, seven rows high. libsixel's sixel2png reads this, and larger ones, as the pixels they are made of.
  const pixels = new Uint8Array(7 * 3 * 4);
  for (let row = 0; row < 7; row++) pixels.set([255, 0, 0, 255, 255, 0, 0, 255, 0, 0, 255, 255], row * 12);
  assert.is(sixels(pixels, 3, 7), '\x1bP0;1q"1;1;3;7#5;2;0;0;100#180;2;100;0;0#180~~?$#5??~-#180@@?$#5??@\x1b\\');
  const wide = new Uint8Array(10 * 4).fill(255);
  assert.match(sixels(wide, 10, 1), "#215!10@");
});

test("a plot becomes a picture in each way", async () => {
  try {
    await import("@resvg/resvg-js");
  } catch {
    // Optional: where it could not be installed there are no pictures.
    return;
  }
  const plot = { kind: "plot", title: "t", unit: "rows", quantity: "x", edges: Float64Array.of(0, 1, 2), series: [{ name: "a", counts: Float64Array.of(3, 5), total: 8 }], overlay: false, log: false } as const;
  const sent = await picture(plot, "kitty", 80);
  const png = Buffer.from([...sent.matchAll(/;([A-Za-z0-9+/=]*)\x1b/g)].map((piece) => piece[1]).join(""), "base64");
  assert.equal([...png.subarray(0, 8)], [137, 80, 78, 71, 13, 10, 26, 10]);
  assert.match(await picture(plot, "iterm", 80), /^\x1b\]1337;File=inline=1;size=\d+;width=\d+;/);
  assert.match(await picture(plot, "sixel", 80), /^\x1bP0;1q"1;1;640;\d+#/);
});

test.run();
