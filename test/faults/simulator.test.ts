/**
 * Random lives of an instance: commands, hands that remove containers, errors, lost answers, and kills of control.
 *
 * A failing seed is replayed with `CASCATA_SEED=<seed> pnpm exec vitest run --project faults test/faults/simulator.test.ts`.
 */
import type { ListedProject } from '@cascata/control/store/projects'
import { PoolerNotServing } from '@cascata/shared/problems/pooler'
import { describe, expect, test } from 'vitest'
import { testConfig } from '../harness/config.ts'
import { onePass, runHistory, settle, wrongs } from '../harness/simulated-run.ts'
import { SimulatedWorld } from '../harness/simulated-world.ts'

const THREE = { min: 3, max: 3, calmSeconds: 120 }
const SEEDS = 1_000
const TURNS = 12
/** Some twenty seconds; a machine busy with other things may need ten times that. */
const TIMEOUT_MS = 600_000

/** Whatever went wrong, with how to see it again. */
async function verdict(seed: number): Promise<string | undefined> {
  try {
    const world = await runHistory(seed, TURNS)
    const found = [...wrongs(world), ...(await wakeAll(world))]
    const before = world.trouble.mutations.length
    await onePass(world.start())
    // Control knows nothing of the databases after a start: it asks each once, which changes nothing in them. Nor of what
    // the edge has read of its certificates: it has it read them once more.
    const isAsking = (what: string) => what.startsWith('bootstrap ') || what === 'signal sim-edge'
    const more = world.trouble.mutations.slice(before).filter((what) => !isAsking(what))
    if (more.length > 0) found.push(`a further pass changed something: ${more.join(', ')}`)
    return found.length > 0 ? `CASCATA_SEED=${seed}: ${found.join('; ')}` : undefined
  } catch (error) {
    return `CASCATA_SEED=${seed}: ${error instanceof Error ? error.stack : String(error)}`
  }
}

/** What is wrong with those that sleep when the trouble is over: each is to answer whoever asks. */
async function wakeAll(world: SimulatedWorld): Promise<string[]> {
  const asleep = [...world.store.rows.values()].filter(({ asleepSince }) => asleepSince !== null)
  if (asleep.length === 0) return []
  const control = world.start()
  await Promise.all(asleep.map(({ ref }) => control.projects.wake(ref)))
  const silent = asleep.filter(({ ref }) => !world.isServed(ref))
  await settle(world, control)
  return [...silent.map(({ ref }) => `${ref} was woken and does not answer`), ...wrongs(world)]
}

