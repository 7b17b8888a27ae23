import { describe, expect, test } from 'vitest'
import { TryLater } from '../try-later.ts'
import { createQueue } from './queue.ts'

/** Work that ends when told to, and notes when it began. */
function manualWork() {
  const begun: string[] = []
  const ends = new Map<string, () => void>()
  const work = (name: string) => () => {
    begun.push(name)
    return new Promise<string>((settle) => ends.set(name, () => settle(name)))
  }
  return { begun, work, end: (name: string) => ends.get(name)?.() }
}

describe('a queue of two places and one seat', () => {
  const bounds = { atOnceMax: 2, waitingMax: 1 }

  test('starts two, keeps the third waiting, and tells the fourth at once when to return', async () => {
    const queue = createQueue(bounds)
    const { begun, work, end } = manualWork()
    const [first, second, third] = [queue.run(work('a')), queue.run(work('b')), queue.run(work('c'))]
    const fourth = await queue.run(work('d')).catch((problem: unknown) => problem)
    expect(fourth).toBeInstanceOf(TryLater)
    expect(fourth).toMatchObject({ code: 'password-queue-full', status: 503, retryAfterS: 2 })
    expect(begun).toEqual(['a', 'b'])
    end('b')
    await second
    await Promise.resolve()
    expect(begun).toEqual(['a', 'b', 'c'])
    end('a')
    end('c')
    expect(await Promise.all([first, third])).toEqual(['a', 'c'])
  })

  test('work that fails gives its place back', async () => {
    const queue = createQueue({ atOnceMax: 1, waitingMax: 0 })
    await expect(queue.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(await queue.run(async () => 'done')).toBe('done')
  })

  test('never runs more than two, however many come', async () => {
    const queue = createQueue({ atOnceMax: 2, waitingMax: 100 })
    let [running, most] = [0, 0]
    const job = async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise((settle) => setImmediate(settle))
      running -= 1
    }
    await Promise.all(Array.from({ length: 50 }, () => queue.run(job)))
    expect([most, running]).toEqual([2, 0])
  })
})
