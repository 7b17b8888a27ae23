/** Carries out one step of the pooler. */
import { join } from 'node:path'
import { PoolerConfigRefused, PoolerNotServing } from '@cascata/shared/problems/pooler'
import type { Files } from '../../adapters/files.ts'
import type { Engine } from '../../engine/engine.ts'
import { poolerNetwork, type Site, systemName } from '../../engine/spec.ts'
import { POOLER_UID } from '../../paths.ts'
import { CURRENT, writeCandidate, writeManifest } from './candidates.ts'
import type { PoolerStep } from './plan.ts'

const PROBE_TIMEOUT_MS = 10_000

/** Asks both processes themselves. */
export type PoolerProbe = {
  /** Null when one does not answer, or when they run on different ones. */
  digest(): Promise<string | null>
  /** False when they have not come to run on this within the time. */
  waitFor(digest: string, timeoutMs: number): Promise<boolean>
  /** Refs with a session, or a transaction, that is open now. */
  inUse(): Promise<ReadonlySet<string>>
  /** Ends every session of this project, on either side. */
  expel(ref: string): Promise<void>
}

export type PoolerWorld = { engine: Engine; files: Files; probe: PoolerProbe; site: Site }

export async function applyPoolerStep(world: PoolerWorld, step: PoolerStep): Promise<void> {
  const { engine, files, site } = world
  const link = join(site.paths.pooler, CURRENT)
  switch (step.do) {
    case 'directories.ensure':
      for (const directory of step.directories) await files.ensureDirectory(directory)
      return
    case 'pooler.admit':
      for (const socket of step.sockets) await files.setGroup(socket, POOLER_UID)
      return
    case 'pooler.write':
      return writeCandidate(files, site.paths, step)
    case 'pooler.test':
      return test(world, step.name)
    case 'pooler.switch':
      return files.switchLink(link, step.name)
    case 'pooler.create':
      await engine.ensureEgressNetwork(poolerNetwork(site))
      return engine.create(step.spec)
    case 'pooler.start':
      return engine.start(step.name)
    case 'pooler.stop':
      return engine.stop(step.name)
    case 'pooler.remove':
      return engine.remove(step.name)
    case 'pooler.reload':
      return engine.signal(step.container, 'SIGHUP')
    case 'pooler.probe':
      if (await world.probe.waitFor(step.digest, PROBE_TIMEOUT_MS)) return
      if (step.back !== null) {
        await files.switchLink(link, step.back)
        await engine.signal(step.container, 'SIGHUP')
      }
      throw PoolerNotServing()
    case 'pooler.expel':
      // Written off last: after a kill they are put out once more.
      for (const ref of step.expel) await world.probe.expel(ref)
      return writeManifest(files, site.paths, { ...step, expel: [] })
    case 'pooler.prune':
      for (const name of step.names) await files.remove(join(site.paths.pooler, name))
      return
  }
}

async function test({ engine, site }: PoolerWorld, name: string): Promise<void> {
  const argv = ['/usr/local/lib/cascata/trial.sh', `/etc/cascata/${name}`]
  const { exitCode, stderr } = await engine.exec(systemName(site, 'pooler'), argv)
  if (exitCode !== 0) throw PoolerConfigRefused().because(new Error(stderr.slice(0, 4_000)))
}
