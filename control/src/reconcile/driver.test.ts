import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Backoff } from './backoff.ts'
import { startDriver } from './driver.ts'
import { settled, type Task } from './task.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }

/** A task that ends when the test says so, and counts. */
function counted(everyMs = 10_000) {
  const runs = { started: 0, atOnce: 0, atOnceMax: 0, end: () => {}, fail: () => {} }
  const task: Task = {
    name: 'counted',
    everyMs,
    run() {
      runs.started++
      runs.atOnce++
      runs.atOnceMax = Math.max(runs.atOnceMax, runs.atOnce)
      return new Promise((resolve, reject) => {
        runs.end = () => {
          runs.atOnce--
          resolve(settled)
        }
        runs.fail = () => {
          runs.atOnce--
          reject(new Error('the world is away'))
        }
      })
    },
  }
  return { runs, task }
}

describe('the driver', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('runs each task at once and then in its time', async () => {
    const { runs, task } = counted()
    const driver = startDriver([task], log)
    expect(runs.started).toBe(1)
    runs.end()
    await vi.advanceTimersByTimeAsync(9_999)
    expect(runs.started).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(runs.started).toBe(2)
    runs.end()
    await driver.stop()
  })

  test('makes one further run of any number of kicks during a run, and never two at once', async () => {
    const { runs, task } = counted()
    const driver = startDriver([task], log)
    driver.kick()
    driver.kick('counted')
    driver.kick('another')
    runs.end()
    await vi.advanceTimersByTimeAsync(0)
    expect(runs.started).toBe(2)
    runs.end()
    await vi.advanceTimersByTimeAsync(0)
    expect(runs).toMatchObject({ started: 2, atOnceMax: 1 })
    await driver.stop()
  })

  test('tries again soon after a failure, and ever later', async () => {
    const { runs, task } = counted(60_000)
    const driver = startDriver([task], log)
    runs.fail()
    await vi.advanceTimersByTimeAsync(500)
    expect(runs.started).toBe(2)
    runs.fail()
    await vi.advanceTimersByTimeAsync(499)
    expect(runs.started).toBe(2)
    await vi.advanceTimersByTimeAsync(501)
    expect(runs.started).toBe(3)
    runs.end()
    await driver.stop()
  })

  test('waits for the run under way when stopped, and starts none after', async () => {
    const { runs, task } = counted()
    const driver = startDriver([task], log)
    driver.kick()
    const stopped = driver.stop()
    runs.end()
    await stopped
    driver.kick()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(runs.started).toBe(1)
  })
})

describe('backoff', () => {
  test('doubles up to its ceiling, half of it by chance, and forgets with a success', () => {
    const backoff = new Backoff({ firstMs: 1_000, maxMs: 3_000 }, () => 0.5)
    const waits = [1, 2, 3].map(() => {
      backoff.failed('shop', 0)
      return backoff.waitMs('shop', 0)
    })
    expect(waits).toEqual([750, 1_500, 2_250])
    expect(backoff.waitMs('blog', 0)).toBe(0)
    backoff.succeeded('shop')
    expect(backoff.waitMs('shop', 0)).toBe(0)
  })
})
