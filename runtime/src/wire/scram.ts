/** SCRAM-SHA-256 (RFC 5802, RFC 7677) without channel binding: the client proves the password, then the server does. */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

export const SCRAM_MECHANISM = 'SCRAM-SHA-256'

/** Postgres' default is 4096. A server that asks for much more wants our processor, not our proof. */
const ITERATIONS_MAX = 1_000_000
/** `n,,`: no channel binding. Its base64 is repeated in the final message. */
const GS2_HEADER = 'n,,'

const derive = promisify(pbkdf2)

export type ScramExchange = {
  /** The client-first-message. */
  first: string
  /** From the server-first-message to the client-final-message. */
  answer(serverFirst: string): Promise<string>
  /** @throws when the server did not know the password either. */
  verify(serverFinal: string): void
}

/** @param nonce fresh for each exchange, printable and without a comma. */
export function scramExchange(user: string, password: string, nonce: string): ScramExchange {
  const clientFirst = `n=${saslName(user)},r=${nonce}`
  let serverSignature: Buffer | undefined

  return {
    first: GS2_HEADER + clientFirst,
    async answer(serverFirst) {
      const { salt, iterations, serverNonce } = parseServerFirst(serverFirst, nonce)
      const salted = await derive(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
      const clientKey = hmac(salted, 'Client Key')
      const withoutProof = `c=${Buffer.from(GS2_HEADER).toString('base64')},r=${serverNonce}`
      const message = `${clientFirst},${serverFirst},${withoutProof}`
      const clientSignature = hmac(createHash('sha256').update(clientKey).digest(), message)
      const proof = clientKey.map((byte, i) => byte ^ (clientSignature[i] ?? 0))
      serverSignature = hmac(hmac(salted, 'Server Key'), message)
      return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`
    },
    verify(serverFinal) {
      const fields = attributes(serverFinal)
      const given = Buffer.from(fields.get('v') ?? '', 'base64')
      if (
        !serverSignature ||
        given.length !== serverSignature.length ||
        !timingSafeEqual(given, serverSignature)
      ) {
        throw new Error('The server could not prove that it knows the password.')
      }
    },
  }
}

function parseServerFirst(message: string, nonce: string) {
  const fields = attributes(message)
  const serverNonce = fields.get('r') ?? ''
  const iterations = Number(fields.get('i'))
  if (!serverNonce.startsWith(nonce) || serverNonce.length === nonce.length) {
    throw new Error('The server answered another exchange.')
  }
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > ITERATIONS_MAX) {
    throw new Error('The server asks for an unreasonable number of iterations.')
  }
  return { salt: Buffer.from(fields.get('s') ?? '', 'base64'), iterations, serverNonce }
}

/** `r=abc,s=def,i=4096`: a value may hold `=`. */
function attributes(message: string): Map<string, string> {
  return new Map(message.split(',').map((pair) => [pair.slice(0, 1), pair.slice(2)]))
}

const saslName = (user: string) => user.replaceAll('=', '=3D').replaceAll(',', '=2C')

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
