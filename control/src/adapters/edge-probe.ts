/** Asks nginx over its probe socket which configuration it serves. */
import { PROBE_PATH } from '../edge/render.ts'
import { getOverSocket, waitForAnswer } from './socket-http.ts'

const ASK_TIMEOUT_MS = 2_000

export function edgeProbe(socketPath: string) {
  const digest = async (): Promise<string | null> => {
    const answer = await getOverSocket(socketPath, PROBE_PATH, { timeoutMs: ASK_TIMEOUT_MS })
    return answer?.status === 200 ? answer.body : null
  }
  return {
    digest,
    waitFor: (wanted: string, timeoutMs: number): Promise<boolean> =>
      waitForAnswer(async () => (await digest()) === wanted, { socketPath, timeoutMs }),
  }
}
