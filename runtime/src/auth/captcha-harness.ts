/** A captcha service for tests: it speaks the protocol that hCaptcha and Turnstile document, and takes `solved` alone. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const CAPTCHA_SECRET = '0x-the-secret'

export type CaptchaService = {
  /** What it was asked: secret, response and remoteip. */
  forms: URLSearchParams[]
  verifyUrl: string
  port: number
  close(): Promise<void>
}

type Answer = (response: ServerResponse, form: URLSearchParams) => void

export async function startCaptcha(answer?: Answer): Promise<CaptchaService> {
  const forms: URLSearchParams[] = []
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const form = new URLSearchParams(body)
    forms.push(form)
    if (answer) return answer(response, form)
    const codes = [
      ...(request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')
        ? []
        : ['bad-request']),
      ...(form.get('secret') === CAPTCHA_SECRET ? [] : ['invalid-input-secret']),
      ...(form.get('response') === 'solved' ? [] : ['invalid-input-response']),
    ]
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(
      JSON.stringify({ success: codes.length === 0, 'error-codes': codes, hostname: 'example.com' }),
    )
  }
  const server = createServer((request, response) => void listener(request, response))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  return {
    ...{ forms, port, verifyUrl: `http://127.0.0.1:${port}/siteverify` },
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
