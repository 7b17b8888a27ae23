import { expect, test } from 'vitest'
import { judge, type Sample } from './judge.ts'

const REQUESTS = 1_000
const samples = (mbAt: (share: number) => Partial<Sample>): Sample[] =>
  Array.from({ length: 50 }, (_, n) => {
    const share = (n + 1) / 50
    const flat = { rssMb: 100, heapMb: 20, externalMb: 5, dbMb: 100 }
    return { at: share * REQUESTS, ...flat, ...mbAt(share) }
  })
const growing = (mbAt: (share: number) => Partial<Sample>) =>
  judge(samples(mbAt), REQUESTS)
    .filter(({ flat }) => !flat)
    .map(({ what }) => what)

test.each([
  ['what stays is flat', () => ({}), []],
  [
    'caches that fill in the first tenth are no growth',
    (share: number) => ({ heapMb: share < 0.1 ? 10 : 20 }),
    [],
  ],
  ['a heap that climbs by a third is growth', (share: number) => ({ heapMb: 20 + 7 * share }), ['heapMb']],
  [
    'what climbs and comes down again is flat',
    (share: number) => ({ rssMb: share > 0.4 && share < 0.8 ? 300 : 100 }),
    [],
  ],
  ['the database is looked at as well', (share: number) => ({ dbMb: 100 + 40 * share }), ['dbMb']],
  [
    'a little up and down is chance',
    (share: number) => ({ rssMb: 100 + 5 * share, heapMb: 20 + 0.5 * share }),
    [],
  ],
])('%s', (_sentence, mbAt, expected) => {
  expect(growing(mbAt)).toEqual(expected)
})

test('tells how much each request left behind', () => {
  const [rss] = judge(
    samples((share) => ({ rssMb: 100 + 80 * share })),
    REQUESTS,
  )
  expect(rss?.bytesEach).toBeCloseTo((80 * 2 ** 20) / REQUESTS, 5)
})

test('refuses to judge by too few samples', () => {
  expect(() => judge(samples(() => ({})).slice(0, 20), REQUESTS)).toThrow('too few')
})
