/** Without this file Python's huggingface_hub could not be tried on the test server. Prints the address and serves until it is stopped. */
import { REPOSITORIES } from "./repositories.ts";
import { startHub } from "./server.ts";

const hub = await startHub(REPOSITORIES);
process.stdout.write(`${hub.url}\n`);
setInterval(() => {}, 1 << 30);
