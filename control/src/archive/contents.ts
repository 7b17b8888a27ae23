/** Judges the entries of an archive one by one, in memory: order, sizes, JSON, digests, signature. No streams here. */
import { createHash } from 'node:crypto'
import {
  CAF_VERSION,
  type OrderState,
  orderStart,
  PART_BYTES,
  type Stage,
  stepOrder,
} from '@cascata/shared/caf/format'
import { CAF_LIMITS } from '@cascata/shared/caf/limits'
import {
  Digests,
  KeysEntry,
  Manifest,
  ManifestHead,
  ProjectEntry,
  Roles,
  Signature,
} from '@cascata/shared/caf/manifest'
import {
  ArchiveDamaged,
  ArchiveForeign,
  ArchiveNewer,
  ArchiveTooLarge,
} from '@cascata/shared/problems/archive'
import type { z } from 'zod'
import { verifiedSigner } from './signing.ts'

export type ArchiveContents = {
  manifest: Manifest
  roles: Roles
  project: ProjectEntry
  keys: KeysEntry
  databaseBytes: number
  entries: number
  /** SHA-256 of digests.json: two archives with the same one hold the same. */
  contentSha256: string
  /** Fingerprint of the key that signed it. */
  signedBy: string
}

export class Contents {
  #order: OrderState = orderStart
  #current: { name: string; bytes: number; stage: Stage } | undefined
  #digests: Digests['entries'] = []
  #databaseBytes = 0
  #digestBytes: Buffer | undefined
  #signedBy: string | undefined
  #manifest: Manifest | undefined
  #roles: Roles | undefined
  #project: ProjectEntry | undefined
  #keys: KeysEntry | undefined

  get hasManifest(): boolean {
    return this.#order.stage >= 0
  }

  /** May this entry stand here, and be this long? */
  begin(name: string, bytes: number): Stage {
    if (this.#digests.length >= CAF_LIMITS.entriesMax) throw ArchiveTooLarge('it has too many entries')
    const step = stepOrder(this.#order, name)
    if (!step.ok) {
      if (!this.hasManifest) throw ArchiveForeign('its first entry is no manifest')
      if (step.why === 'reserved') throw ArchiveNewer('it holds storage objects or functions')
      throw ArchiveDamaged('its entries are not those of an archive, or not in order')
    }
    const bytesMax = step.stage === 'database' ? PART_BYTES : CAF_LIMITS.jsonBytesMax
    if (bytes > bytesMax) throw ArchiveTooLarge(`an entry is longer than ${bytesMax} bytes`)
    this.#order = step.next
    this.#current = { name, bytes, stage: step.stage }
    return step.stage
  }

  /** `content` is empty for parts of the database: those were streamed. */
  end(sha256: string, content: Buffer): void {
    const entry = this.#current
    if (!entry) throw new Error('An entry ended that never began')
    this.#current = undefined
    if (entry.stage === 'database') this.#databaseBytes += entry.bytes
    else this.#keep(entry.stage, content)
    if (entry.stage !== 'digests.json' && entry.stage !== 'signature.json')
      this.#digests.push({ name: entry.name, bytes: entry.bytes, sha256 })
  }

  finish(): ArchiveContents {
    if (
      !(this.#manifest && this.#roles && this.#project && this.#keys && this.#digestBytes && this.#signedBy)
    )
      throw ArchiveDamaged('entries are missing at its end')
    return {
      manifest: this.#manifest,
      roles: this.#roles,
      project: this.#project,
      keys: this.#keys,
      databaseBytes: this.#databaseBytes,
      entries: this.#digests.length + 2,
      contentSha256: createHash('sha256').update(this.#digestBytes).digest('hex'),
      signedBy: this.#signedBy,
    }
  }

  #keep(stage: Exclude<Stage, 'database'>, content: Buffer): void {
    if (stage === 'manifest.json') this.#manifest = parseManifest(content)
    else if (stage === 'roles.json') this.#roles = parse(Roles, stage, content)
    else if (stage === 'project.json') this.#project = parse(ProjectEntry, stage, content)
    else if (stage === 'keys.json') this.#keys = parse(KeysEntry, stage, content)
    else if (stage === 'digests.json') this.#compareDigests(content)
    else this.#checkSignature(parse(Signature, stage, content))
  }

  #compareDigests(content: Buffer): void {
    const { entries } = parse(Digests, 'digests.json', content)
    const same =
      entries.length === this.#digests.length &&
      entries.every((entry, at) => {
        const seen = this.#digests[at]
        return entry.name === seen?.name && entry.bytes === seen.bytes && entry.sha256 === seen.sha256
      })
    if (!same) throw ArchiveDamaged('its entries do not have the digests it lists')
    this.#digestBytes = content
  }

  #checkSignature(signature: Signature): void {
    this.#signedBy = this.#digestBytes && verifiedSigner(signature, this.#digestBytes)
    if (this.#signedBy === undefined) throw ArchiveDamaged('its signature is not right')
  }
}

function parseManifest(content: Buffer): Manifest {
  const head = ManifestHead.safeParse(parseJson(content))
  if (!head.success) throw ArchiveForeign('its manifest is not that of a .caf')
  if (head.data.version > CAF_VERSION)
    throw ArchiveNewer(`its format is ${head.data.version}, this release reads up to ${CAF_VERSION}`)
  return parse(Manifest, 'manifest.json', content)
}

function parse<Shape extends z.ZodType>(shape: Shape, name: string, content: Buffer): z.infer<Shape> {
  const parsed = shape.safeParse(parseJson(content))
  if (parsed.success) return parsed.data
  throw ArchiveDamaged(`${name} does not hold what it should`).because(parsed.error)
}

function parseJson(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'))
  } catch {
    return undefined
  }
}
