/** One call to the daemon: bounded in time, and whatever goes wrong leaves as `engine-unavailable` with its cause. */
import { Problem } from '@cascata/shared/problem'
import { EngineUnavailable } from '@cascata/shared/problems/engine'

/** No answer of the daemon takes longer, save a stop, which waits for the container. */
const CALL_TIMEOUT_MS = 20_000

export const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined

type Options = {
  timeoutMs?: number
  /** Answers of the daemon that mean it is so already. */
  fine?: readonly number[]
}

/** `what` completes "The container engine failed to ...". Undefined: the daemon answered one of `fine`. */
export async function call<Result>(
  what: string,
  work: (abortSignal: AbortSignal) => Promise<Result>,
  { timeoutMs = CALL_TIMEOUT_MS, fine = [] }: Options = {},
): Promise<Result | undefined> {
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    return await work(signal)
  } catch (error) {
    if (error instanceof Problem) throw error
    const status = statusOf(error)
    if (status !== undefined && fine.includes(status)) return undefined
    throw EngineUnavailable(what).because(error)
  }
}
