/**
 * A golden case is one file: a request as it would be written down, then what must come of it.
 *
 * The request ends at the first `===` line; what follows is compared whole, and rewritten by `vitest -u`.
 */
import type { RestRequestInput } from '@cascata/runtime/rest/contract'

export type Case = { head: string; role: string; sub: string | null; input: RestRequestInput }

export function parseCase(text: string): Case {
  const head = `${text.split(/^===/m)[0]?.trimEnd() ?? ''}\n`
  const [top = '', ...bodyParts] = head.split('\n\n')
  const lines = top.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const [first = '', ...headerLines] = lines
  const [, method = '', path = '', query = ''] = /^(\S+) ([^?\s]+)(?:\?(.*))?$/.exec(first) ?? []
  if (method === '') throw new Error(`no request line in: ${top}`)
  const headers = Object.fromEntries(
    headerLines.map((line) => {
      const at = line.indexOf(':')
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()]
    }),
  )
  const { role = 'anon', sub = null, ...rest } = headers
  const body = bodyParts.join('\n\n').trim()
  return {
    head,
    role,
    sub,
    input: { method, path, query, headers: rest, body: body === '' ? null : Buffer.from(body) },
  }
}

const BREAKS =
  / (?=(?:from|left join lateral|inner join lateral|where|group by|order by|limit|offset|on conflict|returning) )/g

/** One clause a line: for reading only. */
export const inLines = (sql: string): string => sql.replace(BREAKS, '\n')
