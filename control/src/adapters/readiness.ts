/** Whether a runtime serves, and how busy it is: its own word, heard over its socket; or an answer of its REST API. */
import { HEALTH_LIVE_PATH, HEALTH_LOAD_PATH, HEALTH_READY_PATH } from '@cascata/shared/http'
import { RuntimeLoad } from '@cascata/shared/runtime-load'
import { z } from 'zod'
import { getOverSocket, waitForAnswer } from './socket-http.ts'

const ASK_TIMEOUT_MS = 2_000
/** One that starts answers at the moment it is ready, or after so many seconds (RFC 7240, 4.3). */
const WAIT_S = 5
const REST_TIMEOUT_MS = 15_000
/** The root describes all there is. */
const REST_BYTES_MAX = 64 * 1024 * 1024

export async function isReady(socketPath: string, waitS = 0): Promise<boolean> {
  const headers: Record<string, string> = waitS === 0 ? {} : { prefer: `wait=${waitS}` }
  const timeoutMs = ASK_TIMEOUT_MS + waitS * 1_000
  const answer = await getOverSocket(socketPath, HEALTH_READY_PATH, { timeoutMs, headers })
  return answer?.status === 200
}

/**
 * `answered`: whatever it said. `silent`: it took the question, or left it lying, until the time was over. `absent`:
 * nobody listens, which is how one starts or ends. `late`: the look itself came too late to blame anybody.
 */
export type Look = 'answered' | 'silent' | 'absent' | 'late'

/** Timers are not exact to the millisecond; one that is a second late tells of this process, or of the machine. */
const EARLY_MS = 50
const LATE_MS = 1_000

/** Whether anybody is in, whatever the database does. */
export async function lookAt(socketPath: string): Promise<Look> {
  const from = performance.now()
  const answer = await getOverSocket(socketPath, HEALTH_LIVE_PATH, { timeoutMs: ASK_TIMEOUT_MS })
  if (answer) return 'answered'
  return unansweredSince(from)
}

/** A question of that time that got no answer. */
function unansweredSince(from: number): Exclude<Look, 'answered'> {
  const overMs = performance.now() - from - ASK_TIMEOUT_MS
  if (overMs < -EARLY_MS) return 'absent'
  return overMs > LATE_MS ? 'late' : 'silent'
}

const LoadAnswer = z.object({ load: RuntimeLoad.nullable() })

/** `silent` as of a {@link Look}, after so long; null when nobody listens, or it has not measured for long enough. */
export async function loadOf(socketPath: string): Promise<RuntimeLoad | { silentMs: number } | null> {
  const from = performance.now()
  const answer = await getOverSocket(socketPath, HEALTH_LOAD_PATH, { timeoutMs: ASK_TIMEOUT_MS })
  if (answer === null) return unansweredSince(from) === 'silent' ? { silentMs: ASK_TIMEOUT_MS } : null
  // The runtime may be of another version: what it says is not ours to trust.
  const parsed = answer.status === 200 ? LoadAnswer.safeParse(parseJson(answer.body)) : undefined
  return parsed?.success ? parsed.data.load : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export async function waitUntilReady(
  socketPath: string,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const ready = await waitForAnswer(() => isReady(socketPath, WAIT_S), { socketPath, timeoutMs, signal })
  if (!ready) throw new Error(`${socketPath} was not ready within ${timeoutMs} ms`)
}

/** Status of the REST API's root under this key; null when nobody answers. */
export async function restStatus(socketPath: string, apikey: string): Promise<number | null> {
  const asked = { timeoutMs: REST_TIMEOUT_MS, bodyBytesMax: REST_BYTES_MAX, headers: { apikey } }
  return (await getOverSocket(socketPath, '/rest/v1/', asked))?.status ?? null
}
