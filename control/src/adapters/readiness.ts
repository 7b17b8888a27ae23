/** Whether a runtime serves, and how busy it is: its own word, heard over its socket. */
import { HEALTH_LOAD_PATH, HEALTH_READY_PATH } from '@cascata/shared/http'
import { RuntimeLoad } from '@cascata/shared/runtime-load'
import { z } from 'zod'
import { getOverSocket, waitForAnswer } from './socket-http.ts'

const ASK_TIMEOUT_MS = 2_000

export async function isReady(socketPath: string): Promise<boolean> {
  const answer = await getOverSocket(socketPath, HEALTH_READY_PATH, { timeoutMs: ASK_TIMEOUT_MS })
  return answer?.status === 200
}

const LoadAnswer = z.object({ load: RuntimeLoad.nullable() })

/** Null when it does not answer, or has not measured for long enough. */
export async function loadOf(socketPath: string): Promise<RuntimeLoad | null> {
  const answer = await getOverSocket(socketPath, HEALTH_LOAD_PATH, { timeoutMs: ASK_TIMEOUT_MS })
  // The runtime may be of another version: what it says is not ours to trust.
  const parsed = answer?.status === 200 ? LoadAnswer.safeParse(parseJson(answer.body)) : undefined
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
  const ready = await waitForAnswer(() => isReady(socketPath), { socketPath, timeoutMs, signal })
  if (!ready) throw new Error(`${socketPath} was not ready within ${timeoutMs} ms`)
}
