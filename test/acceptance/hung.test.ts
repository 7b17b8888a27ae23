/**
 * Runtimes that are alive and answer nothing: their process is stopped from inside, as a debugger or a bug would. Control
 * finds out by asking, ends them and starts them anew; those who called them meanwhile are answered late, not refused.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { cliFor } from '../harness/cli.ts'
import { inside, projectContainers } from '../harness/docker.ts'
import { askEngine } from '../harness/engine-api.ts'
import { eventually } from '../harness/eventually.ts'
import { localFetch } from '../harness/local-fetch.ts'
import { steadyLoad } from '../harness/steady-load.ts'
import { Created } from './shapes.ts'

const REF = 'stuck'
/** What is not answered by then waits for somebody who hangs. */
const SLOW_MS = 3_000
const CALLERS = 4
/** Three looks of two seconds, what lies between them, an end, a start, and a machine that is busy. */
const MENDED_WITHIN_MS = 60_000

const instance = inject('instance')
const cli = cliFor(instance.profile)
const fetch = localFetch(instance.httpPort)
const Inspected = z.object({ State: z.object({ Running: z.boolean(), StartedAt: z.string() }) })

let project: Created

beforeAll(async () => {
  project = await cli.json(
    Created,
    ...['projects', 'create', 'Stuck', '--ref', REF, '--template', 'todo', '--wait'],
  )
})

afterAll(async () => {
  await cli.run('projects', 'delete', REF, '--yes')
})

const scale = (range: string) => cli.run('projects', 'scale', REF, range, '--wait')
const read = (signal: AbortSignal) =>
  fetch(`${project.url}/rest/v1/todos?select=id&limit=5`, {
    headers: { apikey: project.service_role_key },
    signal,
  })

const runtimes = async () =>
  (await projectContainers(instance.name, REF)).filter(({ role }) => role === 'runtime')

async function stateOf(name: string) {
  const { text } = await askEngine('GET', `/containers/${name}/json`)
  return Inspected.parse(JSON.parse(text)).State
}

/** The process that answers, not the one that started it: the first stopped one would only be a bad parent. */
const STOP = `const fs = require('node:fs')
const own = fs.readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)
const isRuntime = (pid) => fs.readFileSync('/proc/' + pid + '/cmdline', 'utf8').startsWith('node\\0')
const found = own.filter((pid) => { try { return isRuntime(pid) } catch { return false } })
for (const pid of found) process.kill(Number(pid), 'SIGSTOP')
process.stdout.write(String(found.length))`

/** @returns its name and when it was started. */
async function stopOne(): Promise<{ name: string; startedAt: string }> {
  const [victim] = await runtimes()
  if (!victim) throw new Error('there is no runtime to stop')
  const { StartedAt } = await stateOf(victim.name)
  const { stdout, stderr } = await inside(victim.name, 'node', '-e', STOP)
  expect(stdout, stderr).toBe('1')
  return { name: victim.name, startedAt: StartedAt }
}

/** Started again, and all of them ready. */
async function expectMended({ name, startedAt }: { name: string; startedAt: string }): Promise<void> {
  await eventually(MENDED_WITHIN_MS, async () => {
    const { Running, StartedAt } = await stateOf(name)
    expect([Running, StartedAt === startedAt]).toEqual([true, false])
  })
  const Replicas = z.object({ min: z.number(), replicas: z.array(z.object({ ready: z.boolean() })) })
  await eventually(10_000, async () => {
    const { min, replicas } = await cli.json(Replicas, 'projects', 'scale', REF)
    expect(replicas.filter(({ ready }) => ready)).toHaveLength(min)
  })
}

function timed() {
  const took: number[] = []
  const load = steadyLoad(async (signal) => {
    const from = performance.now()
    const answer = await read(signal)
    took.push(performance.now() - from)
    return answer
  }, CALLERS)
  return { ...load, took }
}

describe('a runtime that hangs', () => {
  test('alone comes back by itself, and who waits for it is answered', async () => {
    expect((await read(AbortSignal.timeout(10_000))).status).toBe(200)
    const victim = await stopOne()
    const from = performance.now()
    const answers = await Promise.all([1, 2, 3].map(() => read(AbortSignal.timeout(60_000))))
    tell(`one alone: answered after ${Math.round(performance.now() - from)} ms`)
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    await expectMended(victim)
  })

  test('beside two others keeps few requests waiting, fails none, and is replaced', async () => {
    await scale('3')
    const load = timed()
    await load.more(40)
    const victim = await stopOne()
    const from = performance.now()
    await expectMended(victim)
    tell(`one of three: mended after ${Math.round(performance.now() - from)} ms`)
    await load.more(60)
    const { asked, failed } = await load.stop()
    const slow = load.took.filter((ms) => ms > SLOW_MS)
    tell(`slow ${slow.length} of ${asked}, the slowest ${Math.round(Math.max(...load.took))} ms`)
    expect(failed).toEqual([])
    expect(asked).toBeGreaterThan(100)
    // Each caller meets it once: until it is ended, and then it refuses at once.
    expect(slow.length).toBeLessThanOrEqual(CALLERS)
    expect(Math.max(...load.took)).toBeLessThan(MENDED_WITHIN_MS)
  })

  test('asleep is not looked for: its project stays asleep', async () => {
    await scale('1')
    await cli.run('projects', 'sleep', REF, '--wait')
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    expect((await runtimes()).map(({ state }) => state)).toEqual(['exited'])
  })
})

const tell = (text: string) => process.stderr.write(`hung: ${text}\n`)
