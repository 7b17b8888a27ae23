/** A project's row, read as what should be on the machine. Pure: the time comes in. */
import { createHash } from 'node:crypto'
import type { OperationKind } from '@cascata/shared/contract/operations'
import { type ProjectSecrets, ProjectSettings } from '@cascata/shared/contract/projects'
import type { ReplicaSettings } from '@cascata/shared/contract/replica-settings'
import type { Directory } from '../../adapters/files.ts'
import type { ProjectShape } from '../../engine/spec.ts'
import { EDGE_UID, type Paths, POOLER_UID } from '../../paths.ts'
import type { ProjectRow } from '../../store/tables/projects.ts'
import { documentOf, renderDocument } from './document.ts'
import { replicaSettingsOf } from './replicas.ts'

/**
 * `asleep`: stopped until a request comes. `database`: filled by an import, nothing is served. `held`: an upgrade has
 * its containers in hand, and all others keep off. `purged`: nothing of it is left.
 */
export type Mode = 'running' | 'asleep' | 'database' | 'held' | 'paused' | 'deleted' | 'purged'

export type Wanted = ProjectShape & {
  generation: number
  mode: Mode
  template: string
  secrets: ProjectSecrets
  directories: readonly Directory[]
  document: string
  /** Of what the database must have been given; asked again when it differs. */
  preparation: string
  replicas: ReplicaSettings & { target: number | undefined }
  /** Nothing may be written: the disk it may use is used. */
  readOnly: boolean
}

type Intent = Pick<
  ProjectRow,
  | 'ref'
  | 'uid'
  | 'generation'
  | 'desired'
  | 'importing'
  | 'asleepSince'
  | 'restarts'
  | 'dbRestarts'
  | 'imageTag'
  | 'limits'
  | 'settings'
  | 'template'
  | 'purgeAfter'
> &
  Held

/** What the operation named by `importing` does with the project. */
type Held = { heldFor?: OperationKind | null }

export function modeOf(
  row: Pick<Intent, 'desired' | 'importing' | 'asleepSince' | 'purgeAfter' | 'heldFor'>,
  now: number,
): Mode {
  if (row.desired === 'deleted') {
    return row.purgeAfter !== null && Date.parse(row.purgeAfter) <= now ? 'purged' : 'deleted'
  }
  if (row.importing !== null) return row.heldFor === 'project.upgrade' ? 'held' : 'database'
  if (row.desired === 'running' && row.asleepSince !== null) return 'asleep'
  return row.desired
}

export const shapeOf = ({
  ref,
  uid,
  limits,
  restarts,
  dbRestarts,
  imageTag,
}: ProjectShape): ProjectShape => ({ ref, uid, limits, restarts, dbRestarts, imageTag })

type Context = {
  secrets: ProjectSecrets
  url: string
  paths: Paths
  now: number
  target: number | undefined
  readOnly: boolean
}

export function wantedOf(row: Intent, { secrets, url, paths, now, target, readOnly }: Context): Wanted {
  const passwords = createHash('sha256').update(JSON.stringify(secrets.passwords)).digest('hex')
  return {
    ...shapeOf(row),
    generation: row.generation,
    mode: modeOf(row, now),
    template: row.template,
    secrets,
    directories: directoriesOf(row, paths),
    document: renderDocument(documentOf(row, { secrets, url, readOnly })),
    preparation: `${row.generation}:${passwords}${readOnly ? ':read-only' : ''}`,
    readOnly,
    replicas: { ...replicaSettingsOf(row), target },
  }
}

/**
 * Where its Postgres has its socket: its own alone. While it is open to the outside, sockets made here belong to the
 * pooler's group, which may connect to them.
 */
export function socketDirectory(
  { ref, uid, settings }: Pick<Intent, 'ref' | 'uid' | 'settings'>,
  paths: Paths,
): Directory {
  const path = paths.project(ref).dbSocketDir
  const isOpen = ProjectSettings.parse(settings).direct.enabled
  return isOpen ? { path, uid, gid: POOLER_UID, mode: 0o2750 } : { path, uid, gid: uid, mode: 0o750 }
}

function directoriesOf(row: Intent, paths: Paths): Directory[] {
  const { ref, uid } = row
  const own = paths.project(ref)
  return [
    { path: own.run, uid, gid: uid, mode: 0o751 },
    socketDirectory(row, paths),
    // setgid: the runtime's socket belongs to the edge's group, which may connect to it.
    { path: own.http, uid, gid: EDGE_UID, mode: 0o2750 },
    { path: own.files, uid, gid: uid, mode: 0o750 },
    { path: own.dbFiles, uid, gid: uid, mode: 0o700 },
  ]
}
