/** Whether a runtime serves: its own word on `/health/ready`, heard over its socket. */
import { HEALTH_READY_PATH } from '@cascata/shared/http'
import { getOverSocket, waitForAnswer } from './socket-http.ts'

const ASK_TIMEOUT_MS = 2_000

export async function isReady(socketPath: string): Promise<boolean> {
  const answer = await getOverSocket(socketPath, HEALTH_READY_PATH, { timeoutMs: ASK_TIMEOUT_MS })
  return answer?.status === 200
}

export async function waitUntilReady(
  socketPath: string,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<void> {
  const ready = await waitForAnswer(() => isReady(socketPath), { socketPath, timeoutMs, signal })
  if (!ready) throw new Error(`${socketPath} was not ready within ${timeoutMs} ms`)
}
