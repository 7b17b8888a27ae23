/** Postgres itself, from outside: where a project's database is reached, and with what. Settings open and close it. */
import { type DatabaseAccess, poolerUser } from '@cascata/shared/contract/direct'
import { ProjectSettings } from '@cascata/shared/contract/projects'
import { openSecrets } from '../adapters/project-secrets.ts'
import type { ProjectRow } from '../store/tables/projects.ts'
import { type Caller, getProject } from './caller.ts'
import type { AppDeps, Instance } from './ports.ts'

type Urls = Pick<DatabaseAccess, 'db_url' | 'pooler_url'>

/** Null, both, while it is not reached from outside. */
export function directUrls(
  row: Pick<ProjectRow, 'ref' | 'settings'>,
  { direct }: Pick<Instance, 'direct'>,
  password?: string,
): Urls {
  if (!ProjectSettings.parse(row.settings).direct.enabled) return { db_url: null, pooler_url: null }
  const login = password === undefined ? poolerUser(row.ref) : `${poolerUser(row.ref)}:${password}`
  const at = (port: number) => `postgresql://${login}@${direct.host}:${port}/${row.ref}?sslmode=require`
  return { db_url: at(direct.sessionPort), pooler_url: at(direct.transactionPort) }
}

export function directCases({ store, seal, instance }: AppDeps) {
  return {
    async access(caller: Caller, ref: string): Promise<DatabaseAccess> {
      const row = await getProject(store, caller, ref)
      const password = openSecrets(seal, row).passwords.postgres
      return {
        enabled: ProjectSettings.parse(row.settings).direct.enabled,
        host: instance.direct.host,
        session_port: instance.direct.sessionPort,
        transaction_port: instance.direct.transactionPort,
        database: ref,
        user: poolerUser(ref),
        password,
        ...directUrls(row, instance, password),
      }
    },
  }
}
