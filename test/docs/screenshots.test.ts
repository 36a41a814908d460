/** Without this file README's pictures could show a prompt that is no longer so. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { picture, scenes } from "../../docs/screenshots/scenes.ts";
import { ROOT } from "../house/files.ts";
import { closeAll } from "../terminal/saeq.ts";

test.after(closeAll);

for (const scene of scenes) {
  test(`${scene.name} is what \`npm run screenshots\` draws`, async () => {
    assert.fixture(readFileSync(join(ROOT, "docs/screenshots", `${scene.name}.svg`), "utf8"), await picture(scene));
  });
}

test("README shows every picture, with the words for those who do not see it", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  for (const { name, alt } of scenes) assert.ok(readme.includes(`![${alt}](docs/screenshots/${name}.svg)`), name);
});

test.run();
