import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { signWebhook } from '../webhook-signature.ts'
import { SmsSendFailed } from './errors.ts'
import { createSms, type SmsSettings } from './sms.ts'

type Asked = { method: string; path: string; headers: IncomingHttpHeaders; body: string }
type Answer = { status: number; body?: string; headers?: Record<string, string> } | 'silence'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** Whoever is asked: keeps what came, answers as told. */
async function somebody(answer: (asked: Asked) => Answer) {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const chunks = await Array.fromAsync(request)
    const { method = '', url: path = '', headers } = request
    const one = { method, path, headers, body: Buffer.concat(chunks).toString() }
    asked.push(one)
    const told = answer(one)
    if (told === 'silence') return
    response.writeHead(told.status, told.headers ?? {}).end(told.body ?? '')
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const clock = { now: () => 1_700_000_000_123 }
const sms = (provider: SmsSettings['provider']) => createSms(() => ({ provider }), clock)
const message = { to: '+15555550100', text: 'Your code is 123456', channel: 'sms', otp: '123456' } as const
const never = () => new AbortController().signal

async function failure(sending: Promise<unknown>): Promise<SmsSendFailed> {
  const error = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof SmsSendFailed)) throw new Error('expected that it fails', { cause: error })
  return error
}

describe('Twilio', () => {
  const TOKEN = 'tw-s3cret'
  /** As its REST API answers: who is not known, what is no number, what went out. */
  const twilio = () =>
    somebody(({ path, headers, body }) => {
      if (path !== '/2010-04-01/Accounts/AC1/Messages.json') return { status: 404, body: '{"code":20404}' }
      if (headers.authorization !== `Basic ${Buffer.from(`AC1:${TOKEN}`).toString('base64')}`) {
        return { status: 401, body: '{"code":20003,"message":"Authenticate","status":401}' }
      }
      const to = new URLSearchParams(body).get('To')
      if (to === '+15555550101') return { status: 400, body: `{"code":21211,"message":"Invalid ${to}"}` }
      if (to === '+15555550102')
        return { status: 201, body: '{"sid":"SM2","status":"failed","error_code":30003}' }
      if (to === '+15555550103') return { status: 500, body: '<html>' }
      return { status: 201, body: '{"sid":"SM1","status":"queued"}' }
    })
  const settings = (url: string) =>
    ({ kind: 'twilio', accountSid: 'AC1', authToken: TOKEN, from: '+15555550199', url }) as const

  test('gets the message from the number, and says its sid', async () => {
    const { asked, url } = await twilio()
    expect(await sms(settings(url)).send(message, never())).toEqual({ messageId: 'SM1' })
    expect(asked[0]?.headers['content-type']).toContain('application/x-www-form-urlencoded')
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
      ...{ To: '+15555550100', From: '+15555550199', Body: 'Your code is 123456' },
    })
  })

  test('gets it from a messaging service, by WhatsApp', async () => {
    const { asked, url } = await twilio()
    const { from: _from, ...rest } = settings(url)
    const provider = { ...rest, messagingServiceSid: 'MG1' }
    await sms(provider).send({ ...message, to: '15555550100', channel: 'whatsapp' }, never())
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
      ...{ To: 'whatsapp:+15555550100', MessagingServiceSid: 'MG1', Body: 'Your code is 123456' },
    })
  })

  test.each([
    ['a number that is none', { to: '+15555550101' }, {}, 'the number is not one that can be reached'],
    [
      'a message that failed at once',
      { to: '+15555550102' },
      {},
      'Twilio did not take it (status 201, code 30003)',
    ],
    ['an answer that is no JSON', { to: '+15555550103' }, {}, 'Twilio did not take it (status 500)'],
    ['a wrong token', {}, { authToken: 'wr0ng' }, 'Twilio refused accountSid or authToken'],
  ])('%s is told', async (_sentence, more, moreSettings, words) => {
    const { url } = await twilio()
    const provider = { ...settings(url), ...moreSettings }
    const error = await failure(sms(provider).send({ ...message, ...more }, never()))
    expect(error).toMatchObject({ code: 'sms_send_failed', status: 422 })
    expect(error.message).toBe(`The text message could not be sent: ${words}.`)
    const printed = `${error.stack}${String(error.cause)}`
    for (const secret of [TOKEN, 'wr0ng', message.otp]) expect(printed).not.toContain(secret)
  })
})

describe('a webhook', () => {
  const secret = 'v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

  test('gets the message, signed over what it gets', async () => {
    const { asked, url } = await somebody(() => ({ status: 200, body: '{"message_id":"abc"}' }))
    expect(await sms({ kind: 'webhook', url, secret }).send(message, never())).toEqual({ messageId: 'abc' })
    const { headers, body = '' } = asked[0] ?? {}
    expect(JSON.parse(body)).toEqual({
      ...{ type: 'sms.send', timestamp: '2023-11-14T22:13:20.123Z', data: message },
    })
    const [id, timestampS] = [String(headers?.['webhook-id']), Number(headers?.['webhook-timestamp'])]
    expect(timestampS).toBe(1_700_000_000)
    expect(headers?.['webhook-signature']).toBe(signWebhook(secret, { id, timestampS, body }))
  })

  test('may answer with nothing', async () => {
    const { url } = await somebody(() => ({ status: 204 }))
    expect(await sms({ kind: 'webhook', url, secret }).send(message, never())).toEqual({ messageId: null })
  })

  test.each([
    ['a refusal', { status: 500 }, 'the webhook answered 500'],
    [
      'a redirect, which is not followed',
      { status: 302, headers: { location: '/x' } },
      'the webhook answered 302',
    ],
    [
      'too long an answer',
      { status: 200, body: 'x'.repeat(70_000) },
      'the answer is larger than 65536 bytes',
    ],
  ])('%s is told', async (_sentence, answer, words) => {
    const { asked, url } = await somebody(() => answer)
    const error = await failure(sms({ kind: 'webhook', url, secret }).send(message, never()))
    expect(error.message).toContain(words)
    expect(asked).toHaveLength(1)
  })

  test.each([
    ['nobody listens', 'http://127.0.0.1:1', 'there was no connection'],
    ['it is not encrypted', 'http://sms.example/send', 'http://sms.example is not https'],
  ])('%s is told', async (_sentence, url, words) => {
    const error = await failure(sms({ kind: 'webhook', url, secret }).send(message, never()))
    expect(error.message).toContain(words)
  })

  test('that does not answer is left when the caller goes', async () => {
    const { asked, url } = await somebody(() => 'silence')
    const controller = new AbortController()
    const sending = sms({ kind: 'webhook', url, secret }).send(message, controller.signal)
    await vi.waitFor(() => expect(asked).toHaveLength(1))
    controller.abort(new Error('gone'))
    await expect(sending).rejects.toThrow('gone')
  })
})

test('without a provider, and to what is no number, nothing is sent', async () => {
  expect((await failure(sms(null).send(message, never()))).message).toContain('set phone.provider')
  const webhook = { kind: 'webhook', url: 'https://sms.example', secret: 'x' } as const
  for (const to of ['', '+0123', 'ann', '+1555555010055555', '+1555\r\n']) {
    expect((await failure(sms(webhook).send({ ...message, to }, never()))).message).toContain('not in E.164')
  }
})
