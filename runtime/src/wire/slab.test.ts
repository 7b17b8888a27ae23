import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReadSlab } from './slab.ts'

test('what was read stays as it was, whatever is read after it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 60 }), (sizes) => {
      const slab = new ReadSlab(64, 16)
      const reads = sizes.map((size, at) => {
        const free = slab.free()
        expect(free.length).toBeGreaterThanOrEqual(16)
        const count = Math.min(size, free.length)
        free.fill(at, 0, count)
        return { at, count, chunk: slab.take(count) }
      })
      for (const { at, count, chunk } of reads) expect([...chunk]).toEqual(Array(count).fill(at))
    }),
  )
})
