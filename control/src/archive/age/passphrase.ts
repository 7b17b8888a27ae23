/**
 * age's passphrase stanza on node:crypto: the library's own does scrypt in JavaScript on the main thread, about a
 * second in which control answers nobody. Same bytes (https://age-encryption.org/v1, "The scrypt recipient type").
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto'
import { type Identity, type Recipient, Stanza } from 'age-encryption'

const LABEL = 'age-encryption.org/v1/scrypt'
/** What the age command uses: about a second and 256 MiB for each guess. */
const WORK_FACTOR = 18
/** A header may ask for any; 20 is 1 GiB and four seconds, and more is an attack. */
const WORK_FACTOR_MAX = 20
const SALT_BYTES = 16
const KEY_BYTES = 32
const WRAPPED_BYTES = 16 + 16
const NONCE = Buffer.alloc(12)

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replaceAll('=', '')

function stretch(passphrase: string, salt: Uint8Array, workFactor: number): Promise<Buffer> {
  const N = 2 ** workFactor
  return new Promise((resolve, reject) => {
    scrypt(
      passphrase,
      Buffer.concat([Buffer.from(LABEL), salt]),
      KEY_BYTES,
      { N, r: 8, p: 1, maxmem: 128 * 8 * N + 1024 * 1024 },
      (error, key) => (error ? reject(error) : resolve(key)),
    )
  })
}

export const passphraseRecipient = (passphrase: string, workFactor = WORK_FACTOR): Recipient => ({
  async wrapFileKey(fileKey) {
    const salt = randomBytes(SALT_BYTES)
    const key = await stretch(passphrase, salt, workFactor)
    const cipher = createCipheriv('chacha20-poly1305', key, NONCE, { authTagLength: 16 })
    const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()])
    return [new Stanza(['scrypt', unpadded(salt), String(workFactor)], body)]
  },
})

/** Null when the passphrase is another; throws when the stanza itself cannot be right. */
export const passphraseIdentity = (passphrase: string): Identity => ({
  async unwrapFileKey(stanzas) {
    const stanza = stanzas.find(({ args }) => args[0] === 'scrypt')
    if (!stanza) return null
    if (stanzas.length > 1) throw new Error('a scrypt stanza must stand alone')
    const [, saltText = '', factorText = ''] = stanza.args
    const salt = Buffer.from(saltText, 'base64')
    if (stanza.args.length !== 3 || salt.length !== SALT_BYTES || unpadded(salt) !== saltText)
      throw new Error('malformed scrypt salt')
    if (!/^[1-9][0-9]?$/.test(factorText) || Number(factorText) > WORK_FACTOR_MAX)
      throw new Error('scrypt work factor out of bounds')
    if (stanza.body.length !== WRAPPED_BYTES) throw new Error('malformed scrypt body')
    const key = await stretch(passphrase, salt, Number(factorText))
    const decipher = createDecipheriv('chacha20-poly1305', key, NONCE, { authTagLength: 16 })
    decipher.setAuthTag(stanza.body.subarray(-16))
    const fileKey = decipher.update(stanza.body.subarray(0, -16))
    try {
      decipher.final()
      return fileKey
    } catch {
      return null
    }
  },
})
