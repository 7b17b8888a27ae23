import { describe, expect, test } from 'vitest'
import { lossesOf, type ProjectFacts } from './project-facts.ts'

const facts = (tables: Record<string, number | null>): ProjectFacts => ({
  tables: Object.entries(tables).map(([name, rows]) => ({ schema: 'public', name, rows })),
})

describe('what an upgrade has lost', () => {
  test.each<[string, Record<string, number | null>, Record<string, number | null>, string[]]>([
    ['is nothing where all is as it was', { a: 3, b: null }, { a: 3, b: null }, []],
    ['is a table that is gone', { a: 3 }, {}, ['public.a is gone']],
    ['is a row that is gone', { a: 3 }, { a: 2 }, ['public.a has 2 rows instead of 3']],
    ['is no row that came', { a: 3 }, { a: 4, c: 1 }, []],
    ['is nothing that was not counted', { a: null }, { a: 1 }, []],
  ])('%s', (_sentence, before, after, expected) => {
    expect(lossesOf(facts(before), facts(after))).toEqual(expected)
  })
})
