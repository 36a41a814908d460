/** Without this file nobody could tell a program what saeq is made of. `npm run sbom` prints it as CycloneDX, the same bytes for the same lockfile. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";

interface Bom {
  serialNumber?: string;
  metadata: { timestamp?: string; tools?: unknown; component: { name: string } };
  readonly components: readonly { readonly purl: string }[];
}

/** npm's own list of what is installed for users, from the lockfile alone, without the time, the folder and the number drawn for each call. */
export function sbom(root: string): string {
  const text = execFileSync("npm", ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application", "--package-lock-only", "--omit", "dev"], { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], maxBuffer: 2 ** 26, shell: process.platform === "win32" });
  const bom = JSON.parse(text) as Bom;
  delete bom.serialNumber;
  delete bom.metadata.timestamp;
  delete bom.metadata.tools;
  bom.metadata.component.name = "saeq";
  const digits = createHash("sha256").update(JSON.stringify(bom)).digest("hex");
  // Numbered by its content: a UUID of version 8, which leaves that to the maker (RFC 9562, §5.8).
  const serialNumber = `urn:uuid:${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
  return `${JSON.stringify({ ...bom, serialNumber }, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(sbom(fileURLToPath(new URL("../", import.meta.url))));
