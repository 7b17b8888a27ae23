import { viewOrigins } from '@cascata/shared/view-tree'
import { describe, expect, test } from 'vitest'
import { SAMPLE as cache } from '../rest-harness.ts'
import { suggest } from './suggest.ts'
import type { Relationship } from './types.ts'

const name = (table: string) => ({ schema: 'public', name: table })

const inWords = (each: Relationship): string => {
  if (each.kind === 'computed') return `computed ${each.function.name}`
  if (each.kind === 'many-to-many') return `${each.kind} ${each.to.name} through ${each.junction.name}`
  return `${each.kind} ${each.to.name} on ${each.ties.map((tie) => tie.join('=')).join()}`
}

describe('relationships', () => {
  test.each([
    [
      'a key is one way there and another back',
      'author',
      [
        'one-to-many author on id=boss',
        'many-to-one author on boss=id',
        'one-to-many book on id=author_id',
        'one-to-many shelf on id=writer',
      ],
    ],
    [
      'a junction joins what it points at',
      'tag',
      [
        'many-to-many book through book_tag',
        'one-to-many book_tag on id=tag_id',
        'many-to-many shelf through book_tag',
      ],
    ],
    [
      'a view has the keys it shows, under its own names',
      'shelf',
      [
        'many-to-one author on writer=id',
        'one-to-many book_tag on book_id=book_id',
        'many-to-many tag through book_tag',
      ],
    ],
  ])('%s', (_sentence, table, expected) => {
    expect(cache.relationshipsFrom(name(table)).map(inWords)).toEqual(expected)
  })

  test('a view has the primary key it shows', () => {
    expect(cache.table(name('shelf'))?.primaryKey).toEqual(['book_id'])
  })
})

describe("a view's tree", () => {
  const entry = (fields: string) => `{TARGETENTRY :expr {CONST :constvalue 4} ${fields}}`
  test.each([
    [
      'tells where a column comes from',
      `({QUERY :targetList (${entry(':resno 2 :resorigtbl 16 :resorigcol 3')})})`,
      [{ column: 2, table: 16, tableColumn: 3 }],
    ],
    [
      'is not misled by queries inside',
      `({QUERY :rtable ({RTE :subquery {QUERY :targetList (${entry(':resno 1 :resorigtbl 9 :resorigcol 9')})}}) :targetList (${entry(':resno 1 :resorigtbl 16 :resorigcol 1')})})`,
      [{ column: 1, table: 16, tableColumn: 1 }],
    ],
    [
      'is not misled by names with brackets in them',
      `({QUERY :targetList (${entry(':resno 1 :resname a\\}\\(b :resorigtbl 16 :resorigcol 1')})})`,
      [{ column: 1, table: 16, tableColumn: 1 }],
    ],
    [
      'has no origin for what is computed',
      `({QUERY :targetList (${entry(':resno 1 :resorigtbl 0 :resorigcol 0')})})`,
      [],
    ],
  ])('%s', (_sentence, tree, expected) => {
    expect(viewOrigins(tree)).toEqual(expected)
  })
})

test.each([
  ['one letter off', 'boook', 'book'],
  ['case does not matter', 'AUTHOR', 'author'],
  ['nothing like it', 'zebra', null],
])('a suggestion: %s', (_sentence, asked, expected) => {
  expect(suggest(['author', 'book', 'tag'], asked, 0.75)).toBe(expected)
})
