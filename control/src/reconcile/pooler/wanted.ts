/** Whom the pooler should let in where, from the projects' rows. Pure, but for the verifiers, which take their time. */
import { holds } from '@cascata/shared/cidr'
import { type ProjectSecrets, ProjectSettings } from '@cascata/shared/contract/projects'
import { PoolerEntry } from '../../pooler/site.ts'
import type { ProjectRow } from '../../store/tables/projects.ts'

export type DirectRow = Pick<ProjectRow, 'ref' | 'uid' | 'desired' | 'importing' | 'settings' | 'secrets'>

/** One that sleeps is: whoever connects wakes it. One that is paused too: whoever connects is told so. */
export const isOpen = ({ settings, desired, importing }: DirectRow): boolean =>
  ProjectSettings.parse(settings).direct.enabled && desired !== 'deleted' && importing === null

export type EntryMaker = {
  openSecrets(row: Pick<ProjectRow, 'ref' | 'secrets'>): ProjectSecrets
  verifierOf(password: string): Promise<string>
  /** Where connections made on this machine seem to come from. */
  gateway: string | null
}

/** Undefined: a row that cannot be an entry, which must not cost the others theirs. */
export async function entryOf(
  row: DirectRow,
  { openSecrets, verifierOf, gateway }: EntryMaker,
): Promise<PoolerEntry | undefined> {
  const { allowedAddresses, poolSize, clientsMax } = ProjectSettings.parse(row.settings).direct
  const password = passwordOf(row, openSecrets)
  if (password === undefined) return undefined
  const entry = PoolerEntry.safeParse({
    ...{ ref: row.ref, password, poolSize, clientsMax },
    verifier: await verifierOf(password),
    allowed: [...new Set([...allowedAddresses, ...machineItself(allowedAddresses, gateway)])],
  })
  return entry.success ? entry.data : undefined
}

/** Secrets that cannot be opened are the projects reconciler's to tell of. */
function passwordOf(row: DirectRow, openSecrets: EntryMaker['openSecrets']): string | undefined {
  try {
    return openSecrets(row).passwords.postgres
  } catch {
    return undefined
  }
}

/** The engine passes on what comes over the loopback from an address of its own. */
function machineItself(allowed: readonly string[], gateway: string | null): string[] {
  const isNamed = allowed.some((range) => holds(range, '127.0.0.1') || holds(range, '::1'))
  return isNamed && gateway !== null && !allowed.some((range) => holds(range, gateway))
    ? [`${gateway}/32`]
    : []
}
