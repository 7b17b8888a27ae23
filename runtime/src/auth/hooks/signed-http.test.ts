import { createHmac } from 'node:crypto'
import { afterEach, describe, expect, test } from 'vitest'
import {
  askAt,
  closeHookServers,
  context,
  hooksAt,
  json,
  KEY,
  PACE,
  plain,
  serve,
  user,
} from './hooks-harness.ts'

afterEach(closeHookServers)

const EMAIL = {
  ...{ token: '123456', token_hash: 'abc', redirect_to: '', email_action_type: 'signup', site_url: '' },
  ...{ token_new: '', token_hash_new: '' },
}
describe('an HTTP hook', () => {
  test('is sent what GoTrue sends, signed', async () => {
    const { asked, uri } = await serve(json({}))
    await askAt(uri)
    const [{ headers, body } = { headers: {}, body: '' }] = asked
    expect(JSON.parse(body)).toEqual({
      metadata: {
        uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        time: '2026-01-02T03:04:05.000Z',
        name: 'before-user-created',
        ip_address: '203.0.113.7',
      },
      user,
    })
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    expect(headers['webhook-signature']).toBe(
      `v1,${createHmac('sha256', KEY).update(signed).digest('base64')}`,
    )
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'webhook-timestamp': '1767323045' })
  })

  test('that says no is quoted, with its status', async () => {
    const { uri } = await serve(json({ error: { http_code: 403, message: 'Only from our company.' } }))
    await expect(askAt(uri)).rejects.toMatchObject({
      ...{ code: 'hook-refused', status: 403, message: 'Only from our company.' },
    })
  })

  test.each([
    ['without a status is refused with 500', { message: 'No.' }],
    ['with one that looks like success as well', { http_code: 200, message: 'No.' }],
    ['and with one that is none', { http_code: 99, message: 'No.' }],
  ])('a refusal %s', async (_sentence, error) => {
    const { uri } = await serve(json({ error }))
    await expect(askAt(uri)).rejects.toMatchObject({ code: 'hook-refused', status: 500 })
  })

  test('that has nothing to say changes nothing', async () => {
    const { uri } = await serve(plain(204))
    expect(await askAt(uri)).toEqual({ decision: '', message: '' })
    expect(await hooksAt(uri).ask('sendEmail', { user, email_data: EMAIL }, context())).toEqual({})
  })

  test('is asked again when it is busy and says so, each time with a signature of its own', async () => {
    const { asked, uri } = await serve(
      plain(503, { 'retry-after': 'true' }),
      plain(429, { 'retry-after': '0' }),
      json({ decision: 'reject', message: 'No.' }),
    )
    expect(await askAt(uri)).toEqual({ decision: 'reject', message: 'No.' })
    expect(new Set(asked.map(({ headers }) => headers['webhook-id'])).size).toBe(3)
  })

  test('that stays busy is given up after three attempts', async () => {
    const { asked, uri } = await serve(plain(503, { 'retry-after': '0' }))
    await expect(askAt(uri)).rejects.toMatchObject({ code: 'hook-failed', status: 500 })
    expect(asked).toHaveLength(3)
  })

  test.each([
    ['busy without saying when to return', plain(503)],
    ['not found', plain(404)],
    ['a status of success that is not taken', plain(201, { 'content-type': 'application/json' }, '{}')],
    ['no JSON', plain(200, { 'content-type': 'application/json' }, '{"decision"')],
  ])('that answers once with %s has failed', async (_sentence, answer) => {
    const { asked, uri } = await serve(answer)
    await expect(askAt(uri)).rejects.toMatchObject({ code: 'hook-failed', status: 500 })
    expect(asked).toHaveLength(1)
  })

  test('is not followed to another address', async () => {
    const other = await serve(json({}))
    const { uri } = await serve(plain(307, { location: other.uri }))
    await expect(askAt(uri)).rejects.toMatchObject({ code: 'hook-failed' })
    expect(other.asked).toEqual([])
  })

  test.each([
    ['of no type', plain(200, {}, '{}')],
    ['of another type', plain(200, { 'content-type': 'text/html' }, '<p>')],
  ])('whose answer is %s has the code for that', async (_sentence, answer) => {
    const { uri } = await serve(answer)
    await expect(askAt(uri)).rejects.toMatchObject({ code: 'hook-payload-invalid-content-type', status: 400 })
  })

  test('whose answer is too large is cut off', async () => {
    const { uri } = await serve(json({ message: 'x'.repeat(200 * 1024) }))
    await expect(askAt(uri)).rejects.toMatchObject({ code: 'hook-payload-over-size-limit', status: 422 })
  })

  test('whose answer never ends is cut off as well', async () => {
    const { uri } = await serve((response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const more = () => response.write(' '.repeat(64 * 1024)) && setImmediate(more)
      response.on('drain', more)
      more()
    })
    await expect(askAt(uri)).rejects.toMatchObject({ code: 'hook-payload-over-size-limit' })
  })

  test('that never answers is too slow', async () => {
    const { asked, uri } = await serve(() => {})
    const pace = { ...PACE, timeoutMs: 500 }
    await expect(askAt(uri, { pace })).rejects.toMatchObject({ code: 'hook-timeout', status: 422 })
    expect(asked.length).toBeLessThanOrEqual(1)
  })

  test('that begins an answer and never ends it is too slow', async () => {
    const { uri } = await serve((response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{')
    })
    const pace = { ...PACE, timeoutMs: 500 }
    await expect(askAt(uri, { pace })).rejects.toMatchObject({ code: 'hook-timeout' })
  })

  test('that cannot be reached is given up after three attempts', async () => {
    const { asked, uri } = await serve((response) => response.destroy())
    await expect(askAt(uri)).rejects.toMatchObject({ code: 'hook-timeout-after-retry', status: 422 })
    expect(asked).toHaveLength(3)
  })

  test('is left when the caller leaves', async () => {
    const { uri } = await serve(() => caller.abort(new Error('left')))
    const caller = new AbortController()
    await expect(askAt(uri, {}, { signal: caller.signal })).rejects.toThrow('left')
  })

  test.each(['ftp://127.0.0.1/hook', 'file:///etc/passwd', 'nonsense'])(
    'is not sought at %s',
    async (uri) => {
      await expect(askAt(uri)).rejects.toMatchObject({ code: 'hook-failed' })
    },
  )

  test('failing, it shows neither address nor secret', async () => {
    const { uri } = await serve(plain(500, {}, 'a stack trace'))
    const problem = await askAt(uri).catch((thrown: unknown) => String(thrown))
    for (const hidden of ['127.0.0.1', KEY.toString('base64'), 'stack trace'])
      expect(problem).not.toContain(hidden)
  })
})
