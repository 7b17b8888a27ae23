/** The instance the bench measures, and its control API. */
import { readFile } from 'node:fs/promises'
import { testConfig } from '../harness/config.ts'
import { type Instance, startInstance, stopInstance } from '../harness/instance.ts'
import { type LocalFetch, localFetch } from '../harness/local-fetch.ts'

export type BenchInstance = Instance & {
  fetch: LocalFetch
  urlOf(ref: string): string
  control(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>
  /** Asks for a change and waits until its operation has ended. */
  done(method: string, path: string, body?: unknown): Promise<void>
  stop(): Promise<void>
}

export async function startBench(): Promise<BenchInstance> {
  const instance = await startInstance(testConfig.bench.instance, testConfig.bench.httpPort)
  const fetch = localFetch(instance.httpPort)
  const { control_url, token } = JSON.parse(await readFile(instance.profile, 'utf8')) as {
    control_url: string
    token: string
  }
  const control = async (method: string, path: string, body?: unknown) => {
    const headers: Record<string, string> = {
      authorization: `Bearer ${token}`,
      'idempotency-key': crypto.randomUUID(),
    }
    // Nobody else changes anything here.
    if (method === 'PATCH') headers['if-match'] = '*'
    if (body !== undefined) headers['content-type'] = 'application/json'
    const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const answer = await fetch(`${control_url}${path}`, init)
    const answered: unknown = await answer.json().catch(() => null)
    if (answer.status >= 400)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answered)}`)
    return { status: answer.status, body: answered }
  }
  return {
    ...instance,
    fetch,
    control,
    urlOf: (ref) => `http://${ref}.localhost:${instance.httpPort}`,
    done: async (method, path, body) => {
      const { body: accepted } = await control(method, path, body)
      const { operation } = accepted as { operation: { id: string } }
      for (;;) {
        const { body: now } = await control('GET', `/v1/operations/${operation.id}`)
        const { status, problem } = now as { status: string; problem: unknown }
        if (status === 'succeeded') return
        if (status === 'failed') throw new Error(`${path}: ${JSON.stringify(problem)}`)
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    },
    stop: () => stopInstance(instance),
  }
}
