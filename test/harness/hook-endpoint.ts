/** An endpoint for hooks, under a test's hand: it answers at once, or thinks until it is told to go on. */
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'
import type { TestPostgres } from './postgres.ts'

const SECRET = `v1,whsec_${Buffer.from('a secret of thirty-two characters').toString('base64')}`

export type Asked = {
  claims?: Record<string, unknown>
  user?: { id?: string; email?: string }
  sms?: Record<string, string>
}
type Answer = (asked: Asked) => { status: number; body: object }

export type HookEndpoint = Awaited<ReturnType<typeof startHookEndpoint>>

export const withPlan: Answer = ({ claims }) => ({
  status: 200,
  body: { claims: { ...claims, plan: 'pro' } },
})
export const failing: Answer = () => ({ status: 500, body: {} })
const agreeing: Answer = () => ({ status: 200, body: {} })

export async function startHookEndpoint() {
  let asked: Asked[] = []
  let waiting: (() => void)[] = []
  let [answer, isThinking] = [agreeing, false]
  const reply = (response: ServerResponse, about: Asked) => {
    const { status, body } = answer(about)
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  const server: Server = createServer((request, response) => {
    let text = ''
    request.on('data', (piece: Buffer) => {
      text += piece
    })
    request.on('end', () => {
      const about = JSON.parse(text) as Asked
      asked.push(about)
      if (isThinking) waiting.push(() => reply(response, about))
      else reply(response, about)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    /** As settings have it. */
    hook: { uri: `http://127.0.0.1:${port}/hook`, secrets: [SECRET] },
    asked: (): readonly Asked[] => asked,
    /** How many wait for an answer. */
    waiting: () => waiting.length,
    answer(next: Answer) {
      answer = next
    },
    think() {
      isThinking = true
    },
    goOn() {
      isThinking = false
      for (const each of waiting.splice(0)) each()
    },
    reset() {
      ;[asked, waiting, answer, isThinking] = [[], [], agreeing, false]
    },
    close: () => server.close(),
  }
}

/** So many are asked, and wait: the runtime of tests lets an endpoint think for longer than this looks. */
export const isWaitedFor = (endpoint: HookEndpoint, times: number) =>
  expect.poll(() => endpoint.waiting(), { timeout: 20_000 }).toBe(times)

/** Connections of auth that are held in a transaction, and do nothing. */
export async function heldConnections(pg: TestPostgres): Promise<number> {
  const rows = await pg.admin()`
    select 1 from pg_stat_activity where application_name = 'cascata-auth' and state like 'idle in transaction%'`
  return rows.length
}
