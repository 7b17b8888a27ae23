/** The pooler's reconciler over the real world, and those who stand in for servers that do not run. */
import { poolerConsole } from '../adapters/pooler-console.ts'
import { waitUntilReady } from '../adapters/project-database.ts'
import { scramVerifier } from '../adapters/scram.ts'
import { type PoolerDeps, type PoolerTask, poolerTask } from '../reconcile/pooler/task.ts'
import type { Parts } from './parts.ts'
import { standInsOver } from './stand-ins.ts'

/** A client waits no longer, through the pooler. */
const WAKE_TIMEOUT_MS = 25_000
const VERIFIERS_MAX = 1_000

type Given = Pick<
  PoolerDeps,
  | 'engine'
  | 'files'
  | 'effects'
  | 'site'
  | 'store'
  | 'clock'
  | 'random'
  | 'openSecrets'
  | 'certificates'
  | 'touch'
> & {
  /** Settles when the project answers, or at once when it does not sleep. */
  wakeProject(ref: string): Promise<unknown>
  kick(...tasks: string[]): void
}

export function openPooler(
  { config, site, log }: Parts,
  { kick, wakeProject, ...given }: Given,
): { task: PoolerTask; close(): void } {
  const probe = poolerConsole(site.paths.poolerSocket)
  const standIns = standInsOver({
    async wake({ ref, socketDir }) {
      const woken = wakeProject(ref)
      // One that does not sleep is being started anyway, or is to be.
      kick('projects')
      // Its runtime is nothing to wait for here; but a wake that fails says why, and sooner.
      const answers = waitUntilReady(socketDir, { timeoutMs: WAKE_TIMEOUT_MS })
      await Promise.race([answers, woken.then(() => answers)])
    },
    isFree: async (ref) => (await given.store.projects.find(ref))?.importing === null,
    passedOn: (ref) =>
      void probe.reconnect(ref).catch((err: unknown) => log.warn({ project: ref, err }, 'not reconnected')),
    log,
  })
  const task = poolerTask({
    ...given,
    ...{ probe, standIns, domain: config.domain },
    verifierOf: remembered(scramVerifier),
    changed: () => kick('projects'),
  })
  return { task, close: () => standIns.close() }
}

/** A verifier is some milliseconds of work, and asked for at each pass. */
function remembered(verifierOf: (password: string) => Promise<string>) {
  const known = new Map<string, Promise<string>>()
  return (password: string): Promise<string> => {
    const verifier = known.get(password) ?? verifierOf(password)
    known.set(password, verifier)
    if (known.size > VERIFIERS_MAX) known.delete(known.keys().next().value ?? '')
    return verifier
  }
}
