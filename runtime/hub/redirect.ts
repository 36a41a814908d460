/** Without this file an answer of the hub could send the program, and the token with it, to any host. */
import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { CheckpointError } from "../checkpoint/error.ts";

/** Networks that belong to this machine or its surroundings (RFC 1918, 3927, 4193, 4291, 6598). */
const PRIVATE = new BlockList();
for (const [net, bits] of [["0.0.0.0", 8], ["10.0.0.0", 8], ["100.64.0.0", 10], ["127.0.0.0", 8], ["169.254.0.0", 16], ["172.16.0.0", 12], ["192.168.0.0", 16]] as const) PRIVATE.addSubnet(net, bits, "ipv4");
for (const [net, bits] of [["::", 128], ["::1", 128], ["fc00::", 7], ["fe80::", 10]] as const) PRIVATE.addSubnet(net, bits, "ipv6");

/** An address of the old kind in one of the new (`::ffff:10.0.0.1`) is found in the networks of the old. */
function isPrivate(address: string): boolean {
  return PRIVATE.check(address, isIP(address) === 6 ? "ipv6" : "ipv4");
}

async function addresses(host: string): Promise<readonly string[]> {
  const plain = host.replace(/^\[|\]$/g, "");
  if (isIP(plain) !== 0) return [plain];
  // A name that this machine cannot look up (a proxy does) is settled by the connection itself.
  return lookup(plain, { all: true }).then((found) => found.map(({ address }) => address), () => []);
}

/**
 * The address a redirect leads to, or an error. Large files lie on other hosts than the hub, and only the hub knows which: a host is followed
 * when the hub itself names it, in its own answer to a request for a file of a repository. What that other host names is not followed further,
 * nor is plain http from an https hub, nor a private address named by a public hub. The token never goes to another host; the content is
 * checked against the hash that the hub gave, whoever delivers it.
 * @throws CheckpointError `hub-unavailable`
 */
export async function redirected(from: URL, location: string | null, endpoint: URL): Promise<URL> {
  const refuse = (why: string): CheckpointError => new CheckpointError("hub-unavailable", `${from.host} sends on to a place that is not followed: ${why}`, { help: "check HF_ENDPOINT; a mirror must serve the files itself or name where they lie" });
  if (location === null || !URL.canParse(location, from.href)) throw refuse("it names none");
  const to = new URL(location, from);
  if (to.protocol !== from.protocol && to.protocol !== "https:") throw refuse(`${to.protocol}//${to.host}`);
  if (to.username !== "" || to.password !== "") throw refuse(`${to.host}, with a password`);
  if (to.host === from.host) return to;
  if (from.host !== endpoint.host) throw refuse(`${to.host}, which the hub did not name`);
  const here = await addresses(endpoint.hostname);
  if (!here.some(isPrivate) && (await addresses(to.hostname)).some(isPrivate)) throw refuse(`${to.host}, a private address`);
  return to;
}
