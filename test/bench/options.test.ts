import { describe, expect, test } from 'vitest'
import { parseOptions } from './options.ts'

const sizes = (...words: string[]) => parseOptions(words, 'quick').rest.sizes

describe('parseOptions', () => {
  test('without a word everything runs, at 32 connections', () => {
    const { parts, source, rest } = parseOptions([], 'quick')
    expect({ parts, source, cases: rest.cases, lanes: rest.lanes }).toEqual({
      ...{ parts: [], source: undefined, cases: [], lanes: [] },
    })
    expect(rest.sizes.map(({ connections }) => connections)).toEqual([32])
  })

  test('the full size has 1, 16, 32 and 64 connections', () => {
    const { sizes } = parseOptions([], 'full').rest
    expect(sizes.map(({ connections }) => connections).toSorted((a, b) => a - b)).toEqual([1, 16, 32, 64])
  })

  test('connections, seconds and rounds may be said', () => {
    expect(
      sizes('rest', '--connections', '8', '--connections', '4', '--seconds', '5', '--rounds', '2'),
    ).toEqual([
      { connections: 8, seconds: 5, rounds: 2 },
      { connections: 4, seconds: 5, rounds: 2 },
    ])
  })

  test('flags for Node go with the source alone', () => {
    expect(parseOptions(['--source', '--node=--inspect'], 'quick').source).toEqual({
      nodeFlags: ['--inspect'],
    })
    expect(parseOptions(['--node=--inspect'], 'quick').source).toBeUndefined()
  })

  test.each([[['--seconds', '0']], [['--connections', 'many']], [['--round', '3']]])(
    'refuses %s',
    (words) => {
      expect(() => parseOptions(words, 'quick')).toThrow()
    },
  )
})
