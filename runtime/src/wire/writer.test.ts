import fc from 'fast-check'
import { serialize } from 'pg-protocol/dist/serializer.js'
import { describe, expect, test } from 'vitest'
import { FrameWriter } from './writer.ts'

const written = (write: (writer: FrameWriter) => void) => {
  const writer = new FrameWriter()
  write(writer)
  return writer.take()
}

const text = fc
  .string({ unit: 'binary', maxLength: 30_000, size: 'max' })
  .map((value) => value.toWellFormed())

describe('FrameWriter', () => {
  test.each<[string, (writer: FrameWriter) => void, Buffer]>([
    ['parse', (w) => w.parse('s1', 'select ü'), serialize.parse({ name: 's1', text: 'select ü' })],
    ['describe', (w) => w.describePortal(), serialize.describe({ type: 'P' })],
    ['execute', (w) => w.execute(), serialize.execute()],
    ['close', (w) => w.closeStatement('s1'), serialize.close({ type: 'S', name: 's1' })],
    ['sync', (w) => w.sync(), serialize.sync()],
    ['flush', (w) => w.flush(), serialize.flush()],
    ['query', (w) => w.query('rollback'), serialize.query('rollback')],
    ['copyFail', (w) => w.copyFail('no'), serialize.copyFail('no')],
  ])('%s is written as pg-protocol writes it', (_name, write, expected) => {
    expect(written(write).toString('hex')).toBe(expected.toString('hex'))
  })

  test('binds any texts, nulls and bytes, each value with its length', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(text, fc.constant(null), fc.uint8Array({ maxLength: 100 }))),
        (values) => {
          expect(valuesOf(written((w) => w.bind('s1', values)))).toEqual(
            values.map((value) => (value === null ? null : Buffer.from(value).toString('hex'))),
          )
        },
      ),
      { numRuns: 50 },
    )
  })

  test('keeps what it gave away: later frames do not write over it', () => {
    const writer = new FrameWriter()
    const taken = Array.from({ length: 2_000 }, (_, i) => {
      writer.parse('s', `select ${i}`)
      return writer.take()
    })
    taken.forEach((bytes, i) => {
      expect(bytes.toString('latin1')).toContain(`select ${i}\0`)
    })
    expect(writer.isEmpty).toBe(true)
  })

  test('keeps frames whole when one outgrows the memory at hand', () => {
    const writer = new FrameWriter()
    const long = 'x'.repeat(100_000)
    for (let i = 0; i < 3; i++) writer.query(long)
    const expected = serialize.query(long)
    expect(writer.take().equals(Buffer.concat([expected, expected, expected]))).toBe(true)
  })
})

/** The values of a Bind frame in hex, with every length checked to the last byte. */
function valuesOf(frame: Buffer): (string | null)[] {
  expect(frame.readInt32BE(1)).toBe(frame.length - 1)
  let at = 5 + 1 + 's1\0'.length
  const int16 = () => {
    at += 2
    return frame.readUInt16BE(at - 2)
  }
  const formats = Array.from({ length: int16() }, int16)
  const values = Array.from({ length: int16() }, (_, i) => {
    const length = frame.readInt32BE(at)
    at += 4
    if (length < 0) return null
    const bytes = frame.subarray(at, at + length)
    at += length
    expect(formats[i] ?? 0).toBeLessThanOrEqual(1)
    return bytes.toString('hex')
  })
  expect(int16()).toBe(0)
  expect(at).toBe(frame.length)
  return values
}
