import { describe, expect, test } from 'vitest'
import { defaultJson, schemaOf } from './types.ts'

describe('a type', () => {
  test.each([
    ['text', { type: 'string', format: 'text' }],
    ['character varying', { type: 'string', format: 'character varying' }],
    ['boolean', { type: 'boolean', format: 'boolean' }],
    ['smallint', { type: 'integer', format: 'int32' }],
    ['integer', { type: 'integer', format: 'int32' }],
    ['bigint', { type: 'integer', format: 'int64' }],
    ['numeric', { type: 'number', format: 'numeric' }],
    ['real', { type: 'number', format: 'real' }],
    ['double precision', { type: 'number', format: 'double precision' }],
    ['json', { format: 'json' }],
    ['jsonb', { format: 'jsonb' }],
    ['public.mood', { type: 'string', format: 'public.mood' }],
    // Only what is no array has a name of Swagger's.
    ['bigint[]', { type: 'array', format: 'bigint[]', items: { type: 'integer' } }],
    ['jsonb[]', { type: 'array', format: 'jsonb[]', items: {} }],
  ])('%s', (format, expected) => {
    expect(schemaOf(format)).toEqual(expected)
  })
})

describe('a default', () => {
  test.each([
    ['a text is what stands between its quotes', 'text', "'abc'::text", '"abc"'],
    ['a text of another type keeps all of it', 'text', "'abc'::varchar", `"'abc'::varchar"`],
    ['so does an enum, by its whole name', 'public.mood', "'glad'::public.mood", '"glad"'],
    ['an expression that gives text is text itself', 'timestamp with time zone', 'now()', '"now()"'],
    ['quotes at both ends go, however many', 'text', "'''quoted'''::text", '"quoted"'],
    ['what would be no JSON text is left out', 'text', `'say "x"'::text`, undefined],
    ['nor are line ends', 'text', "'a\nb'::text", undefined],
    ['escapes are read as JSON reads them', 'text', "'a\\tb'::text", '"a\\tb"'],
    ['a number', 'integer', '42', '42'],
    ['a number longer than JavaScript has', 'numeric', '12345678901234567890.5', '12345678901234567890.5'],
    ['a negative number is an expression', 'integer', "'-1'::integer", undefined],
    ['a flag', 'boolean', 'false', 'false'],
    ['a sequence', 'bigint', "nextval('public.s'::regclass)", undefined],
    ['JSON is an expression', 'jsonb', "'{}'::jsonb", undefined],
    ['an array is an expression', 'text[]', "'{}'::text[]", undefined],
  ])('%s', (_sentence, format, expression, expected) => {
    expect(defaultJson(format, expression)).toBe(expected)
  })
})
