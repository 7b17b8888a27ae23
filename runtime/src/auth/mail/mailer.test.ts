import { type AddressInfo, createServer, type Socket } from 'node:net'
import tls from 'node:tls'
import { Problem } from '@cascata/shared/problem'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createMailer, type Mail, type MailSettings } from './mailer.ts'
import { type SmtpHarness, selfSigned, startSmtp } from './smtp-harness.ts'
import { encryption } from './transport.ts'

const trusted = tls.getCACertificates('default')
const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  tls.setDefaultCACertificates(trusted)
})

async function smtp(...options: Parameters<typeof startSmtp>): Promise<SmtpHarness> {
  const server = await startSmtp(...options)
  closing.push(() => server.close())
  return server
}

function mailer(settings: MailSettings['smtp'] | (() => MailSettings['smtp'])) {
  const made = createMailer(() => ({
    smtp: typeof settings === 'function' ? settings() : settings,
    mailer: { templates: {} },
  }))
  closing.push(() => made.close())
  return made
}

const mail = (more: Partial<Mail> = {}): Mail => ({
  kind: 'confirmation',
  to: 'ann@example.com',
  variables: {
    ...{ SiteURL: 'https://shop.example', ConfirmationURL: 'https://ref.example/verify?a=1&b=2' },
    ...{ Token: '123456', TokenHash: 'hash', RedirectTo: '', Email: 'ann@example.com', NewEmail: '' },
    ...{ SendingTo: 'ann@example.com', Data: {} },
  },
  ...more,
})

const never = () => new AbortController().signal

async function failure(sending: Promise<void>): Promise<Problem> {
  const error = await sending.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Problem)) throw new Error('expected a problem', { cause: error })
  return error
}

/** Whatever a log could print of it. */
const printed = (error: Problem) => {
  const cause = error.cause as Error
  return [error.message, error.hint, error.stack, cause.message, cause.stack, JSON.stringify(cause)].join(
    '\n',
  )
}

/** Takes the sign-in apart as a server does. */
const authentication = (password: string): Parameters<typeof startSmtp>[0] => ({
  authOptional: false,
  onAuth({ username, password: given }, _session, done) {
    if (username === 'shop' && given === password) return done(null, { user: 'shop' })
    done(new Error(`no: ${given} ${Buffer.from(`\0shop\0${given}`).toString('base64')}`))
  },
})

describe('a mail', () => {
  test('arrives with its parts, its sender and its recipient', async () => {
    const server = await smtp()
    await mailer(server.settings).send(mail(), never())
    const [one] = server.received
    expect(one).toMatchObject({ from: 'shop@example.com', to: ['ann@example.com'] })
    expect(one?.mail.subject).toBe('Confirm your email address')
    expect(one?.mail.from?.value).toEqual([{ name: 'The "Shop"', address: 'shop@example.com' }])
    expect(one?.mail.html).toContain('href="https://ref.example/verify?a=1&amp;b=2"')
    expect(one?.mail.text).toContain('Confirm my address: https://ref.example/verify?a=1&b=2')
    expect(one?.mail.headers.get('auto-submitted')).toBe('auto-generated')
  })

  test.each([
    'ann@example.com, eve@example.com',
    'ann@example.com\r\nBcc: eve@example.com',
    'Eve <eve@example.com>',
    'ann',
    '',
  ])('to %j goes nowhere: it is not one address', async (to) => {
    const server = await smtp()
    expect((await failure(mailer(server.settings).send(mail({ to }), never()))).code).toBe('mail-not-sent')
    expect(server.received).toEqual([])
  })

  test('uses the connection of the one before, and keeps none once it is closed', async () => {
    const server = await smtp()
    const made = mailer(server.settings)
    await made.send(mail(), never())
    await made.send(mail(), never())
    expect(server.received).toHaveLength(2)
    expect(server.connections()).toBe(1)
    await made.close()
    await vi.waitFor(() => expect(server.connections()).toBe(0))
  })

  test('goes through the server that is set now', async () => {
    const [one, other] = [await smtp(), await smtp()]
    let settings = one.settings
    const made = mailer(() => settings)
    await made.send(mail(), never())
    settings = other.settings
    await made.send(mail(), never())
    expect([one.received.length, other.received.length]).toEqual([1, 1])
    await vi.waitFor(() => expect(one.connections()).toBe(0))
  })
})

