/** Settings of single sign-on by SAML 2.0. Who the identity providers are lies in the project's database. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { z } from 'zod'
import { HttpUrl, Secret } from './fields.ts'

const RSA_BITS_MIN = 2_048

/** PEM; or PKCS#1 or PKCS#8 in base64, as GoTrue has it. Undefined when it is no RSA key, or a weak one. */
export function readSamlKey(text: string): KeyObject | undefined {
  const der = (type: 'pkcs1' | 'pkcs8') => tried({ key: Buffer.from(text, 'base64'), format: 'der', type })
  const key = text.includes('-----BEGIN') ? tried(text) : (der('pkcs1') ?? der('pkcs8'))
  const bits = key?.asymmetricKeyDetails?.modulusLength ?? 0
  return key?.asymmetricKeyType === 'rsa' && bits >= RSA_BITS_MIN ? key : undefined
}

function tried(input: Parameters<typeof createPrivateKey>[0]): KeyObject | undefined {
  try {
    return createPrivateKey(input)
  } catch {
    return undefined
  }
}

export const SamlSettings = z.object({
  /** (`SAML_ENABLED`) */
  enabled: z.boolean().default(false),
  /** Signs requests (`SAML_PRIVATE_KEY`); without one they go unsigned. */
  privateKey: Secret.refine(
    (text) => readSamlKey(text) !== undefined,
    'must be a private RSA key of 2048 bits or more: PEM, or DER in base64',
  )
    .nullable()
    .default(null),
  /** In place of `<project's url>/auth/v1`, by which identity providers know the project (`SAML_EXTERNAL_URL`). */
  externalUrl: HttpUrl.nullable().default(null),
  /** Takes sign-ins that begin at the identity provider; GoTrue always does. */
  idpInitiated: z.boolean().default(false),
})
export type SamlSettings = z.infer<typeof SamlSettings>
