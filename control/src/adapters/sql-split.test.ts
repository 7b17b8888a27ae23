import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findTransactionControl, splitSql } from './sql-split.ts'

describe('splitSql', () => {
  test.each([
    ['cuts at semicolons', 'select 1; select 2', ['select 1', 'select 2']],
    ['leaves out what is empty', ' ;; -- nothing\n; /* nor here */ ;', []],
    ['keeps a comment with what follows', '-- why\nselect 1;', ['-- why\nselect 1']],
    ['sees no semicolon in a string', "select 'a;''b;'; select 2", ["select 'a;''b;'", 'select 2']],
    ['knows that a plain string has no backslashes', "select 'a\\'; select 2", ["select 'a\\'", 'select 2']],
    ['knows that an escape string has', "select e'a\\';b'; select 2", ["select e'a\\';b'", 'select 2']],
    ['sees none in a quoted name', 'select 1 as "a;""b;"; select 2', ['select 1 as "a;""b;"', 'select 2']],
    ['sees none in dollar quotes', 'do $$ a; b $$; select 2', ['do $$ a; b $$', 'select 2']],
    ['tells dollar tags apart', 'do $a$ $b$; $$;$b$ $a$; x', ['do $a$ $b$; $$;$b$ $a$', 'x']],
    ['takes no parameter for a tag', 'select $1; select $2', ['select $1', 'select $2']],
    ['takes no dollar inside a word for a tag', 'select a$b$; select c$b$', ['select a$b$', 'select c$b$']],
    ['nests block comments', 'select /* a; /* b; */ c; */ 1; x', ['select /* a; /* b; */ c; */ 1', 'x']],
    [
      'waits for the end of parentheses',
      'create rule r as on insert to t do (a; b); x',
      ['create rule r as on insert to t do (a; b)', 'x'],
    ],
    [
      'keeps an atomic body together',
      'create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end; x',
      [
        'create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end',
        'x',
      ],
    ],
    [
      'takes a string as long as a file',
      `select '${'a;'.repeat(2_000_000)}'; x`,
      [`select '${'a;'.repeat(2_000_000)}'`, 'x'],
    ],
    ['takes an unended string to the end', "select 'a; b", ["select 'a; b"]],
    ['takes an unended comment to the end', 'select 1 /* ; x', ['select 1 /* ; x']],
  ])('%s', (_sentence, text, expected) => {
    expect(splitSql(text).map((statement) => statement.text)).toEqual(expected)
  })

  test('tells the line of the first word, and the first two words', () => {
    expect(
      splitSql('select 1;\n\n-- note\n  Create /* x */ TABLE t();').map(({ line, head }) => [line, head]),
    ).toEqual([
      [1, 'select'],
      [4, 'create table'],
    ])
  })

  test('loses no character that is not blank or a semicolon', () => {
    const solid = (text: string) => text.replaceAll(/[\s;]/g, '')
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', "'", '"', '$', ';', '(', ')', ' ', '\n', 'e', '1', '\\') }),
        (text) => {
          const kept = splitSql(text).map((statement) => statement.text)
          expect(solid(kept.join(''))).toBe(solid(text))
        },
      ),
    )
  })
})

describe('findTransactionControl', () => {
  test.each([
    ['begin', 'select 1; BEGIN; select 2', 'begin'],
    ['commit', 'commit', 'commit'],
    ['start transaction', 'start transaction', 'start transaction'],
    ['prepare transaction', "prepare transaction 'x'", 'prepare transaction'],
    ['no prepared statement', 'prepare p as select 1', undefined],
    ['no savepoint', 'savepoint a; rollback to a; release a', undefined],
    ['no block of a function', 'do $$ begin commit; end $$', undefined],
  ])('finds %s', (_sentence, text, head) => {
    expect(findTransactionControl(splitSql(text))?.head).toBe(head)
  })
})