describe('signing in to the mail server', () => {
  test('works', async () => {
    const server = await smtp(authentication('right'))
    await mailer({ ...server.settings, user: 'shop', password: 'right' }).send(mail(), never())
    expect(server.received).toHaveLength(1)
  })

  test('a refusal is told without the password, in whatever form the server says it back', async () => {
    const server = await smtp(authentication('right'))
    const password = 'wr0ng-s3cret'
    const error = await failure(mailer({ ...server.settings, user: 'shop', password }).send(mail(), never()))
    expect(error.message).toBe(
      'The mail could not be sent: the mail server refused the user or the password.',
    )
    expect(printed(error)).toContain('no: [hidden] [hidden]')
    for (const form of [password, Buffer.from(`\0shop\0${password}`).toString('base64')]) {
      expect(printed(error)).not.toContain(form)
    }
  })
})

describe('encryption', () => {
  test('STARTTLS is taken where it is offered', async () => {
    const pair = selfSigned()
    tls.setDefaultCACertificates([...trusted, pair.cert])
    const server = await smtp({ ...pair, ...authentication('right'), disabledCommands: [] })
    await mailer({ ...server.settings, user: 'shop', password: 'right' }).send(mail(), never())
    expect(server.received[0]?.isEncrypted).toBe(true)
  })

  test('a certificate nobody vouches for is refused', async () => {
    const server = await smtp({ ...selfSigned(), disabledCommands: [] })
    const error = await failure(mailer(server.settings).send(mail(), never()))
    expect(error.message).toContain('no encrypted connection')
    expect(server.received).toEqual([])
  })

  test('`always` is encrypted from the first byte', async () => {
    const pair = selfSigned()
    tls.setDefaultCACertificates([...trusted, pair.cert])
    const server = await smtp({ ...pair, secure: true })
    await mailer({ ...server.settings, secure: 'always' }).send(mail(), never())
    expect(server.received[0]?.isEncrypted).toBe(true)
  })

  test('`always` sends nothing to a server that offers none', async () => {
    const server = await smtp()
    const error = await failure(mailer({ ...server.settings, secure: 'always' }).send(mail(), never()))
    expect(error.message).toContain('no encrypted connection')
    expect(server.received).toEqual([])
  })

  test('`never` stays plain even where it is offered', async () => {
    const server = await smtp({ ...selfSigned(), disabledCommands: [] })
    await mailer({ ...server.settings, secure: 'never' }).send(mail(), never())
    expect(server.received[0]?.isEncrypted).toBe(false)
  })

  test.each([
    ['at once on 465', { port: 465 }, { secure: true }],
    ['at once when asked for', { secure: 'always' as const }, { secure: true }],
    ['needed for a password', { user: 'a' }, { secure: false, requireTLS: true }],
    ['as offered to a neighbour', { user: 'a', host: '127.0.0.1' }, { secure: false }],
    ['as offered without a password', {}, { secure: false }],
    ['off when told so', { user: 'a', secure: 'never' as const }, { secure: false, ignoreTLS: true }],
  ])('TLS is %s', (_sentence, more, expected) => {
    const base = { host: 'mail.example', port: 587, user: null, password: null, secure: 'auto' as const }
    expect(encryption({ ...base, senderEmail: 'a@b.c', senderName: null, ...more })).toEqual(expected)
  })
})

describe('a mail that does not go out says why', () => {
  test('no server is set', async () => {
    expect(await failure(mailer(null).send(mail(), never()))).toMatchObject({
      code: 'mail-not-set-up',
      status: 500,
    })
  })

  test('the recipient is refused, and the next mail goes out', async () => {
    const server = await smtp({
      onRcptTo: ({ address }, _session, done) =>
        done(address.startsWith('no') ? new Error('no such user') : null),
    })
    const made = mailer(server.settings)
    const error = await failure(made.send(mail({ to: 'nobody@example.com' }), never()))
    expect(error.message).toContain('refused the sender or the recipient')
    await made.send(mail(), never())
    expect(server.received).toHaveLength(1)
  })

  test('nobody listens', async () => {
    const server = await startSmtp()
    await server.close()
    const error = await failure(mailer(server.settings).send(mail(), never()))
    expect(error.message).toContain('cannot be reached')
  })

  test('a server that says nothing is left when the caller goes', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
    closing.push(() => {
      for (const socket of sockets) socket.destroy()
      silent.close()
    })
    await new Promise((resolve) => silent.once('listening', resolve))
    const { port } = silent.address() as AddressInfo
    const smtpSettings = { ...(await smtp()).settings, port, host: '127.0.0.1' }
    const controller = new AbortController()
    const sending = mailer(smtpSettings).send(mail(), controller.signal)
    await vi.waitFor(() => expect(sockets).toHaveLength(1))
    controller.abort(new Error('gone'))
    await expect(sending).rejects.toThrow('gone')
  })
})
