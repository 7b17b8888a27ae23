/** Which runtimes are asked, how often, and what becomes of the answers. */
import { beforeEach, expect, test } from 'vitest'
import type { Look } from '../../adapters/readiness.ts'
import { pathsOf } from '../../paths.ts'
import type { Task } from '../task.ts'
import { createPulses, type Pulses } from './pulses.ts'
import { pulseTask } from './task.ts'

const site = { paths: pathsOf('/home') }
const NOW = 1_000_000
const runtime = (slot: number, ready = true) => ({ name: `c-shop-runtime-${slot}`, slot, ready })

let pulses: Pulses
let lastActiveAt: number | null
let looks: Map<number, Look>
let asked: string[]
let changes: number
let measured: string[]
let usedCpus: number
let nowMs: number
let task: Task

beforeEach(() => {
  pulses = createPulses()
  lastActiveAt = NOW
  looks = new Map()
  asked = []
  changes = 0
  measured = []
  usedCpus = 0.001
  nowMs = NOW
  task = pulseTask({
    ...{ pulses, site, clock: { now: () => nowMs } },
    engine: {
      cpuNs: async (name) => {
        measured.push(name)
        return (nowMs - NOW) * usedCpus * 1e6
      },
    },
    activity: { lastActiveAt: async () => lastActiveAt },
    lookAt: async (socket) => {
      asked.push(socket)
      return looks.get(Number(/(\d+)\.sock$/.exec(socket)?.[1])) ?? 'answered'
    },
    changed: () => {
      changes += 1
    },
  })
})

const pass = () => {
  nowMs += 2_500
  return task.run(new AbortController().signal)
}

test('a project in use has each of its runtimes asked on its own socket', async () => {
  pulses.saw('shop', [runtime(1), runtime(2)])
  expect(await pass()).toEqual({ applied: [], failed: [] })
  expect(asked).toEqual([1, 2].map((slot) => site.paths.project('shop').socket(slot)))
})

test('an idle project has none asked, but for one that was not ready when it should have been', async () => {
  lastActiveAt = NOW - 3_600_000
  pulses.saw('shop', [runtime(1), runtime(2, false)])
  await pass()
  await pass()
  expect(asked).toEqual([site.paths.project('shop').socket(2)])
})

test('one that hangs is told of once, at the third look, and the looks come sooner meanwhile', async () => {
  pulses.saw('shop', [runtime(1), runtime(2)])
  looks.set(2, 'silent')
  const passes = [await pass(), await pass(), await pass(), await pass()]
  expect(passes.map(({ applied }) => applied)).toEqual([
    ...[[], [], ['c-shop-runtime-2 runs and does not answer'], []],
  ])
  expect(passes.map(({ againInMs }) => againInMs)).toEqual([500, 500, 500, 500])
  expect([changes, pulses.isHung('shop', 'c-shop-runtime-1')]).toEqual([1, false])
  expect(pulses.isHung('shop', 'c-shop-runtime-2')).toBe(true)
})

test('one that works is left alone for longer, and only silent ones are measured', async () => {
  pulses.saw('shop', [runtime(1), runtime(2)])
  looks.set(2, 'silent')
  usedCpus = 0.1
  for (let left = 11; left > 0; left--) await pass()
  expect([pulses.isHung('shop', 'c-shop-runtime-2'), changes]).toEqual([false, 0])
  await pass()
  expect([pulses.isHung('shop', 'c-shop-runtime-2'), changes]).toEqual([true, 1])
  expect(new Set(measured)).toEqual(new Set(['c-shop-runtime-2']))
})

test('one that was started in its place begins anew', async () => {
  pulses.saw('shop', [runtime(1)])
  looks.set(1, 'silent')
  for (let left = 3; left > 0; left--) await pass()
  pulses.forget('shop', 'c-shop-runtime-1')
  pulses.saw('shop', [runtime(1, false)])
  expect(pulses.isHung('shop', 'c-shop-runtime-1')).toBe(false)
})

test('a project that is not to run, or is gone, has none asked', async () => {
  pulses.saw('shop', [runtime(1, false)])
  pulses.saw('shop', [])
  pulses.saw('blog', [{ name: 'c-blog-runtime-1', slot: 1, ready: false }])
  pulses.keepOnly(new Set(['shop']))
  await pass()
  expect(asked).toEqual([])
})
