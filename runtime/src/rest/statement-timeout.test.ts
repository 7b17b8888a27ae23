import { describe, expect, test } from 'vitest'
import { PostgresError, type Turn } from '../session/database.ts'
import { durationMs, timedOut, withinTimeout } from './statement-timeout.ts'

test.each([
  ['a bare number is milliseconds', '8000', 8_000],
  ['seconds', '8s', 8_000],
  ['with a blank', ' 2 min ', 120_000],
  ['a fraction', '1.5s', 1_500],
  ['microseconds', '500us', 0.5],
  ['a unit nobody knows', '3 fortnights', null],
  ['no number', 'soon', null],
])('%s', (_sentence, text, ms) => {
  expect(durationMs(text)).toBe(ms)
})

describe('withinTimeout', () => {
  test.each([
    ['a shorter one holds', '3s', true],
    ['one as long as the limit holds', '15s', true],
    ['a longer one gives way to the limit', '10min', false],
    ['none at all gives way to the limit', '0', false],
    ['what cannot be read gives way to the limit', 'soon', false],
  ])('%s', (_sentence, value, holds) => {
    const settings: [string, string][] = [['work_mem', '64MB']]
    const own: [string, string] = ['statement_timeout', value]
    expect(withinTimeout([...settings, own], 15_000)).toEqual(holds ? [...settings, own] : settings)
  })
})

describe('timedOut', () => {
  const turn = (settings: [string, string][] = []): Turn => ({
    settings,
    main: { text: 'select', values: [] },
    readOnly: true,
    end: 'commit',
    timeoutMs: 1_000,
  })
  const cancelled = new PostgresError({
    code: '57014',
    message: 'canceling statement due to statement timeout',
  })

  test('what the limit ended says which limit, and keeps Postgres’ code and words', () => {
    expect(timedOut(cancelled, turn(), 1_003)).toMatchObject({
      code: '57014',
      status: 504,
      message: cancelled.message,
      details: 'The statement ran longer than the 1000 ms this project allows.',
      hint: expect.stringContaining('statement_timeout_ms'),
    })
  })

  test.each([
    ['a role’s own timeout', cancelled, turn([['statement_timeout', '1s']]), 1_003],
    ['somebody who cancelled it', cancelled, turn(), 200],
    ['anything else', new PostgresError({ code: '42501', message: 'no' }), turn(), 1_003],
    ['a failure of ours', new Error('lost'), turn(), 1_003],
  ])('%s is no business of the limit', (_sentence, error, of, ranMs) => {
    expect(timedOut(error, of, ranMs)).toBeNull()
  })
})
