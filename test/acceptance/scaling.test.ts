/**
 * The number of runtimes follows what they have to do, on real containers: up to what is allowed under a load that is
 * too much for fewer, down again when it is calm. Those who call meanwhile see neither.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { apiFor } from '../harness/api.ts'
import { cliFor } from '../harness/cli.ts'
import { eventually } from '../harness/eventually.ts'
import { localFetch } from '../harness/local-fetch.ts'
import { steadyLoad } from '../harness/steady-load.ts'
import { Created } from './shapes.ts'

const REF = 'tide'
/** So little that three of them are busy before this machine is. */
const CPUS = '0.15'
/** So many that one alone is too busy to answer control in time. */
const CALLERS = 40
const CALM_SECONDS = 6

const instance = inject('instance')
const cli = cliFor(instance.profile)
const api = apiFor(instance)
const fetch = localFetch(instance.httpPort)
const Replicas = z.object({ replicas: z.array(z.object({ ready: z.boolean() })) })

let project: Created

beforeAll(async () => {
  project = await cli.json(
    Created,
    ...['projects', 'create', 'Tide', '--ref', REF, '--template', 'todo', '--wait'],
  )
  await cli.json(z.unknown(), 'projects', 'limits', REF, '--cpus', CPUS, '--wait')
  await cli.json(z.unknown(), 'projects', 'settings', REF, '--set', `replicas.calmSeconds=${CALM_SECONDS}`)
  await cli.json(z.unknown(), 'projects', 'scale', REF, '1..3', '--wait')
})

afterAll(async () => {
  await cli.run('projects', 'delete', REF, '--yes')
})

/** A question that is more work to understand than to answer: it is the runtime that has too much to do. */
const LONG = Array.from({ length: 300 }, (_, at) => `id.eq.${at}`).join(',')

const read = (signal: AbortSignal, filter = '') =>
  fetch(`${project.url}/rest/v1/todos?select=*&limit=5${filter}`, {
    headers: { apikey: project.service_role_key },
    signal,
  })

/** Of each of its runtimes, whether it answers. Not by the CLI: a process for each look is a load of its own. */
async function ready(): Promise<boolean[]> {
  const { body } = await api.call('GET', `/v1/projects/${REF}/replicas`)
  return Replicas.parse(body).replicas.map((each) => each.ready)
}

/** Until so many answer and no other is left. */
const becomes = (count: number, withinMs: number) =>
  eventually(withinMs, async () => {
    await pause(200)
    expect(await ready()).toEqual(Array.from({ length: count }, () => true))
  })

test('one becomes three under load and one again when it is calm, and no request fails', async () => {
  expect(await ready()).toEqual([true])
  // Somebody who comes now and then, before, meanwhile and after.
  const guest = steadyLoad(async (signal) => {
    await pause(200)
    return read(signal)
  }, 1)
  const crowd = steadyLoad((signal) => read(signal, `&or=(${LONG})`), CALLERS)
  const from = performance.now()
  await becomes(3, 150_000)
  tell(`three after ${Math.round(performance.now() - from)} ms`)
  await crowd.more(50)
  const busy = await crowd.stop()

  const calmFrom = performance.now()
  await becomes(1, 150_000)
  tell(`one again ${Math.round(performance.now() - calmFrom)} ms after the load`)
  await guest.more(20)
  const calm = await guest.stop()
  expect([busy.failed, calm.failed]).toEqual([[], []])
  expect(busy.asked).toBeGreaterThan(100)
  // One at a time: two are two calm periods.
  expect(performance.now() - calmFrom).toBeGreaterThan(2 * CALM_SECONDS * 1_000)
})

const tell = (text: string) => process.stderr.write(`scaling: ${text}\n`)
