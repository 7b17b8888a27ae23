import { describe, expect, test } from 'vitest'
import { ReloadPacing, type Room } from './pacing.ts'

const MiB = 1024 * 1024
const roomy: Room = { textBytes: 20_000, limitBytes: 320 * MiB, usedBytes: async () => 40 * MiB }
const used = (mebibytes: number, textBytes = 20_000): Room => ({
  ...{ ...roomy, textBytes },
  usedBytes: async () => mebibytes * MiB,
})

/** Someone has a change made as soon as the last one is served, for so long. @returns when each was. */
async function reloadsIn(forMs: number, room = roomy): Promise<number[]> {
  const pacing = new ReloadPacing(0)
  const times: number[] = []
  for (let now = 0; now < forMs; ) {
    const waitMs = await pacing.waitMs(now, room)
    if (waitMs > 0) {
      now += waitMs
      continue
    }
    pacing.reloaded(now)
    times.push(now)
    now += 400
  }
  return times
}

describe('a reload', () => {
  test('waits for nothing when it is one of a few', async () => {
    const times = await reloadsIn(4_000)
    expect(times).toEqual([0, 400, 800, 1_200, 1_600, 2_000, 2_400, 2_800, 3_200, 3_600])
  })

  test('waits longer and longer behind many: of changes without an end it is some two dozen a minute', async () => {
    const times = await reloadsIn(600_000)
    expect(times.length).toBeGreaterThan(200)
    expect(times.length).toBeLessThan(280)
    const gaps = times.map((at, n) => at - (times[n - 1] ?? 0))
    expect(Math.max(...gaps)).toBeLessThanOrEqual(3_000)
  })

  test('waits for nothing again after a quiet minute', async () => {
    const pacing = new ReloadPacing(0)
    for (let n = 0; n < 30; n++) pacing.reloaded(n)
    expect(await pacing.waitMs(1_000, roomy)).toBeGreaterThan(0)
    expect(await pacing.waitMs(61_000, roomy)).toBe(0)
  })

  test.each<[sentence: string, room: Room, waits: boolean]>([
    ['there is room for it', used(290), false],
    ['old workers leave none', used(310), true],
    ['a longer configuration needs more of it', used(250, 700_000), true],
    ['and has it', used(150, 700_000), false],
  ])('looks at what the container uses: %s', async (_sentence, room, waits) => {
    const pacing = new ReloadPacing(0)
    expect((await pacing.waitMs(1_000, room)) > 0).toBe(waits)
  })

  test('is not kept waiting for workers that are gone by then, whatever uses the memory', async () => {
    const pacing = new ReloadPacing(0)
    pacing.reloaded(10_000)
    expect(await pacing.waitMs(134_000, used(319))).toBeLessThanOrEqual(1_000)
    expect(await pacing.waitMs(135_000, used(319))).toBe(0)
  })
})
