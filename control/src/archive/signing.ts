/** Ed25519 over the bytes of digests.json: who wrote an archive. `openssl pkeyutl -verify -rawin` agrees. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Signature } from '@cascata/shared/caf/manifest'

export type Signer = { privateKey: KeyObject; publicKeyPem: string; fingerprint: string }

/** `SHA256:` and base64, as ssh shows its keys. */
const fingerprintOf = (publicKey: KeyObject): string =>
  `SHA256:${createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64')
    .replaceAll('=', '')}`

export function signerFromPem(privateKeyPem: string): Signer {
  const privateKey = createPrivateKey(privateKeyPem)
  const publicKey = createPublicKey(privateKey)
  return {
    privateKey,
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    fingerprint: fingerprintOf(publicKey),
  }
}

export const signDigests = (signer: Signer, digests: Buffer): Signature => ({
  algorithm: 'ed25519',
  public_key: signer.publicKeyPem,
  fingerprint: signer.fingerprint,
  signature: sign(null, digests, signer.privateKey).toString('base64'),
})

/** The fingerprint of whoever signed, worked out from the key itself; undefined when the signature is not right. */
export function verifiedSigner(signature: Signature, digests: Buffer): string | undefined {
  try {
    const publicKey = createPublicKey(signature.public_key)
    if (publicKey.asymmetricKeyType !== 'ed25519') return undefined
    const right = verify(null, digests, publicKey, Buffer.from(signature.signature, 'base64'))
    const fingerprint = fingerprintOf(publicKey)
    return right && fingerprint === signature.fingerprint ? fingerprint : undefined
  } catch {
    // A key that is no key: as wrong as a signature that does not fit.
    return undefined
  }
}
