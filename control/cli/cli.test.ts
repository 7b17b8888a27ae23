import { Command } from 'commander'
import { describe, expect, test } from 'vitest'
import { wordsOf } from './commands/completion.ts'
import { migrationName } from './commands/db.ts'
import { path } from './context.ts'
import { eventData } from './events.ts'
import { EXIT, failureOf } from './failure.ts'
import { createOutput, list, table } from './output.ts'

describe('failureOf', () => {
  test.each([
    ['a missing token is not allowed', 401, EXIT.notAllowed],
    ['a scope that does not reach is not allowed', 403, EXIT.notAllowed],
    ['what is not there is not found', 404, EXIT.notFound],
    ['a taken ref is a conflict', 409, EXIT.conflict],
    ['a stale ETag is a conflict', 412, EXIT.conflict],
    ['input that does not fit is a usage error', 422, EXIT.usage],
    ['anything else failed', 503, EXIT.failed],
  ])('%s', (_sentence, status, exit) => {
    const failure = failureOf(status, {
      code: 'some-code',
      title: 'Title',
      detail: 'Detail.',
      hint: 'Mend it.',
      request_id: 'r1',
    })
    expect(failure).toMatchObject({
      exit,
      code: 'some-code',
      message: 'Detail.',
      hint: 'Mend it.',
      requestId: 'r1',
    })
  })

  test('an answer that is no problem document still says its status', () => {
    expect(failureOf(502, '<html>').message).toContain('502')
  })
})

describe('migrationName', () => {
  test.each([
    ['digits in front are the version', 'db/20260101_todos.sql', { version: '20260101', name: 'todos' }],
    ['a file without digits is its own version', 'chinook.sql', { version: 'chinook', name: 'chinook' }],
    ['digits alone are no version and name', '2026.sql', { version: '2026', name: '2026' }],
  ])('%s', (_sentence, file, expected) => {
    expect(migrationName(file)).toEqual(expected)
  })
})

const streamOf = (...chunks: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk))
      controller.close()
    },
  })

describe('eventData', () => {
  test.each([
    ['reads one event', ['data: a\n\n'], ['a']],
    ['joins an event cut anywhere', ['da', 'ta: a\n', '\nevent: x\ndata: b\n\n'], ['a', 'b']],
    ['joins the data lines of one event', ['data: a\ndata: b\n\n'], ['a\nb']],
    ['passes over comments and events without data', [': ping\n\nevent: x\n\n'], []],
    ['takes CRLF', ['data: a\r\n\r\n'], ['a']],
  ])('%s', async (_sentence, chunks, expected) => {
    expect(await Array.fromAsync(eventData(streamOf(...chunks)))).toEqual(expected)
  })
})

describe('output', () => {
  const spy = () => {
    const written = { out: '', err: '' }
    const streams = {
      out: { write: (text: string) => (written.out += text) },
      err: { write: (text: string) => (written.err += text) },
    }
    return { written, streams }
  }

  test('with --json stdout holds one document, the way there is on stderr', () => {
    const { written, streams } = spy()
    const output = createOutput(true, streams)
    output.note('working')
    output.result({ a: 1 }, 'text')
    expect(JSON.parse(written.out)).toEqual({ a: 1 })
    expect(written.err).toBe('working\n')
  })

  test('a failure is a document too', () => {
    const { written, streams } = spy()
    createOutput(true, streams).failure(
      failureOf(404, { code: 'project-not-found', title: 'T', detail: 'No.' }),
    )
    expect(JSON.parse(written.out).error.code).toBe('project-not-found')
    expect(written.err).toBe('error: No.\n')
  })

  test('columns line up and an absent cell is a dash', () => {
    expect(table(['A', 'LONG'], [['xyz', null]])).toBe('A    LONG\nxyz  -')
    expect(list({ a: 1, bcd: 'x' })).toBe('a    1\nbcd  x')
  })
})

test('completion knows every command and its options', () => {
  const program = new Command('cascata').option('--json')
  program.command('projects').command('create').option('--wait')
  const words = wordsOf(program)
  expect(words.get('')).toEqual(['projects', '--json'])
  expect(words.get('projects create')).toEqual(['--wait', '--json'])
})

test('what a person typed never changes the shape of a path', () => {
  expect(path`/v1/projects/${'../tokens?x'}/keys`).toBe('/v1/projects/..%2Ftokens%3Fx/keys')
})
