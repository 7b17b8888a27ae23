import { expect, test } from 'vitest'
import { whileInCharge } from './in-charge.ts'
import { settled, type Task } from './task.ts'

const never = new AbortController().signal

function task() {
  const runs: AbortSignal[] = []
  const own: Task = {
    name: 'projects',
    everyMs: 1_000,
    run: async (signal) => {
      runs.push(signal)
      return settled
    },
  }
  return { runs, own }
}

test('a task does nothing while nobody knows who is in charge, and is asked again soon', async () => {
  const { runs, own } = task()
  const pass = await whileInCharge(own, { held: () => undefined }).run(never)
  expect(runs).toEqual([])
  expect(pass).toMatchObject({ applied: [], failed: [] })
  expect(pass.againInMs).toBeLessThan(1_000)
})

test.each(['the charge is lost', 'the driver stops'])('a pass under way ends when %s', async (what) => {
  const { runs, own } = task()
  const [held, stop] = [new AbortController(), new AbortController()]
  await whileInCharge(own, { held: () => held.signal }).run(stop.signal)
  expect(runs[0]?.aborted).toBe(false)
  if (what === 'the driver stops') stop.abort()
  else held.abort()
  expect(runs[0]?.aborted).toBe(true)
})
