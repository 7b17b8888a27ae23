/** From the call that creates a project to the first 200 of its REST API through the edge. */
import { setTimeout as pause } from 'node:timers/promises'
import type { BenchInstance } from './instance.ts'

export type CreateFigures = { msEach: number[]; stepsOfLast: string[] }

export async function benchCreate(bench: BenchInstance, rounds: number): Promise<CreateFigures> {
  const msEach: number[] = []
  for (let round = 1; round <= rounds; round += 1) msEach.push(await createOne(bench, `bench-c${round}`))
  const { body } = await bench.control('GET', `/v1/operations?ref=bench-c${rounds}`)
  const [operation] = (
    body as { items: { steps: { name: string; started_at: string; ended_at: string | null }[] }[] }
  ).items
  const stepsOfLast = (operation?.steps ?? []).map(({ name, started_at, ended_at }) =>
    // The project answers before the last step is written down.
    ended_at === null ? `${name} not ended` : `${name} ${Date.parse(ended_at) - Date.parse(started_at)} ms`,
  )
  for (let round = 1; round <= rounds; round += 1)
    await bench.control('DELETE', `/v1/projects/bench-c${round}`)
  return { msEach, stepsOfLast }
}

async function createOne(bench: BenchInstance, ref: string): Promise<number> {
  const from = performance.now()
  await bench.control('POST', '/v1/projects', { name: ref, ref, template: 'todo' })
  const { body } = await bench.control('GET', `/v1/projects/${ref}/keys`)
  const key = (body as { service_role_key: string }).service_role_key
  for (;;) {
    const answer = await bench.fetch(`${bench.urlOf(ref)}/rest/v1/todos?select=id&limit=1`, {
      headers: { apikey: key },
    })
    await answer.arrayBuffer()
    if (answer.status === 200) return performance.now() - from
    if (performance.now() - from > 60_000)
      throw new Error(`${ref} did not answer within a minute: ${answer.status}`)
    await pause(10)
  }
}