describe('a simulated machine', () => {
  test(
    `comes to what was asked for after ${SEEDS} histories of faults and kills`,
    async () => {
      const only = testConfig.seed
      const seeds = only === undefined ? Array.from({ length: SEEDS }, (_, at) => at + 1) : [only]
      const failed: string[] = []
      for (const seed of seeds) {
        const found = await verdict(seed)
        if (found !== undefined) failed.push(found)
        if (failed.length >= 5) break
      }
      expect(failed).toEqual([])
    },
    TIMEOUT_MS,
  )

  test('puts projects to sleep, and wakes them, in many of its histories', async () => {
    const told = { asleep: 0, woken: 0 }
    // Enough that one more call anywhere, which deals every history anew, does not tip the balance.
    for (let seed = 1; seed <= 360; seed++) {
      const { mutations } = (await runHistory(seed, TURNS)).trouble
      if (mutations.some((what) => what.startsWith('record') && what.endsWith(' asleep'))) told.asleep++
      if (mutations.some((what) => what.startsWith('woken '))) told.woken++
    }
    expect(told.asleep).toBeGreaterThan(120)
    expect(told.woken).toBeGreaterThan(30)
  })

  test('a request that comes while a project is put to sleep finds it awake', async () => {
    const world = new SimulatedWorld(1)
    const control = world.start()
    world.store.create('shop', 'empty', null)
    await settle(world, control)
    world.store.change('shop', { asleepSince: new Date(world.nowMs).toISOString() })
    const answered: boolean[] = []
    const { onStop } = world.docker
    const asked: Promise<unknown>[] = []
    world.docker.onStop = (spec) => {
      onStop(spec)
      asked.push(control.projects.wake('shop').then(() => answered.push(world.isServed('shop'))))
    }
    await onePass(control)
    await Promise.all(asked)
    await settle(world, control)
    expect(answered).toEqual([true, true])
    expect(rowOf(world)).toMatchObject({ asleepSince: null, observedState: 'running' })
    expect(wrongs(world)).toEqual([])
  })

  test('gives the same history for the same seed', async () => {
    const [one, two] = [await runHistory(7, TURNS), await runHistory(7, TURNS)]
    expect(one.trouble.mutations).toEqual(two.trouble.mutations)
    expect(one.trouble.mutations.length).toBeGreaterThan(20)
  })

  test('finds fault with a world that is not as it should be', async () => {
    const world = await runHistory(7, TURNS)
    world.docker.removeByHand('sim-meta')
    expect(wrongs(world)).toEqual(['sim-meta: 0 instead of one'])
  })

  test('a project that waits for the edge says what is wrong with it, until it is mended', async () => {
    const world = new SimulatedWorld(1)
    const control = world.start()
    world.store.create('blog', 'empty', null)
    await settle(world, control)
    const { onExec } = world.docker
    world.docker.onExec = () => ({ exitCode: 1, stdout: '', stderr: 'nginx: [emerg] no' })
    world.store.create('shop', 'empty', null)
    for (let pass = 0; pass < 4; pass++) await onePass(control)
    expect(world.store.rows.get('shop')).toMatchObject({
      observedState: 'failing',
      lastProblem: { code: 'edge-config-refused' },
    })
    expect(world.store.rows.get('blog')).toMatchObject({ observedState: 'running', lastProblem: null })

    world.docker.onExec = onExec
    world.nowMs += 61_000
    await settle(world, control)
    expect(world.store.rows.get('shop')).toMatchObject({ observedState: 'running', lastProblem: null })
    expect(wrongs(world)).toEqual([])
  })

  test('a configuration that nginx refuses again and again leaves no more than three on disk', async () => {
    const world = new SimulatedWorld(1)
    const control = world.start()
    world.store.create('blog', 'empty', null)
    await settle(world, control)
    world.docker.onExec = () => ({ exitCode: 1, stdout: '', stderr: 'nginx: [emerg] no' })
    world.store.create('shop', 'empty', null)
    const counts: number[] = []
    for (let pass = 0; pass < 12; pass++) {
      await onePass(control)
      world.nowMs += 61_000
      counts.push(world.candidates().length)
    }
    expect(Math.max(...counts)).toBeLessThanOrEqual(3)
  })

  test('a project is in an upgrade’s hand once the pooler lets nobody in, or cannot be told', async () => {
    const held = async (pooler: Partial<SimulatedWorld['pooler']>) => {
      const world = new SimulatedWorld(1)
      const control = world.start()
      world.store.create('shop', 'empty', null)
      await settle(world, control)
      Object.assign(world.pooler, pooler)
      const inHand: Partial<ListedProject> = { importing: 'an operation', heldFor: 'project.upgrade' }
      world.store.change('shop', inHand)
      for (let pass = 0; pass < 4; pass += 1) await onePass(control)
      const before = rowOf(world).observedState
      world.pooler.serves = true
      await onePass(control)
      return [before, rowOf(world).observedState]
    }
    expect(await held({ serves: false })).toEqual(['running', 'upgrading'])
    expect(await held({ serves: false, trouble: PoolerNotServing() })).toEqual(['upgrading', 'upgrading'])
  })

  test('three replicas are replaced one by one, and three always answer where requests are sent', async () => {
    const world = new SimulatedWorld(1)
    const control = world.start()
    world.store.create('shop', 'empty', null)
    const { settings, limits } = rowOf(world)
    world.store.change('shop', { settings: { ...settings, replicas: { ...THREE } } })
    await settle(world, control)
    expect(world.routes()).toEqual({ shop: [1, 2, 3] })

    world.store.change('shop', { limits: { ...limits, runtime: { memory_mb: 300, cpus: 1, pids: 99 } } })
    const answering: number[] = []
    const { onStop } = world.docker
    world.docker.onStop = (spec) => {
      onStop(spec)
      const slots = world.routes().shop ?? []
      answering.push(slots.filter((slot) => world.answers('shop', slot)).length)
    }
    await settle(world, control)
    expect(answering).toEqual([3, 3, 3])
    expect(wrongs(world)).toEqual([])
  })

  test('one of three that hangs is ended and started in its place, and nothing else changes', async () => {
    const world = new SimulatedWorld(1)
    const control = world.start()
    world.store.create('shop', 'empty', null)
    world.store.change('shop', { settings: { ...rowOf(world).settings, replicas: { ...THREE } } })
    await settle(world, control)

    const before = world.trouble.mutations.length
    world.hung.add('sim-shop-runtime-2')
    await settle(world, control)
    const done = world.trouble.mutations.slice(before).filter((each) => !/^(?:record|active) /.test(each))
    expect(done).toEqual(['kill sim-shop-runtime-2', 'start sim-shop-runtime-2'])
    expect(wrongs(world)).toEqual([])
  })

  test('never routes to a runtime that does not answer while a project is restarted', async () => {
    const world = new SimulatedWorld(1)
    const control = world.start()
    world.store.create('shop', 'empty', null)
    await settle(world, control)
    expect(world.routes()).toEqual({ shop: [1] })

    world.store.change('shop', {
      limits: { ...rowOf(world).limits, runtime: { memory_mb: 300, cpus: 1, pids: 99 } },
    })
    const routed: boolean[] = []
    const { onStop } = world.docker
    world.docker.onStop = (spec) => {
      onStop(spec)
      const slots = world.routes().shop ?? []
      routed.push(slots.length > 0 && slots.every((slot) => world.answers('shop', slot)))
    }
    await settle(world, control)
    expect(routed).toEqual([true])
    expect(world.routes()).toEqual({ shop: [2] })
    expect(wrongs(world)).toEqual([])
  })
})

function rowOf(world: SimulatedWorld) {
  const row = world.store.rows.get('shop')
  if (!row) throw new Error('shop has no row')
  return row
}
