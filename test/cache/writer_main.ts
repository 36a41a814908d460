/** Without this file nobody could kill a process in the middle of writing a cache: it writes records that tell from their key what they hold. */
import { openDisk } from "../../runtime/cache/disk.ts";
import { keyOf, recordOf, SPACE } from "./records.ts";

const [folder, from] = process.argv.slice(2) as [string, string];
const disk = openDisk({ folder, limit: 2 ** 40 });
if ("refused" in disk) throw new Error(disk.refused);
disk.refresh(SPACE);
process.stdout.write("writing\n");
for (let i = Number(from); ; i++) {
  disk.put(SPACE, keyOf(i), recordOf(i));
  if (i % 5 === 4) await disk.flush();
}
