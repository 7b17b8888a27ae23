import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSession } from '../session/session.ts'
import { type RequestFacts, requestMembers } from './log.ts'

const text = fc.string({ unit: 'binary' })

const facts: fc.Arbitrary<RequestFacts> = fc.record({
  id: fc.stringMatching(/^[\w-]{8,64}$/),
  method: text,
  path: text,
  query: text,
  status: fc.integer({ min: 100, max: 599 }),
  ms: fc.double({ min: 0, max: 1e6, noNaN: true }),
  bytes: fc.nat(),
  session: fc.option(
    fc.tuple(text, text).map(([role, sub]) => createSession({ role, claims: { role, sub }, anonRole: null })),
    { nil: undefined },
  ),
  aborted: fc.boolean(),
})

test('whatever a request is called, its record is JSON and says what it was', () => {
  fc.assert(
    fc.property(facts, (given) => {
      const { path, method, session, aborted } = given
      const record = JSON.parse(`{${requestMembers(given)}}`)
      expect(record).toMatchObject({ id: given.id, status: given.status, bytes: given.bytes })
      expect([record.path, record.method, record.role, record.sub, record.aborted]).toEqual([
        path.toWellFormed(),
        method.toWellFormed(),
        session?.role.toWellFormed(),
        typeof session?.claims.sub === 'string' ? session.claims.sub.toWellFormed() : undefined,
        aborted ? true : undefined,
      ])
    }),
  )
})

test('the query is named by its keys, and a value is never among them', () => {
  const record = JSON.parse(
    `{${requestMembers({
      id: 'abcdefgh',
      method: 'GET',
      path: '/rest/v1/notes',
      query: 'id=eq.7&secret value=eq.x&bare',
      status: 200,
      ms: 1.234,
      bytes: 3,
      session: undefined,
      aborted: false,
    })}}`,
  )
  expect(record).toEqual({
    id: 'abcdefgh',
    method: 'GET',
    path: '/rest/v1/notes',
    query: ['id', '?', '?'],
    status: 200,
    ms: 1.23,
    bytes: 3,
  })
})
