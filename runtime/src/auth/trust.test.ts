import { constants, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { selfSigned } from './mail/smtp-harness.ts'
import { createTrust } from './trust.ts'

const usual = getCACertificates('default')
const pair = selfSigned()
let server: Server

/** Node writes them anew: the same text is not to be had. */
const believed = () =>
  new Set(getCACertificates('default').map((pem) => new X509Certificate(pem).fingerprint256))

beforeAll(async () => {
  // A connection and a session each: what is open, or goes on, stays trusted.
  const tls = { ...pair, secureOptions: constants.SSL_OP_NO_TICKET }
  server = createServer(tls, (_request, response) => response.setHeader('connection', 'close').end('in'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterAll(() => {
  setDefaultCACertificates(usual)
  server.closeAllConnections()
  server.close()
})

const reached = async (): Promise<string> => {
  const { port } = server.address() as AddressInfo
  const answer = await fetch(`https://localhost:${port}/`).catch((error: Error) => error)
  return answer instanceof Error ? String((answer.cause as { code?: unknown }).code) : answer.text()
}

test('who is vouched for by what was given is believed, as long as it is given', async () => {
  const trust = createTrust()
  expect(await reached()).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  trust.beside([pair.cert])
  expect(await reached()).toBe('in')
  trust.beside([selfSigned().cert])
  expect(await reached()).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
  trust.beside([pair.cert])
  trust.beside([])
  expect(await reached()).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
})

test('whom everybody believes is believed all along', () => {
  const trust = createTrust()
  const [own, before] = [new X509Certificate(pair.cert).fingerprint256, believed()]
  trust.beside([pair.cert])
  expect(believed()).toEqual(new Set([...before, own]))
  trust.beside([])
  expect(believed()).toEqual(before)
})
