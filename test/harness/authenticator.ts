/**
 * A security key in software: makes P-256 credentials with attestation `none` and signs with them, as a browser would
 * hand it on. Everything it says can be made wrong, one thing at a time.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { cbor } from './cbor.ts'

/** What is said of the authenticator itself. */
export type Statement = (about: { publicKey: KeyObject; clientDataHash: Buffer }) => {
  format: string
  /** CBOR. */
  statement: Buffer
}

export type Lies = {
  challenge?: string
  origin?: string
  rpId?: string
  /** Said in place of the next one. */
  counter?: number
  userHandle?: string
  /** The person did not show to be the one. */
  isUnverified?: boolean
  /** Signs with a key that is not the credential's. */
  isForged?: boolean
  id?: string
  statement?: Statement
}

type Options = { challenge?: unknown; user?: { id?: unknown } }
type Credential = Record<string, unknown> & { id: string }

export type Authenticator = {
  create(options: unknown, lies?: Lies): Credential
  sign(options: unknown, lies?: Lies): Credential
}

const PRESENT = 0x01
const VERIFIED = 0x04
const HAS_CREDENTIAL = 0x40

const none: Statement = () => ({ format: 'none', statement: cbor.map({}) })

const sha256 = (bytes: string | Buffer): Buffer => createHash('sha256').update(bytes).digest()
const url = (bytes: Buffer): string => bytes.toString('base64url')

export function createAuthenticator({ origin, rpId }: { origin: string; rpId: string }): Authenticator {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const id = randomBytes(32)
  let counter = 0
  let userHandle = ''

  const clientData = (type: string, options: Options, lies: Lies): Buffer =>
    Buffer.from(
      JSON.stringify({
        ...{ type, challenge: lies.challenge ?? options.challenge },
        ...{ origin: lies.origin ?? origin, crossOrigin: false },
      }),
    )

  const authenticatorData = (lies: Lies, attested: Buffer): Buffer => {
    counter = lies.counter ?? counter + 1
    const flags = PRESENT | (lies.isUnverified ? 0 : VERIFIED) | (attested.length > 0 ? HAS_CREDENTIAL : 0)
    const count = Buffer.alloc(4)
    count.writeUInt32BE(counter)
    return Buffer.concat([sha256(lies.rpId ?? rpId), Buffer.from([flags]), count, attested])
  }

  const answer = (response: Record<string, string | string[]>, lies: Lies): Credential => {
    const shown = lies.id ?? url(id)
    return {
      ...{ id: shown, rawId: shown, type: 'public-key', response },
      ...{ clientExtensionResults: {}, authenticatorAttachment: 'cross-platform' },
    }
  }

  return {
    create(given, lies = {}) {
      const options = given as Options
      userHandle = String(options.user?.id)
      const length = Buffer.from([id.length >> 8, id.length & 0xff])
      const attested = Buffer.concat([Buffer.alloc(16), length, id, coseKey(publicKey)])
      const client = clientData('webauthn.create', options, lies)
      const { format, statement } = (lies.statement ?? none)({ publicKey, clientDataHash: sha256(client) })
      const authData = cbor.bytes(authenticatorData(lies, attested))
      const response = {
        clientDataJSON: url(client),
        attestationObject: url(cbor.map({ fmt: cbor.text(format), attStmt: statement, authData })),
        transports: ['usb'],
      }
      return answer(response, lies)
    },
    sign(given, lies = {}) {
      const client = clientData('webauthn.get', given as Options, lies)
      const data = authenticatorData(lies, Buffer.alloc(0))
      const key = lies.isForged ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey : privateKey
      const response = {
        clientDataJSON: url(client),
        authenticatorData: url(data),
        signature: url(sign('sha256', Buffer.concat([data, sha256(client)]), key)),
        userHandle: lies.userHandle ?? userHandle,
      }
      return answer(response, lies)
    },
  }
}

/** RFC 9053: an EC2 key of P-256 for ES256, as a CBOR map. */
function coseKey(key: KeyObject): Buffer {
  const { x = '', y = '' } = key.export({ format: 'jwk' })
  const [head, between] = [Buffer.from('a5010203262001215820', 'hex'), Buffer.from('225820', 'hex')]
  return Buffer.concat([head, Buffer.from(x, 'base64url'), between, Buffer.from(y, 'base64url')])
}
