/**
 * The providers that the holder of the service key added, as they are in the table now: each sign-in looks there, so
 * that a change counts at once and on every replica.
 */
import type { Clock } from '@cascata/shared/clock'
import { type Context, type Project, reachOf } from '../context.ts'
import { ProviderNotSetUp } from '../providers/errors.ts'
import type { Provider } from '../providers/provider.ts'
import { openProvider } from '../providers/providers.ts'
import { createRecentMap } from '../recent-map.ts'
import {
  type CustomProviderRow,
  findCustomProvider,
  resealCustomProvider,
} from '../store/custom-providers.ts'
import { definitionOf, settingsOf } from './definition.ts'
import type { CustomProviders, Found } from './provider.ts'
import { openSecret, sealSecret } from './secret.ts'

/** Kept with what was learned of them: their keys, and where they are. */
const OPEN_MAX = 50

type Deps = { sql: Context['sql']; project: Project; clock: Clock }

export function createCustomProviders({ sql, project, clock }: Deps): CustomProviders {
  const open = createRecentMap<{ key: string; provider: Provider }>(OPEN_MAX)
  return {
    async find(name) {
      if (!name.startsWith('custom:') || !project.settings().customProviders.enabled) return undefined
      const row = await findCustomProvider(await sql(), name)
      if (!row?.enabled) return undefined
      const { email_optional: emailOptional } = row
      const reach = reachOf({ project })
      const key = JSON.stringify([row, reach])
      const kept = open.get(name)
      if (kept?.key === key) return { provider: kept.provider, emailOptional }
      const secret = await secretOf(row, { sql, project })
      const settings = settingsOf(row, secret)
      const provider = openProvider(name, { definition: definitionOf(row, reach), settings, clock })
      open.set(name, { key, provider })
      return { provider, emailOptional }
    },
  }
}

/** @throws ProviderNotSetUp */
async function secretOf(row: CustomProviderRow, { sql, project }: Omit<Deps, 'clock'>): Promise<string> {
  const place = { project, id: row.id }
  const found = openSecret(row.client_secret, place)
  if (!found) throw ProviderNotSetUp(row.identifier, 'its secret was sealed elsewhere, set it again')
  if (found.isStale) {
    const sealed = sealSecret(found.text, place)
    await resealCustomProvider(await sql(), row.id, { before: row.client_secret, sealed })
  }
  return found.text
}

/** By name: one of the settings, or one that was added. */
export async function findProvider(
  { providers, customProviders, project }: Pick<Context, 'providers' | 'customProviders' | 'project'>,
  name: string,
): Promise<Found | undefined> {
  const provider = providers.find(name)
  if (!provider) return customProviders.find(name)
  return { provider, emailOptional: project.settings().external[name]?.emailOptional ?? false }
}
