import { expect, test } from 'vitest'
import { openLog } from './log.ts'

test.each([
  ['at the top', { passphrase: 's3cret' }],
  ['one level down', { request: { authorization: 's3cret' } }],
  ['two levels down', { project: { secrets: { jwtSecret: 's3cret' } } }],
])('a secret handed to the log by mistake is struck out %s', (_where, fields) => {
  const lines: string[] = []
  openLog('info', { write: (line) => void lines.push(line) }).info(fields, 'text')
  expect(lines).toHaveLength(1)
  expect(lines[0]).not.toContain('s3cret')
})
