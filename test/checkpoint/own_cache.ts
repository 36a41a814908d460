/** Without this file tests that convert archives would write into the cache of whoever runs them. */
import { join } from "node:path";

interface Suite {
  before(work: () => void): void;
  after(work: () => void): void;
}

/** While a suite runs, what saeq keeps in the user's cache goes into `folder`. */
export function ownCache(suite: Suite, folder: string): void {
  const own = { XDG_CACHE_HOME: folder, SAEQ_CACHE: join(folder, "saeq") };
  const usual = Object.keys(own).map((name) => [name, process.env[name]] as const);
  suite.before(() => void Object.assign(process.env, own));
  suite.after(() => {
    for (const [name, value] of usual) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
}
