/** Callers that ask again and again until they are told to stop, and what they were answered. */

export type Outcome = { asked: number; failed: string[] }

export type SteadyLoad = {
  /** Resolves once so many more were answered. */
  more(count: number): Promise<void>
  /** No new request; resolves with all that came of it. */
  stop(): Promise<Outcome>
}

type Ask = (signal: AbortSignal) => Promise<{ status: number; text(): Promise<string> }>

/** Each caller asks its next request when the one before is answered. What is not 2xx has failed. */
export function steadyLoad(ask: Ask, callers: number): SteadyLoad {
  const ending = new AbortController()
  const outcome: Outcome = { asked: 0, failed: [] }
  const caller = async () => {
    while (!ending.signal.aborted) {
      const failure = await ask(AbortSignal.timeout(30_000)).then(
        async (answer) => {
          const text = await answer.text()
          return answer.status >= 200 && answer.status < 300 ? undefined : `${answer.status} ${text}`
        },
        (error: unknown) => String(error),
      )
      outcome.asked += 1
      if (failure !== undefined) outcome.failed.push(failure)
    }
  }
  const callersDone = Promise.all(Array.from({ length: callers }, caller))
  return {
    async more(count) {
      const wanted = outcome.asked + count
      while (outcome.asked < wanted) await new Promise((resolve) => setTimeout(resolve, 10))
    },
    async stop() {
      ending.abort()
      await callersDone
      return outcome
    },
  }
}
