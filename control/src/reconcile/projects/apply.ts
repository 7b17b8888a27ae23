/** Carries out one step of a project. Each is safe to repeat: a kill after the effect and before its record is nothing. */
import { Problem } from '@cascata/shared/problem'
import { ContainerEnded, RuntimeNotReady } from '@cascata/shared/problems/reconcile'
import type { Files } from '../../adapters/files.ts'
import type { Engine } from '../../engine/engine.ts'
import { dbName, type ProjectShape, type Site, tagOf } from '../../engine/spec.ts'
import type { Pulses } from '../pulse/pulses.ts'
import type { MigrationsOf, Readiness, TenantDatabase } from './database-port.ts'
import type { ProjectStep } from './plan.ts'
import type { ReconcilerStore } from './store-port.ts'
import type { Wanted } from './wanted.ts'

const READY_TIMEOUT_MS = 30_000
const LOOK_EVERY_MS = 1_000
const HANGS = Symbol('hangs')

export type World = {
  engine: Engine
  files: Files
  database: TenantDatabase
  readiness: Readiness
  store: ReconcilerStore
  site: Site
  pulses: Pulses
}

export async function applyStep(world: World, wanted: Wanted, step: ProjectStep): Promise<void> {
  const { engine, files, database } = world
  const own = world.site.paths.project(wanted.ref)
  const { passwords } = wanted.secrets
  switch (step.do) {
    case 'directories.ensure':
      // In order: a parent is made before what is in it.
      for (const directory of step.directories) await files.ensureDirectory(directory)
      return
    case 'document.write':
      return files.write(own.document, step.text, { uid: 0, gid: wanted.uid, mode: 0o640 })
    case 'db.create':
    case 'runtime.create':
      return engine.create(step.spec)
    case 'db.start':
    case 'runtime.start':
      return engine.start(step.name)
    case 'runtime.connect':
      return engine.connect(step.name, step.bridge)
    case 'runtime.disconnect':
      return engine.disconnect(step.name, step.bridge)
    case 'db.stop':
    case 'runtime.stop':
      return engine.stop(step.name)
    case 'runtime.kill':
      await engine.kill(step.name)
      return world.pulses.forget(wanted.ref, step.name)
    case 'db.remove':
    case 'runtime.remove':
      return engine.remove(step.name)
    case 'db.ready':
      return whileUp({ engine }, step.name, (signal) =>
        database.waitUntilReady(own.dbSocketDir, { timeoutMs: READY_TIMEOUT_MS, signal }),
      )
    case 'db.bootstrap':
      return database.bootstrap(own.dbSocketDir, passwords, {
        readOnly: wanted.readOnly,
        release: migrationsOf(world.site, wanted),
      })
    case 'db.starter':
      return database.applyStarter(own.dbSocketDir, passwords, wanted.template)
    case 'runtime.ready':
      return whileUp(
        { engine, hangs: (name) => world.pulses.isHung(wanted.ref, name) },
        step.name,
        (signal) => runtimeReady(world, wanted, { slot: step.slot, signal }),
      )
    case 'files.remove':
      await files.remove(own.run)
      return files.remove(own.files)
    case 'row.remove':
      // What was still waited for has happened: there is nothing left. Another project may take the ref.
      await world.store.operations.completeLifecycle(wanted.ref, wanted.generation)
      return world.store.projects.remove(wanted.ref)
  }
}

/** Control carries the migrations of its own release alone; every other is in that release's image. */
export const migrationsOf = (site: Site, shape: ProjectShape): MigrationsOf =>
  tagOf(site, shape) === site.imageTag ? 'control' : { container: dbName(site, shape.ref) }

async function runtimeReady(
  { readiness, site }: World,
  wanted: Wanted,
  { slot, signal }: { slot: number; signal: AbortSignal },
): Promise<void> {
  const socket = site.paths.project(wanted.ref).socket(slot)
  try {
    await readiness.waitUntilReady(socket, { timeoutMs: READY_TIMEOUT_MS, signal })
  } catch (error) {
    if (error instanceof Problem) throw error
    throw RuntimeNotReady(wanted.ref).because(error)
  }
}

/**
 * Waits no longer than there is something to wait for: a container that has ended will not become ready, nor will a
 * runtime whose database has. One that hangs is no failure here: whoever looks next ends it and starts it anew.
 */
export async function whileUp(
  { engine, hangs = () => false }: { engine: Engine; hangs?: (name: string) => boolean },
  name: string,
  wait: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const given = new AbortController()
  const look = async () => {
    if (hangs(name)) return given.abort(HANGS)
    const containers = await engine.list()
    const found = containers.find((container) => container.name === name)
    const database = containers.find(({ project, role }) => project === found?.project && role === 'db')
    const ended = found?.state !== 'running' ? found : database?.state !== 'running' ? database : undefined
    // One that was removed is no more than one that has ended.
    const isLost = found?.role === 'runtime' && database === undefined
    if (!found || ended || isLost) given.abort(ContainerEnded(ended?.name ?? name, ended?.exitCode ?? null))
  }
  // A look that fails tells nothing; the wait has its own end.
  const timer = setInterval(() => void look().catch(() => {}), LOOK_EVERY_MS)
  try {
    // A question that nobody answers is not waited for once its outcome is known.
    await Promise.race([wait(given.signal), aborted(given.signal)])
  } catch (error) {
    if (given.signal.reason === HANGS) return
    throw given.signal.aborted ? given.signal.reason : error
  } finally {
    clearInterval(timer)
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
