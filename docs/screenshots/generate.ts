/** Without this file the pictures would have to be taken one by one. Run by `npm run screenshots`. */
import { writeFileSync } from "node:fs";
import { picture, scenes } from "./scenes.ts";

for (const scene of scenes) writeFileSync(new URL(`${scene.name}.svg`, import.meta.url), await picture(scene));
process.exit(0);
