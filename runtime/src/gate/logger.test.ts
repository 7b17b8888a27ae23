import { expect, test } from 'vitest'
import { openLog } from './logger.ts'

test('a level is a word', () => {
  const lines: string[] = []
  openLog('info', { write: (line) => void lines.push(line) }).logger.warn({}, 'text')
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', msg: 'text' })
})
