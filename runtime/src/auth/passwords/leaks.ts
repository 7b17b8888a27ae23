/**
 * Asks a range service of Have I Been Pwned's kind whether a password is known from a leak. What leaves the house are
 * five letters of its SHA-1, which thousands of passwords share; the answer is padded, so that its length tells nothing.
 */
import { createHash } from 'node:crypto'
import { boundedFetch } from '../outbound.ts'

const TIMEOUT_MS = 5_000
/** A range has about a thousand lines of 40 bytes. */
const ANSWER_BYTES_MAX = 512 * 1024
const PREFIX_LENGTH = 5

type Asked = { url: string; signal: AbortSignal }

/** @returns unknown when nobody could say. */
export async function findLeak(password: string, { url, signal }: Asked): Promise<boolean | 'unknown'> {
  const digest = createHash('sha1').update(password).digest('hex').toUpperCase()
  const [prefix, rest] = [digest.slice(0, PREFIX_LENGTH), digest.slice(PREFIX_LENGTH)]
  try {
    const ask = boundedFetch({ timeoutMs: TIMEOUT_MS, bytesMax: ANSWER_BYTES_MAX, signal })
    const answer = await ask(`${url.replace(/\/+$/, '')}/${prefix}`, {
      headers: { 'add-padding': 'true', 'user-agent': 'cascata' },
    })
    return answer.status === 200 ? isAmong(await answer.text(), rest) : 'unknown'
  } catch {
    signal.throwIfAborted()
    return 'unknown'
  }
}

/** Padding is lines that were counted never. */
const isAmong = (lines: string, wanted: string): boolean =>
  lines.split(/\r?\n/).some((line) => {
    const [suffix = '', count = ''] = line.trim().split(':')
    return suffix.toUpperCase() === wanted && Number(count) > 0
  })
