/** Without this file each test of a report would think of other texts that try to become markup. */

/** Texts that are code somewhere. */
export const HOSTILE: readonly string[] = [
  '<script>document.title="pwned"</script>',
  '</script><script>document.title="pwned"</script>',
  '</style><img src=x onerror=document.title="pwned">',
  '"><svg onload=document.title="pwned">',
  "'><iframe srcdoc='<script>parent.document.title=1</script>'>",
  "]]><script>document.title='pwned'</script>",
  "<!--<script>", "-->", "&lt;script&gt;", "&#60;script&#62;",
  "javascript:document.title='pwned'",
  "[click](javascript:document.title='pwned')", "![x](https://example.org/x.png)", "https://example.org/x", "<https://example.org>", "www.example.org", "someone@example.org",
  "```\n<script>1</script>", "~~~", "| a | b |", "# head", "- item", "1. item", "***", "$x$", "\\", "`code`",
  "${document.title='pwned'}", "{{constructor.constructor('return 1')()}}", "datum['x']", "__proto__", "constructor",
  "=cmd|'/c calc'!A0", "+1", "@SUM(1)", "-2+3",
  "\u001b]52;c;cHduZWQ=\u0007", "\u001b[2J", "\u202Etxt\u202C", "\u200B", "\u{E0041}", "\u009b31m", "\r\nSet-Cookie: a=b", "\0", "a\u2028b", "\ud800", "e" + "\u0301".repeat(50),
];

/** Texts put together of the pieces above and of random characters; the same seed gives the same texts. */
export function* hostileTexts(count: number, seed = 1): Generator<string> {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const ranges = [[0, 0x20], [0x20, 0x7f], [0x7f, 0xa0], [0x200b, 0x2070], [0xd7f0, 0xe010], [0xe0000, 0xe0080], [0x300, 0x370]] as const;
  for (let at = 0; at < count; at++) {
    let text = "";
    for (let part = random(5); part >= 0; part--) {
      if (random(2) === 0) text += HOSTILE[random(HOSTILE.length)]!;
      else for (let length = random(8); length >= 0; length--) {
        const [from, to] = ranges[random(ranges.length)]!;
        text += String.fromCodePoint(from + random(to - from));
      }
    }
    yield text;
  }
}
