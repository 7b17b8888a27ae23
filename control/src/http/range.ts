/** One byte range of a file (RFC 9110, 14). Several at once are answered with the whole file, as the RFC allows. */
import { RangeInvalid } from '@cascata/shared/problems/backups'

export type ByteRange = { start: number; end: number }

/** Undefined: give all of it. Throws `RangeInvalid` when nothing of the range exists. */
export function parseRange(header: string | undefined, bytes: number): ByteRange | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '')
  const [, from = '', to = ''] = match ?? []
  if (!match || (from === '' && to === '')) return undefined
  if (from === '') {
    const length = Math.min(Number(to), bytes)
    if (length === 0) throw RangeInvalid(bytes)
    return { start: bytes - length, end: bytes - 1 }
  }
  const start = Number(from)
  const end = to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1)
  if (to !== '' && Number(to) < start) return undefined
  if (start >= bytes) throw RangeInvalid(bytes)
  return { start, end }
}
