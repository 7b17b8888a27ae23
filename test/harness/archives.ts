/** What archive tests and the bench share: keys of a made-up instance and the facts of a made-up project. */
import type { InstanceKeys } from '@cascata/control/archive/keys'
import { openInstanceKeys } from '@cascata/control/archive/keys'
import type { KeysEntry, ProjectEntry } from '@cascata/shared/caf/manifest'
import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'

export const ORIGIN = {
  cascata: '0.1.0',
  instance: 'test',
  project: { id: '00000000-0000-4000-8000-000000000000', ref: 'shop', name: 'Shop', template: 'empty' },
}

export const PROJECT: ProjectEntry = {
  name: 'Shop',
  template: 'empty',
  limits: ProjectLimits.parse({}),
  settings: ProjectSettings.parse({}),
}

export const KEYS: KeysEntry = { jwt_secret: 's'.repeat(40), anon_key: 'anon', service_role_key: 'service' }

/** Keys as an instance makes and keeps them, with a keeper that forgets at the end. */
export function newInstanceKeys(): Promise<InstanceKeys> {
  const kept = new Map<string, string>()
  const insertOnce = async (name: string, value: string) => {
    if (!kept.has(name)) kept.set(name, value)
    return kept.get(name) ?? value
  }
  const plain = {
    seal: (_purpose: string, text: string) => text,
    open: (_purpose: string, text: string) => text,
  }
  return openInstanceKeys({ get: async (name) => kept.get(name), insertOnce }, plain)
}
