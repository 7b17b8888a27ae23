/** Asks once before each run: a server that answers something else than the truth may not be measured. */
import { type IncomingHttpHeaders, request } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import type { Sql } from 'postgres'
import { type Case, truthSql } from './cases.ts'
import type { Ask } from './dialect.ts'
import type { Target } from './h2load.ts'

export type Reply = { status: number; headers: IncomingHttpHeaders; text: string }

export type Sample = { target: Target; path: string; headers: Record<string, string>; body?: string }

export function askOnce({ target, path, headers, body }: Sample): Promise<Reply> {
  const to =
    'socket' in target
      ? { socketPath: target.socket }
      : { host: target.address, port: target.port, agent: false }
  const host = 'socket' in target ? 'localhost' : `${target.host}:${target.port}`
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  return new Promise((resolve, reject) => {
    const sent = request(
      { ...to, path, method: body === undefined ? 'GET' : 'POST', headers: { host, ...headers, ...length } },
      async (answer) => {
        let text = ''
        for await (const chunk of answer.setEncoding('utf8')) text += chunk
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text })
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** @throws when the answer is no success, or says something else than the database. */
export async function verifyAnswer(
  admin: Sql,
  { of, ask, value, reply }: { of: Case; ask: Ask; value: number; reply: Reply },
): Promise<void> {
  const { status, headers, text } = reply
  if (status < 200 || status > 299) throw new Error(`${status} ${text.slice(0, 500)}`)
  if (of.inserts !== undefined) {
    const [errors] = ask.columns?.(JSON.parse(text), headers) ?? []
    if (errors) throw new Error(inShort(errors))
    return
  }
  const [row] = await admin.unsafe(truthSql(of), [value]).values()
  const [body, ...more] = row ?? []
  const truth = [JSON.parse(body), ...more]
  const answer: unknown = JSON.parse(text)
  const said = ask.columns?.(answer, headers) ?? [answer]
  if (!isDeepStrictEqual(inOrder(said), inOrder(truth)))
    throw new Error(`to ${ask.path(value)} it says ${inShort(said)}, which should be ${inShort(truth)}`)
}

/** Embedded rows come in no order. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder).sort((a, b) => idOf(a) - idOf(b))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, inOrder(each)]))
}

const idOf = (value: unknown) => Number((value as { id?: number } | null)?.id ?? 0)

const inShort = (value: unknown) => JSON.stringify(value).slice(0, 300)
