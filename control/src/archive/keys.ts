/**
 * The instance's own keys of its archives: the age identity that opens them and the Ed25519 key that signs them.
 * Made once, kept sealed beside everything else of the instance, and in clear only in memory.
 */
import { generateKeyPairSync } from 'node:crypto'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { type Signer, signerFromPem } from './signing.ts'

export type InstanceKeys = {
  /** `AGE-SECRET-KEY-1...`: whoever has it opens every archive of this instance. */
  identity: string
  /** `age1...`, its public half. */
  recipient: string
  signer: Signer
}

/** Where they are kept: `insertOnce` keeps the first value ever given and returns the one that is kept. */
export type KeptValues = {
  get(name: string): Promise<string | undefined>
  insertOnce(name: string, value: string): Promise<string>
}
export type Sealing = {
  seal(purpose: string, text: string): string
  open(purpose: string, sealed: string): string
}

const IDENTITY = 'archive.identity'
const SIGNING_KEY = 'archive.signing-key'

export async function openInstanceKeys(kept: KeptValues, sealing: Sealing): Promise<InstanceKeys> {
  const secret = async (name: string, make: () => string | Promise<string>) => {
    const sealed = (await kept.get(name)) ?? (await kept.insertOnce(name, sealing.seal(name, await make())))
    return sealing.open(name, sealed)
  }
  const identity = await secret(IDENTITY, generateX25519Identity)
  const signingKey = await secret(SIGNING_KEY, newSigningKey)
  return { identity, recipient: await identityToRecipient(identity), signer: signerFromPem(signingKey) }
}

const newSigningKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
