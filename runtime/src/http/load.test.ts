import { afterEach, describe, expect, test } from 'vitest'
import { createLoadMeter, type LoadMeter } from './load.ts'

let meter: LoadMeter | undefined
afterEach(() => meter?.close())

/** Keeps the event loop to itself. */
function spin(ms: number): void {
  const until = performance.now() + ms
  while (performance.now() < until);
}

const turns = async (count: number) => {
  for (let left = count; left > 0; left--) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('the load of a runtime', () => {
  test('is not known when it is asked for the first time', () => {
    meter = createLoadMeter(() => 0)
    expect(meter.read()).toBeNull()
    expect(meter.read()).not.toBeNull()
  })

  test('shows a loop that is held up, and how long', async () => {
    meter = createLoadMeter(() => 3)
    meter.read()
    await turns(10)
    spin(200)
    await turns(2)
    const load = meter.read()
    expect(load?.under_way).toBe(3)
    expect(load?.event_loop_delay_ms_p99).toBeGreaterThan(100)
    expect(load?.utilization).toBeGreaterThan(0.4)
    expect(load?.cpus).toBeGreaterThan(0.1)
  })

  test('is next to nothing where nothing is done', async () => {
    meter = createLoadMeter(() => 0)
    meter.read()
    await turns(40)
    const load = meter.read()
    expect(load?.utilization).toBeLessThan(0.5)
  })
})
