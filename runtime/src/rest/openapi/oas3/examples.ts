/**
 * A value of each type, as JSON carries it: what importers fill forms with, and what the sample commands send. Values
 * of keys are alike (7, one uuid), so that samples of related tables fit together.
 */
import type { DescribedType } from '../description.ts'

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json }

/** What is known of a value's place beside its type. */
export type Valued = DescribedType & { readonly name: string; readonly maxLength?: number | null }

const VALUES: Readonly<Record<string, Json>> = {
  ...Object.fromEntries(['smallint', 'integer', 'bigint', 'oid', 'xid'].map((name) => [name, 7])),
  ...Object.fromEntries(['numeric', 'real', 'double precision'].map((name) => [name, 9.5])),
  money: '$9.50',
  boolean: true,
  uuid: '3f2b1c4e-8d5a-4b6f-9c7d-0e1f2a3b4c5d',
  date: '2026-01-31',
  'timestamp without time zone': '2026-01-31T09:30:00',
  'timestamp with time zone': '2026-01-31T09:30:00Z',
  'time without time zone': '09:30:00',
  'time with time zone': '09:30:00Z',
  interval: 'PT1H',
  json: { key: 'value' },
  jsonb: { key: 'value' },
  bytea: '\\x48656c6c6f',
  inet: '192.0.2.1',
  cidr: '192.0.2.0/24',
  macaddr: '08:00:2b:01:02:03',
  macaddr8: '08:00:2b:01:02:03:04:05',
  'bit varying': '101',
  point: '(1,2)',
  line: '{1,-1,0}',
  lseg: '[(0,0),(1,1)]',
  box: '(1,1),(0,0)',
  path: '((0,0),(1,1))',
  polygon: '((0,0),(1,0),(1,1))',
  circle: '<(0,0),1>',
  tsvector: 'cat',
  tsquery: 'cat',
  xml: '<note/>',
  jsonpath: '$.key',
  pg_lsn: '16/B374D848',
  int4range: '[1,10)',
  int8range: '[1,10)',
  numrange: '[1.5,9.5)',
  daterange: '[2026-01-01,2026-02-01)',
  tsrange: '[2026-01-01T00:00:00,2026-02-01T00:00:00)',
  tstzrange: '[2026-01-01T00:00:00Z,2026-02-01T00:00:00Z)',
  int4multirange: '{[1,10)}',
  int8multirange: '{[1,10)}',
  nummultirange: '{[1.5,9.5)}',
  datemultirange: '{[2026-01-01,2026-02-01)}',
  tsmultirange: '{[2026-01-01T00:00:00,2026-02-01T00:00:00)}',
  tstzmultirange: '{[2026-01-01T00:00:00Z,2026-02-01T00:00:00Z)}',
  // Of extensions, by their bare names.
  vector: '[1,2,3]',
  hstore: 'key=>value',
  ltree: 'top.middle',
  geometry: { type: 'Point', coordinates: [1, 2] },
  geography: { type: 'Point', coordinates: [1, 2] },
}

/** What a text is for is told by its name alone; a check upon it often asks for no less. */
const TEXTS: readonly (readonly [RegExp, string])[] = [
  [/e_?mail/i, 'ada@example.com'],
  [/url|link|website/i, 'https://example.com'],
  [/phone|mobile/i, '+431234567'],
  [/country/i, 'AT'],
  [/currency/i, 'EUR'],
]

const TEXT_TYPES: ReadonlySet<string> = new Set(['text', 'character varying', 'character', 'name', 'citext'])

/** Without the schema of an extension or of the tenant. */
export const bareName = (base: string): string => /^(?:[a-z_][\w$]*\.)?([\w$ ]+)$/.exec(base)?.[1] ?? base

export const isArray = ({ base }: DescribedType): boolean => base.endsWith('[]')
export const elementOf = <Type extends DescribedType>(type: Type): Type => ({
  ...type,
  base: type.base.slice(0, -2),
})

export function exampleOf(type: Valued): Json {
  if (isArray(type)) return [exampleOf(elementOf(type))]
  const [label] = type.values
  if (label !== undefined) return label
  const name = bareName(type.base)
  if (name === 'bit') return '1'.repeat(type.maxLength ?? 1)
  const known = VALUES[name]
  if (known !== undefined) return known
  if (!TEXT_TYPES.has(name)) return {}
  const text = TEXTS.find(([pattern]) => pattern.test(type.name))?.[1] ?? 'text'
  return text.slice(0, type.maxLength ?? undefined)
}

/** Types that Postgres cannot compare for equality. */
const INCOMPARABLE: ReadonlySet<string> = new Set(['json', 'xml', 'point', 'polygon', 'jsonpath', 'geometry'])

/** A filter on a column, as operator and value: `eq.7`. */
export function filterExample(column: Valued): string {
  if (isArray(column)) return `cs.{${filterText(exampleOf(elementOf(column)))}}`
  const name = bareName(column.base)
  if (name === 'boolean') return 'is.true'
  if (name === 'tsvector') return 'fts.cat'
  const value = exampleOf(column)
  if (INCOMPARABLE.has(name) || (typeof value === 'object' && name !== 'jsonb')) return 'not.is.null'
  return `eq.${filterText(value)}`
}

const filterText = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value))
