/** Reads a body whole, within its budget of bytes and time. A body is never begun that says it is too large. */
import type { IncomingMessage } from 'node:http'
import { BodyTooLarge } from '@cascata/shared/problems/bounds'
import { BodyTooSlow } from './errors.ts'
import { BODY_SILENCE_MS, BODY_TOTAL_MS } from './limits.ts'

export type BodyBudget = { bytesMax: number; silenceMs?: number; totalMs?: number }

/** The caller left before its body was whole: there is nobody to answer. */
export class CallerGone extends Error {
  override readonly name = 'CallerGone'
}

/**
 * @returns null when the request has no body.
 * @throws BodyTooLarge, BodyTooSlow, CallerGone
 */
export function readBody(request: IncomingMessage, budget: BodyBudget): Promise<Buffer | null> | null {
  const declared = request.headers['content-length']
  if (declared === undefined && request.headers['transfer-encoding'] === undefined) return null
  const bytes = declared === undefined ? undefined : Number(declared)
  if (bytes === 0) return null
  if (bytes !== undefined && bytes > budget.bytesMax) throw BodyTooLarge(budget.bytesMax)
  return collect(request, budget)
}

function collect(request: IncomingMessage, budget: BodyBudget): Promise<Buffer> {
  const { bytesMax, silenceMs = BODY_SILENCE_MS, totalMs = BODY_TOTAL_MS } = budget
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const silence = setTimeout(() => end(() => reject(BodyTooSlow())), silenceMs)
    const total = setTimeout(() => end(() => reject(BodyTooSlow())), totalMs)

    const onData = (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > bytesMax) return end(() => reject(BodyTooLarge(bytesMax)))
      chunks.push(chunk)
      silence.refresh()
    }
    const onEnd = () =>
      end(() => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)))
    const onGone = () => end(() => reject(new CallerGone('the caller left before its body was whole')))
    const end = (settle: () => void) => {
      clearTimeout(silence)
      clearTimeout(total)
      request.off('data', onData).off('end', onEnd).off('close', onGone)
      settle()
    }
    // 'error' comes before 'close' and says no more than it.
    request
      .on('data', onData)
      .on('end', onEnd)
      .on('close', onGone)
      .on('error', () => {})
  })
}
