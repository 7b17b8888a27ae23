/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677) as Postgres stores and speaks it: verifiers, so that a clear password never
 * stands in SQL text, and the client's half of the exchange. No channel binding: the transport is a unix socket.
 */
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const ITERATIONS = 4096
/** A server names the count; one that asks for hours of work is refused. */
const ITERATIONS_MAX = 1_000_000

const derive = promisify(pbkdf2)
const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest()

type Keys = { clientKey: Buffer; storedKey: Buffer; serverKey: Buffer }

async function deriveKeys(password: string, salt: Buffer, iterations: number): Promise<Keys> {
  // SASLprep of what people type comes close to NFKC; of generated passwords it is the identity.
  const salted = await derive(password.normalize('NFKC'), salt, iterations, 32, 'sha256')
  const clientKey = hmac(salted, 'Client Key')
  return { clientKey, storedKey: sha256(clientKey), serverKey: hmac(salted, 'Server Key') }
}

/**
 * What `alter role ... password '...'` takes in place of a password: `SCRAM-SHA-256$4096:<salt>$<stored>:<server>`.
 *
 * The same for a password each time, so that a stored one can be compared, and so that the pooler has the one that the
 * server has. The salt comes from the password, which is safe for ours alone: 32 random bytes nobody guesses.
 */
export async function scramVerifier(password: string): Promise<string> {
  const salt = createHmac('sha256', password).update('cascata scram salt').digest().subarray(0, 16)
  const { storedKey, serverKey } = await deriveKeys(password, salt, ITERATIONS)
  const keys = `${storedKey.toString('base64')}:${serverKey.toString('base64')}`
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${keys}`
}

function sameBytes(bytes: Buffer, base64: string): boolean {
  const other = Buffer.from(base64, 'base64')
  return bytes.length === other.length && timingSafeEqual(bytes, other)
}

export type ScramExchange = {
  readonly clientFirst: string
  /** @throws Error when the server's message is not what the exchange allows. */
  clientFinal(serverFirst: string): Promise<string>
  /** @throws Error when the server does not know the password either. */
  verify(serverFinal: string): void
}

export function startScram(
  password: string,
  nonce: string = randomBytes(18).toString('base64'),
): ScramExchange {
  // Postgres takes the user from the startup message and ignores the one here.
  const bare = `n=,r=${nonce}`
  let serverSignature = Buffer.alloc(0)
  return {
    clientFirst: `n,,${bare}`,
    async clientFinal(serverFirst) {
      const [, serverNonce = '', salt = '', count = ''] =
        /^r=([^,]+),s=([^,]+),i=(\d{1,7})$/.exec(serverFirst) ?? []
      const iterations = Number(count)
      if (!serverNonce.startsWith(nonce) || iterations < 1 || iterations > ITERATIONS_MAX) {
        throw new Error('SCRAM: the first message of the server is not acceptable')
      }
      const keys = await deriveKeys(password, Buffer.from(salt, 'base64'), iterations)
      const unproven = `c=biws,r=${serverNonce}`
      const authMessage = `${bare},${serverFirst},${unproven}`
      serverSignature = hmac(keys.serverKey, authMessage)
      const signature = hmac(keys.storedKey, authMessage)
      const proof = keys.clientKey.map((byte, at) => byte ^ (signature[at] ?? 0))
      return `${unproven},p=${Buffer.from(proof).toString('base64')}`
    },
    verify(serverFinal) {
      if (serverSignature.length === 0 || !sameBytes(serverSignature, serverFinal.replace(/^v=/, ''))) {
        throw new Error('SCRAM: the server did not prove that it knows the password')
      }
    },
  }
}
