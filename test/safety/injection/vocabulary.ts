/** Every word of SQL that is ours: what stands in a statement is one of these, a name of the schema, or a quoted name. */
import type { SchemaCache } from '@cascata/runtime/rest/schema/types'

const FUNCTIONS = [
  ...[
    'count',
    'sum',
    'avg',
    'max',
    'min',
    'coalesce',
    'json_agg',
    'jsonb_agg',
    'array_agg',
    'string_agg',
    'to_jsonb',
  ],
  ...[
    'row_to_json',
    'json_strip_nulls',
    'json_build_object',
    'json_build_array',
    'jsonb_build_object',
    'json_object_keys',
  ],
  ...['json_each_text', 'json_to_record', 'json_to_recordset', 'jsonb_to_record', 'jsonb_to_recordset'],
  ...[
    'json_array_elements',
    'jsonb_array_elements',
    'unnest',
    'encode',
    'length',
    'substring',
    'st_asgeojson',
  ],
  ...['current_setting', 'set_config', 'nextval'],
  ...['to_tsvector', 'to_tsquery', 'plainto_tsquery', 'phraseto_tsquery', 'websearch_to_tsquery'],
]
const NAMES = [
  ...[
    '_postgrest_t',
    'pgrst_body',
    'pgrst_payload',
    'pgrst_json_defs',
    'pgrst_source',
    'pgrst_scalar',
    'pgrst_call',
    'row',
  ],
  ...[
    'total',
    'page',
    'body',
    'headers',
    'status',
    'inserted',
    'location',
    'counted',
    'json',
    'key',
    'value',
    'name',
  ],
  ...['names', 'written', 'elem', 'excluded'],
]
const CONSTANTS = [
  ...['', '[]', 'null', '\n', ',', 'hex', 'type', 'FeatureCollection', 'features', 'eq.', 'is.null'],
  ...['response.headers', 'response.status', 'cascata.inserted'],
]
const TYPES = [
  ...[
    'pg_catalog',
    'public',
    'int4',
    'int8',
    'text',
    'json',
    'jsonb',
    'bytea',
    'float8',
    'float4',
    'int2',
    'bool',
    'numeric',
  ],
  ...['bpchar', 'varchar', 'varbit', 'timestamp', 'timestamptz', 'time', 'timetz', 'char'],
]
const OPERATORS = [
  ...[
    '=',
    '<>',
    '>',
    '>=',
    '<',
    '<=',
    '~~',
    '~~*',
    '~',
    '~*',
    '@>',
    '<@',
    '&&',
    '<<',
    '>>',
    '&<',
    '&>',
    '-|-',
    '@@',
  ],
  ...['->', '->>', '||', '+', '-'],
]
/** Kinds of node a statement of ours is made of. Nothing here writes, calls or changes but in its place. */
const NODES = [
  ...[
    'SelectStmt',
    'InsertStmt',
    'UpdateStmt',
    'DeleteStmt',
    'ExplainStmt',
    'DefElem',
    'CommonTableExpr',
    'RangeVar',
  ],
  ...[
    'RangeSubselect',
    'RangeFunction',
    'JoinExpr',
    'ResTarget',
    'ColumnRef',
    'ColumnDef',
    'A_Star',
    'A_Const',
    'A_Expr',
  ],
  ...[
    'A_ArrayExpr',
    'BoolExpr',
    'NullTest',
    'BooleanTest',
    'CaseExpr',
    'CaseWhen',
    'CoalesceExpr',
    'FuncCall',
  ],
  ...[
    'NamedArgExpr',
    'ParamRef',
    'SortBy',
    'SubLink',
    'TypeCast',
    'TypeName',
    'RowExpr',
    'List',
    'String',
    'Integer',
  ],
  ...['A_Indirection', 'A_Indices', 'OnConflictClause', 'InferClause', 'IndexElem'],
]

export type Vocabulary = Record<
  'relations' | 'functions' | 'types' | 'constants' | 'operators' | 'names' | 'nodes',
  ReadonlySet<string>
>

/** The longest beginning of whole characters that has at most so many bytes. */
export function cutTo(name: string, bytesMax: number): string {
  if (Buffer.byteLength(name) <= bytesMax) return name
  let short = ''
  let bytes = 0
  for (const letter of name) {
    bytes += Buffer.byteLength(letter)
    if (bytes > bytesMax) break
    short += letter
  }
  return short
}

/** A name as Postgres keeps it. */
export const cut = (name: string): string => cutTo(name, 63)

export function vocabularyOf(cache: SchemaCache, routines: readonly string[]): Vocabulary {
  const columns = cache.tables.flatMap((table) => [...table.columns.values()])
  const tables = cache.tables.flatMap(({ schema, name }) => [schema, name])
  const called = routines.flatMap((name) => [...cache.routines({ schema: 'public', name })])
  const casts = [
    cache.representation('public.colour', 'json'),
    cache.representation('json', 'public.colour'),
    cache.representation('text', 'public.colour'),
  ]
  const found = [...casts, ...called, ...cache.handlers.map((handler) => handler.function)].flatMap((each) =>
    each === undefined ? [] : [each.schema, each.name],
  )
  const computed = cache.tables.flatMap((table) =>
    cache.relationshipsFrom(table).flatMap((each) => (each.kind === 'computed' ? [each.function.name] : [])),
  )
  const defaults = columns.flatMap((column) => (column.default === null ? [] : [column.default]))
  return {
    relations: new Set([...tables, 'pgrst_source', '_postgrest_t']),
    functions: new Set([...FUNCTIONS, ...found, ...computed]),
    types: new Set([...TYPES, ...cache.types, ...tables]),
    // A default is the owner's own SQL; the texts in it are his.
    constants: new Set([...CONSTANTS, ...columns.map(({ name }) => name), ...defaults.flatMap(literalsIn)]),
    operators: new Set(OPERATORS),
    names: new Set([
      ...NAMES,
      ...FUNCTIONS,
      ...tables,
      ...columns.map(({ name }) => name),
      ...called.flatMap((each) => [each.name, each.returns.name, ...each.arguments.map(({ name }) => name)]),
    ]),
    nodes: new Set(NODES),
  }
}

const literalsIn = (sql: string): string[] =>
  [...sql.matchAll(/'((?:[^']|'')*)'/g)].flatMap(([, text = '']) => [
    text.replaceAll("''", "'"),
    text.replaceAll("''", "'").replaceAll('\\\\', '\\'),
  ])
