import type { ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { type CaptchaSettings, verifyCaptcha } from './captcha.ts'
import { CAPTCHA_SECRET, startCaptcha } from './captcha-harness.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const SECRET = CAPTCHA_SECRET
const TIMEOUT_MS = 30_000

async function service(answer?: Parameters<typeof startCaptcha>[0]) {
  const started = await startCaptcha(answer)
  closers.push(started.close)
  return started
}

const verify = (
  settings: Partial<CaptchaSettings>,
  token = 'solved',
  signal = new AbortController().signal,
) =>
  verifyCaptcha(
    { provider: 'hcaptcha', secret: SECRET, ...settings },
    { token, address: '203.0.113.7', signal },
    TIMEOUT_MS,
  )

describe.each(['hcaptcha', 'turnstile'] as const)('%s', (provider) => {
  test('lets pass whom the service lets pass', async () => {
    const { forms, verifyUrl } = await service()
    expect(await verify({ provider, verifyUrl }, ' solved ')).toEqual({ passed: true })
    expect(Object.fromEntries(forms[0] ?? [])).toEqual({
      secret: SECRET,
      response: 'solved',
      remoteip: '203.0.113.7',
    })
  })

  test('tells why not', async () => {
    const { verifyUrl } = await service()
    const no = { passed: false, unreachable: false }
    expect(await verify({ provider, verifyUrl }, 'old')).toEqual({
      ...no,
      reasons: ['invalid-input-response'],
    })
    expect(await verify({ provider, verifyUrl, secret: 'wrong' })).toEqual({
      ...{ ...no, reasons: ['invalid-input-secret'] },
    })
  })
})

test.each([
  ['no token', ''],
  ['spaces', '  '],
  ['a token that is none', 'x'.repeat(10_000)],
])('%s is refused without asking anybody', async (_sentence, token) => {
  const { forms, verifyUrl } = await service()
  expect(await verify({ verifyUrl }, token)).toMatchObject({ passed: false, unreachable: false })
  expect(forms).toEqual([])
})

describe('a service that cannot be understood lets nobody pass', () => {
  test.each([
    ['no JSON', (response: ServerResponse) => response.end('<p>'), 'answer-not-understood'],
    [
      'JSON of another kind',
      (response: ServerResponse) => response.end('{"success":"true"}'),
      'answer-not-understood',
    ],
    ['nothing', (response: ServerResponse) => response.end(), 'answer-not-understood'],
    ['too much', (response: ServerResponse) => response.end(' '.repeat(100_000)), 'answer-not-understood'],
    ['the end of the connection', (response: ServerResponse) => response.destroy(), 'not-reached'],
    [
      'another address',
      (response: ServerResponse) => response.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
      'not-reached',
    ],
  ])('%s', async (_sentence, answer, reason) => {
    const { verifyUrl } = await service((response) => void answer(response))
    expect(await verify({ verifyUrl })).toEqual({ passed: false, unreachable: true, reasons: [reason] })
  })
})

test('silence is no yes', async () => {
  const { verifyUrl } = await service(() => {})
  const asked = { token: 'solved', signal: new AbortController().signal }
  const settings: CaptchaSettings = { provider: 'turnstile', secret: SECRET, verifyUrl }
  expect(await verifyCaptcha(settings, asked, 200)).toEqual({
    passed: false,
    unreachable: true,
    reasons: ['timeout'],
  })
})

test('a caller who leaves ends the question', async () => {
  const caller = new AbortController()
  const { verifyUrl } = await service(() => caller.abort(new Error('left')))
  await expect(verify({ verifyUrl }, 'solved', caller.signal)).rejects.toThrow('left')
})
