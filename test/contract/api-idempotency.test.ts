/** A POST that is sent twice is done once, whatever happens to control in between. */
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestControl, type TestControl } from './control.ts'

let on: TestControl
let owner: string
beforeAll(async () => {
  on = await openTestControl()
  owner = await on.claim()
})
afterAll(() => on?.stop())

const post = (path: string, body?: unknown, headers = {}) =>
  on.call('POST', path, { as: owner, body: body ?? {}, headers })

describe('Idempotency-Key', () => {
  const key = (name: string) => ({ 'idempotency-key': name })
  const count = async () => (await on.store.projects.list()).length

  test('a request sent again is answered again, and done once', async () => {
    const before = await count()
    const first = await post('/v1/projects', { name: 'once' }, key('k1'))
    const again = await post('/v1/projects', { name: 'once' }, key('k1'))
    expect(again.text).toBe(first.text)
    expect(again.headers.get('location')).toBe(first.headers.get('location'))
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await count()).toBe(before + 1)
  })

  test('of many at once one is done', async () => {
    const before = await count()
    const all = await Promise.all(
      Array.from({ length: 10 }, () => post('/v1/projects', { name: 'rush' }, key('k2'))),
    )
    expect(await count()).toBe(before + 1)
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([202, 409]))
  })

  test('another request with the same key is refused', async () => {
    await post('/v1/projects', { name: 'mine' }, key('k3'))
    expect((await post('/v1/projects', { name: 'other' }, key('k3'))).body.code).toBe(
      'idempotency-key-reused',
    )
  })

  test('after a refusal the key may be used again', async () => {
    const headers = key('k4')
    expect((await post('/v1/projects', { name: 'x', ref: 'late', template: 'nope' }, headers)).status).toBe(
      422,
    )
    expect((await post('/v1/projects', { name: 'x', ref: 'late', template: 'nope' }, headers)).status).toBe(
      422,
    )
  })

  test('what a killed process left: done or not is told by the audit', async () => {
    const { id: tokenId } = (await on.store.tokens.listOwners())[0] ?? { id: '' }
    const request = createHash('sha256')
      .update(JSON.stringify(['POST', '/v1/projects', '', '{"name":"killed"}']))
      .digest('hex')
    await on.store.idempotency.begin({ tokenId, key: 'k5', request, requestId: 'never-committed' })
    on.restart()
    expect((await post('/v1/projects', { name: 'killed' }, key('k5'))).status).toBe(202)

    const done = await post('/v1/projects', { name: 'done' }, { 'x-request-id': 'was-committed' })
    expect(done.headers.get('x-request-id')).toBe('was-committed')
    await on.store.idempotency.begin({ tokenId, key: 'k6', request, requestId: 'was-committed' })
    expect((await post('/v1/projects', { name: 'killed' }, key('k6'))).body.code).toBe(
      'idempotency-answer-lost',
    )
  })
})
