/** Secrets that a job needs travel in its operation's input, each sealed for that operation alone. */
import type { Seal } from '../adapters/seal.ts'

export type JobSecrets = { passphrase?: string | undefined; identity?: string | undefined }
export type SealedInput = { sealedPassphrase?: string; sealedIdentity?: string }

const purpose = (operationId: string) => `operation:${operationId}`

export function sealInput(seal: Seal, operationId: string, secrets: JobSecrets): SealedInput {
  const { passphrase, identity } = secrets
  return {
    ...(passphrase === undefined ? {} : { sealedPassphrase: seal.seal(purpose(operationId), passphrase) }),
    ...(identity === undefined ? {} : { sealedIdentity: seal.seal(purpose(operationId), identity) }),
  }
}

export function openInput(seal: Seal, operation: { id: string; input: Record<string, unknown> }): JobSecrets {
  const { sealedPassphrase, sealedIdentity } = operation.input
  const open = (sealed: unknown) =>
    typeof sealed === 'string' ? seal.open(purpose(operation.id), sealed) : undefined
  return { passphrase: open(sealedPassphrase), identity: open(sealedIdentity) }
}
