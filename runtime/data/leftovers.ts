/** Without this file a signal would leave half-written files and unpacked bundles behind. */

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const waiting = new Set<() => void>();

/**
 * What must not outlive this process: `remove` is called when it ends, by a signal too, unless the function that comes back was called before. It is called
 * once, must not wait, and what it throws is passed over.
 */
export function removedAtEnd(remove: () => void): () => void {
  if (waiting.size === 0) watch();
  waiting.add(remove);
  return () => {
    if (waiting.delete(remove) && waiting.size === 0) unwatch();
  };
}

function watch(): void {
  process.on("exit", removeAll);
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

function unwatch(): void {
  process.off("exit", removeAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

function removeAll(): void {
  for (const remove of waiting) {
    try {
      remove();
    } catch {
      // The process ends: what cannot be removed is swept by a later one.
    }
  }
  waiting.clear();
}

/** Who listens as well decides what becomes of the process, and ends it by `exit`; where nobody does, the signal does what it would have done. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  removeAll();
  unwatch();
  process.kill(process.pid, signal);
}
