/**
 * The age header: who may open the file. The library writes and reads it; we take the file key out of it, because
 * the payload behind it is ours (payload.ts).
 */

import { Problem } from '@cascata/shared/problem'
import { ArchiveDamaged, ArchiveRecipientInvalid, ArchiveWrongKey } from '@cascata/shared/problems/archive'
import { Decrypter, Encrypter, type Identity, type Recipient } from 'age-encryption'
import { passphraseIdentity, passphraseRecipient } from './passphrase.ts'

/** For whom an archive is sealed. age allows nobody beside a passphrase. */
export type SealFor = { recipients: readonly string[] } | { passphrase: string; workFactor?: number }

/** What may open one. */
export type OpenWith = { identities?: readonly string[]; passphrase?: string | undefined }

export const AGE_MAGIC = Buffer.from('age-encryption.org/v1\n')
const MAC_LINE = Buffer.from('\n--- ')

function addRecipients(encrypter: Encrypter, sealFor: SealFor): void {
  if ('passphrase' in sealFor) {
    encrypter.addRecipient(passphraseRecipient(sealFor.passphrase, sealFor.workFactor))
    return
  }
  if (sealFor.recipients.length === 0) throw new TypeError('An archive needs at least one recipient')
  for (const recipient of sealFor.recipients) {
    try {
      encrypter.addRecipient(recipient)
    } catch (error) {
      throw ArchiveRecipientInvalid(recipient).because(error)
    }
  }
}

/** Makes a fresh file key and the header that hides it. */
export async function sealHeader(sealFor: SealFor): Promise<{ header: Buffer; fileKey: Uint8Array }> {
  const encrypter = new Encrypter()
  addRecipients(encrypter, sealFor)
  // Stands last, adds no stanza, and only sees the key that the others wrapped.
  let fileKey: Uint8Array | undefined
  const witness: Recipient = {
    wrapFileKey(key) {
      fileKey = Uint8Array.from(key)
      return []
    },
  }
  encrypter.addRecipient(witness)
  const sealed = Buffer.from(await encrypter.encrypt(new Uint8Array()))
  const bytes = headerLength(sealed)
  if (fileKey === undefined || bytes === undefined) throw new Error('age-encryption wrote no header')
  return { header: sealed.subarray(0, bytes), fileKey }
}

/** Length of the header at the start of `bytes`, once all of it is there. */
export function headerLength(bytes: Buffer): number | undefined {
  const mac = bytes.indexOf(MAC_LINE)
  if (mac < 0) return undefined
  const end = bytes.indexOf('\n', mac + MAC_LINE.length)
  return end < 0 ? undefined : end + 1
}

/** The file key of a whole header, its MAC checked. */
export async function openHeader(header: Buffer, openWith: OpenWith): Promise<Uint8Array> {
  const decrypter = new Decrypter()
  for (const identity of openWith.identities ?? []) decrypter.addIdentity(identity)
  if (openWith.passphrase !== undefined) decrypter.addIdentity(passphraseIdentity(openWith.passphrase))
  // Stands last, so it is asked only when nobody before it had the key.
  const nobody: Identity = {
    unwrapFileKey(stanzas) {
      throw wrongKey(
        stanzas.some(({ args }) => args[0] === 'scrypt'),
        openWith,
      )
    },
  }
  decrypter.addIdentity(nobody)
  try {
    return await decrypter.decryptHeader(header)
  } catch (error) {
    throw error instanceof Problem
      ? error
      : ArchiveDamaged('its age header does not hold together').because(error)
  }
}

function wrongKey(byPassphrase: boolean, openWith: OpenWith): Problem {
  if (byPassphrase && openWith.passphrase === undefined)
    return ArchiveWrongKey('The archive is sealed with a passphrase and none was given.')
  if (byPassphrase) return ArchiveWrongKey('The passphrase does not open the archive.')
  return ArchiveWrongKey('None of the keys at hand opens the archive.')
}
