/** Without this file a script in Python could not make saeq download a model. `node test/hub/download_once.ts hf:org/name` */
import { hubEnvironment } from "../../runtime/hub/environment.ts";
import { createHub, type HubCall } from "../../runtime/hub/hub.ts";

const call: HubCall = { signal: new AbortController().signal, network: true, onProgress: () => {} };
const hub = createHub(hubEnvironment(process.env));
const opened = await hub.open("model", process.argv[2]!, call);
await hub.bring(opened.absent, "download", call);
process.stdout.write(`${opened.folder}\n`);
