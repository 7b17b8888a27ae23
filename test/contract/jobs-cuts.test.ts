/** Jobs whose process ends, or whose database goes away, while they are under way. */
import type { JobDeps } from '@cascata/control/jobs/deps'
import { runOperation } from '@cascata/control/jobs/run'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../harness/eventually.ts'
import { JobsPlace } from '../harness/jobs-place.ts'
import { docker } from '../harness/postgres.ts'

let place: JobsPlace

beforeAll(async () => {
  place = await JobsPlace.open()
})
afterAll(() => place?.close())

/** Stops the world right before or after an effect, as a kill does: nothing behind it happens. */
function cutAt(when: 'before' | 'after', step: string) {
  let reached: () => void = () => {}
  const cut = new Promise<void>((resolve) => {
    reached = resolve
  })
  const effects: JobDeps['effects'] = {
    async run(name, effect) {
      if (!name.endsWith(`.${step}`)) return effect()
      if (when === 'after') await effect()
      reached()
      return new Promise(() => {})
    },
  }
  return { cut, effects }
}

describe('after a cut, the next start completes it', () => {
  const STEPS = [
    'import.insert',
    'restore.roles',
    'restore.staging',
    'restore.load',
    'restore.swap',
    'restore.clear',
    'restore.drop',
  ]
  test.each(STEPS.flatMap((step) => (['before', 'after'] as const).map((when) => [when, step] as const)))(
    '%s %s',
    async (when, step) => {
      const ref = `cut-${when}-${step.replace('.', '-')}`
      await place.addCluster(ref)
      await place.start()
      const { path } = await place.backUp()
      await place.stop()
      const { cut, effects } = cutAt(when, step)
      const operation = await place.upload(path, ref)
      // A run that hangs for ever stands in for a process that is gone: its row stays open, its queue is taken over.
      const stopped = new AbortController()
      void runOperation(operation, { deps: place.deps(effects), signal: stopped.signal, onFailure: () => {} })
      await cut
      await place.start()
      expect(await place.finished(operation)).toMatchObject({ status: 'succeeded' })
      expect(await place.albums(ref)).toBe(3000)
      const names = await place.clusterOf(ref).admin('template1')<{ name: string }[]>`
        select datname as name from pg_database where datname like 'cascata%'`
      expect(names).toEqual([])
      await place.removeCluster(ref)
    },
  )
})

/** The instance's database is killed right when the effect is to happen, and is back before anybody writes that down. */
function storeAwayAt(step: string): { effects: JobDeps['effects']; failed: () => unknown } {
  let failure: unknown
  const effects: JobDeps['effects'] = {
    async run(name, effect) {
      if (!name.endsWith(`.${step}`) || failure !== undefined) return effect()
      await docker('kill', place.meta.container)
      try {
        return await effect()
      } catch (error) {
        failure = error
        throw error
      } finally {
        await docker('start', place.meta.container)
        await eventually(20_000, () => place.store.ping())
      }
    },
  }
  return { effects, failed: () => failure }
}

describe('while the instance’s database is away, nothing has failed', () => {
  const KINDS: [string, string, (backup: { id: string; path: string }) => Promise<string>][] = [
    ['backup.create', 'shop', async () => (await place.askForBackup()).operation],
    ['project.import', 'store-away', ({ path }) => place.upload(path, 'store-away')],
    ['backup.restore', 'shop', ({ id }) => place.ask('backup.restore', 'shop', { backup: id })],
  ]
  test.each(KINDS)('%s', async (_kind, ref, ask) => {
    if (ref !== 'shop') await place.addCluster(ref)
    await place.start()
    const backup = await place.backUp()
    const { effects, failed } = storeAwayAt('operation.succeed')
    await place.start(effects)
    expect(await place.finished(await ask(backup))).toMatchObject({ status: 'succeeded' })
    expect(failed()).toMatchObject({ code: 'store-unavailable' })
    expect(await place.albums(ref)).toBe(3000)
    await place.stop()
  })
})
