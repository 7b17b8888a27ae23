/** Carries out one step of the edge. */
import { join } from 'node:path'
import type { Domain } from '@cascata/shared/domain'
import { EdgeConfigRefused, EdgeNotServing } from '@cascata/shared/problems/reconcile'
import type { Files } from '../../adapters/files.ts'
import type { Certificate } from '../../edge/certificate.ts'
import type { Placeholder } from '../../edge/placeholder.ts'
import type { Engine } from '../../engine/engine.ts'
import { edgeNetwork, type Site } from '../../engine/spec.ts'
import type { CertificatePairs } from '../certificates/pairs.ts'
import { CURRENT, writeCandidate } from './candidates.ts'
import type { EdgeStep } from './plan.ts'

const PROBE_TIMEOUT_MS = 10_000

/** Asks nginx itself, over its probe socket. */
export type EdgeProbe = {
  /** Null when it does not answer. */
  digest(): Promise<string | null>
  /** False when it has not come to serve this within the time. */
  waitFor(digest: string, timeoutMs: number): Promise<boolean>
}

export type EdgeWorld = {
  engine: Engine
  files: Files
  probe: EdgeProbe
  site: Site
  domain: Domain
  /** Where control answers, for those who look a problem up. */
  controlUrl: string
  trustedProxies: readonly string[]
  makeCertificate(names: readonly string[]): Promise<Certificate>
  pairs: Pick<CertificatePairs, 'place'>
}

export async function applyEdgeStep(world: EdgeWorld, step: EdgeStep): Promise<void> {
  const { engine, files, site } = world
  const link = join(site.paths.edge, CURRENT)
  switch (step.do) {
    case 'directories.ensure':
      for (const directory of step.directories) await files.ensureDirectory(directory)
      return
    case 'edge.certificate':
      return makeCertificate(world, step.placeholder)
    case 'edge.write':
      return writeCandidate(files, site.paths, step)
    case 'edge.test':
      return test(world, step.name)
    case 'edge.switch':
      return files.switchLink(link, step.name)
    case 'edge.create':
      await engine.ensureEgressNetwork(edgeNetwork(site))
      return engine.create(step.spec)
    case 'edge.start':
      // nginx does not bind to a socket that a killed one left behind.
      await files.remove(site.paths.edgeProbe)
      return engine.start(step.name)
    case 'edge.stop':
      return engine.stop(step.name)
    case 'edge.remove':
      return engine.remove(step.name)
    case 'edge.reload':
      return engine.signal(step.container, 'SIGHUP')
    case 'edge.probe':
      if (await world.probe.waitFor(step.digest, PROBE_TIMEOUT_MS)) return
      if (step.back !== null) {
        await files.switchLink(link, step.back)
        await engine.signal(step.container, 'SIGHUP')
      }
      throw EdgeNotServing()
    case 'edge.prune':
      for (const name of step.names) await files.remove(join(site.paths.edge, name))
      for (const name of step.certificates) await files.remove(join(site.paths.edgeCertificates, name))
      return
  }
}

async function test({ engine, site }: EdgeWorld, name: string): Promise<void> {
  const conf = `/etc/cascata/${name}/nginx.conf`
  const argv = ['nginx', '-t', '-q', '-e', 'stderr', '-c', conf]
  const { exitCode, stderr } = await engine.exec(`${site.instance}-edge`, argv)
  if (exitCode !== 0) throw EdgeConfigRefused().because(new Error(stderr.slice(0, 4_000)))
}

async function makeCertificate(
  { pairs, domain, makeCertificate: make }: EdgeWorld,
  { name, certificate: file }: Placeholder,
): Promise<void> {
  const pair = await make(name === domain ? [name, `*.${name}`, 'localhost', '127.0.0.1'] : [name])
  await pairs.place(file, pair)
}
