/**
 * The whole of control, built from its configuration and started in order: the containers it needs itself, the lock
 * by which it is the only one, the store, the API, the reconcilers, the jobs. What is asked for while a later part
 * still starts is in the store.
 */
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '@cascata/shared/clock'
import type { Problem } from '@cascata/shared/problem'
import { sourceFolder, templatesAt } from '@cascata/templates'
import type { Logger } from 'pino'
import { judgePair } from './acme/pair.ts'
import { startActivator } from './activator/activator.ts'
import { nodeFiles } from './adapters/files.ts'
import { instancePlace } from './adapters/instance-place.ts'
import { nameServers } from './adapters/name-records.ts'
import { openSeal } from './adapters/seal.ts'
import { createApp } from './app/app.ts'
import type { AppDeps } from './app/ports.ts'
import { openInstanceKeys } from './archive/keys.ts'
import { type Config, urlsOf } from './config.ts'
import { dockerEngine } from './engine/docker/engine.ts'
import { controlApp } from './http/control-app.ts'
import { listenOn } from './http/listen.ts'
import { pathsOf } from './paths.ts'
import { certificatePairs } from './reconcile/certificates/pairs.ts'
import { createUsages } from './reconcile/disk/usages.ts'
import {
  crashingEffects,
  directEffects,
  type EffectName,
  type Effects,
  parseCrashPoint,
} from './reconcile/effects.ts'
import { createPulses } from './reconcile/pulse/pulses.ts'
import { createTargets } from './reconcile/scale/targets.ts'
import { appPorts } from './wiring/app-ports.ts'
import {
  assertAlone,
  bringUpSystem,
  lockThisInstance,
  openInstanceStore,
  pinReleases,
} from './wiring/bring-up.ts'
import { startInstanceJobs } from './wiring/jobs.ts'
import type { Parts } from './wiring/parts.ts'
import { isFree, reacher } from './wiring/reach.ts'
import { startReconcilers } from './wiring/reconcilers.ts'

export type Daemon = {
  /** The one-time link to the first token; undefined once the instance has an owner. */
  adminLink(): Promise<string | undefined>
  /** Resolves when another process has become the one in charge: this one is to end at once. */
  displaced: Promise<Problem>
  /** Lets what is under way end, as far as it does in time. */
  stop(): Promise<void>
}

const HTTP_GRACE_MS = 10_000

export async function startDaemon(config: Config, log: Logger): Promise<Daemon> {
  const parts = await openParts(config, log)
  // What it finds is shown with each claimed name; nothing waits for it.
  void parts.place.now()
  await assertAlone(parts)
  await bringUpSystem(parts)
  const lock = await lockThisInstance(parts)
  const store = await openInstanceStore(parts)
  const keys = await openInstanceKeys(store.instance, parts.seal)
  await pinReleases(parts, store)

  const reconcilers = startReconcilers(parts, { store, charge: lock })
  // Once there: what is asked for before is found by the jobs themselves when they start.
  let wakeJobs: AppDeps['kick'] | undefined
  const kick: AppDeps['kick'] = (operation) => {
    reconcilers.kick('projects', 'counters', 'edge', 'pooler', 'sleep')
    wakeJobs?.(operation)
  }
  const domainsChanged = () => reconcilers.kick('domains', 'edge', 'certificates')
  const kickCertificates = () => reconcilers.kick('certificates')
  const { hold, wake } = reconcilers
  // Early: requests may be waiting since control was last there.
  const activator = await startActivator(parts.paths.activatorSocket, {
    reach: reacher({ wake, paths: parts.paths, store }),
    isServed: (ref) => isFree({ store }, ref),
    log,
  })
  const deps = await appPorts(parts, {
    store,
    keys,
    kick,
    ...{ hold, wake, domainsChanged, kickCertificates },
  })
  const app = createApp(deps)
  const http = controlApp({ app, clock: parts.clock, log, version: config.version, assets })
  // Before the first upload can come: one under way has no operation yet.
  await app.imports.sweep()
  const listening = await listenOn(parts.paths.controlSocket, (request) => http.fetch(request))
  const jobs = await startInstanceJobs(parts, {
    store,
    keys,
    kick: () => reconcilers.kick('projects', 'counters', 'edge', 'pooler'),
    ...{ hold, wake },
  })
  wakeJobs = jobs.kick

  return {
    displaced: lock.taken,
    adminLink: async () => (await app.claims.first())?.link,
    async stop() {
      // Nothing new first; then the reconcilers and the jobs, which need the store; the store and the lock last.
      await Promise.all([listening.close(HTTP_GRACE_MS), activator.close(HTTP_GRACE_MS)])
      await Promise.all([reconcilers.stop(), jobs.close()])
      await store.close()
      await lock.release()
    },
  }
}

/** A new link from a second process beside the daemon: only the store is needed, and not the lock. Who may run it is root here. */
export async function newAdminLink(config: Config, log: Logger): Promise<string> {
  const parts = await openParts(config, log)
  const store = await openInstanceStore(parts)
  try {
    const keys = await openInstanceKeys(store.instance, parts.seal)
    // Nothing is started or stopped from here.
    const nothing = {
      kick() {},
      domainsChanged() {},
      kickCertificates() {},
      hold: () => () => {},
      wake: async () => {},
    }
    const app = createApp(await appPorts(parts, { store, keys, ...nothing }))
    return (await app.claims.forRoot()).link
  } finally {
    await store.close()
  }
}

async function openParts(config: Config, log: Logger): Promise<Parts> {
  const paths = pathsOf(config.home)
  const names = nameServers(config.dnsServers)
  const seal = await openSeal(paths.masterKey)
  return {
    config,
    log,
    paths,
    site: { ...config, paths },
    urls: urlsOf(config),
    clock: systemClock,
    effects: effectsOf(config.crashAt, log),
    engine: dockerEngine({
      socket: config.dockerSocket,
      instance: config.instance,
      ...(config.cgroups === undefined ? {} : { cgroups: config.cgroups }),
    }),
    seal,
    templates: templatesAt(sourceFolder),
    names,
    place: instancePlace(config, names),
    targets: createTargets(),
    pulses: createPulses(),
    usages: createUsages(),
    pairs: certificatePairs({ files: nodeFiles, paths, seal, judge: judgePair, log, clock: systemClock }),
  }
}

function effectsOf(crashAt: string | undefined, log: Logger): Effects {
  const tell = (effect: EffectName) => log.debug({ effect }, 'effect')
  if (crashAt === undefined) return directEffects(tell)
  const point = parseCrashPoint(crashAt)
  if (!point) throw new Error(`CASCATA_CRASH_AT: ${crashAt} names no effect`)
  return crashingEffects(point, tell)
}

/** Folders of what is served as it is; in the bundle they keep their places. */
const assets = {
  console: fileURLToPath(new URL('../console', import.meta.url)),
  reference: dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')),
  problems: fileURLToPath(new URL('../../docs/problems', import.meta.url)),
}
