/** Bodies: JSON, CSV, forms, and raw ones for functions with a single unnamed parameter. */
import type { Parameter } from '../../session/database.ts'
import { BodyInvalid } from '../errors.ts'
import { csvToRows } from './csv.ts'
import { mediaTypeName, parseMediaType } from './media.ts'
import { splitQuery, toArg } from './query-string.ts'
import { type Payload, Slot } from './types.ts'

export type BodyContext = {
  contentType: string
  columns: readonly string[] | null
  forFunction: boolean
  values: Parameter[]
}

export const textOf = (body: Uint8Array | null): string =>
  body === null ? '' : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')

export function parsePayload(body: Uint8Array | null, context: BodyContext): Payload {
  switch (context.contentType) {
    case 'application/json':
      return parseJson(textOf(body), context)
    case 'text/csv': {
      const { keys, rows } = csvToRows(textOf(body))
      return json(JSON.stringify(rows), { object: false, keys: [...keys].sort() }, context)
    }
    case 'application/x-www-form-urlencoded':
      return parseForm(textOf(body), context)
    case 'text/plain':
    case 'text/xml':
    case 'application/octet-stream':
      if (context.forFunction) return raw(body, context)
  }
  throw BodyInvalid(`Content-Type not acceptable: ${mediaTypeName(parseMediaType(context.contentType))}`)
}

const slot = (value: Parameter, { values }: BodyContext): Slot => {
  values.push(value)
  return new Slot(values.length - 1)
}

const json = (body: string, shape: { object: boolean; keys: string[] }, context: BodyContext): Payload => ({
  kind: 'json',
  body: slot(body, context),
  ...shape,
})

const raw = (body: Uint8Array | null, context: BodyContext): Payload => ({
  kind: 'raw',
  bytes: slot(body ?? new Uint8Array(), context),
  text: slot(textOf(body), context),
})

function parseJson(body: string, context: BodyContext): Payload {
  const { text, ...shape } = readJson(body, context)
  return json(text, shape, context)
}

/** The text that carries the rows, and the names in it. */
export type JsonShape = { text: string; object: boolean; keys: string[] }

/** @throws BodyInvalid */
export function readJson(
  body: string,
  { columns, forFunction }: Pick<BodyContext, 'columns' | 'forFunction'>,
): JsonShape {
  const object = /^[ \t\r\n]*\{/.test(body)
  if (columns !== null) return { text: body, object, keys: [...new Set(columns)].sort() }
  if (body === '' && forFunction) return { text: '{}', object: true, keys: [] }
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    throw BodyInvalid('Empty or invalid json')
  }
  if (Array.isArray(parsed)) return { text: body, object: false, keys: uniformKeys(parsed) }
  if (isObject(parsed)) return { text: body, object: true, keys: Object.keys(parsed).sort() }
  // Anything else carries no rows.
  return { text: '[]', object: false, keys: [] }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function uniformKeys(rows: readonly unknown[]): string[] {
  const [first] = rows
  if (first === undefined) return []
  if (!isObject(first)) throw BodyInvalid('All object keys must match')
  const keys = Object.keys(first)
  for (const row of rows) {
    if (!isObject(row)) throw BodyInvalid('All object keys must match')
    const same = Object.keys(row).length === keys.length && keys.every((key) => Object.hasOwn(row, key))
    if (!same) throw BodyInvalid('All object keys must match')
  }
  return keys.sort()
}

function parseForm(body: string, context: BodyContext): Payload {
  const { forFunction, values } = context
  const byName = new Map<string, string[]>()
  for (const [key, value] of splitQuery(body)) {
    byName.set(key, [...(byName.get(key) ?? []), value ?? ''])
  }
  if (forFunction) {
    return { kind: 'form', args: [...byName].map(([name, all]) => toArg(name, all, values)) }
  }
  const row = Object.fromEntries([...byName].map(([name, all]) => [name, all.at(-1) ?? '']))
  return json(JSON.stringify(row), { object: true, keys: Object.keys(row).sort() }, context)
}
