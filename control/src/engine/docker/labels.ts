/** The labels by which an instance knows its own containers. */
import type { ContainerSpec, Role } from '../engine.ts'
import { specHash } from '../spec.ts'

export const INSTANCE = 'dev.cascata.instance'
export const PROJECT = 'dev.cascata.project'
export const ROLE = 'dev.cascata.role'
export const SPEC = 'dev.cascata.spec'

export const labelsOf = (instance: string, spec: ContainerSpec): Record<string, string> => ({
  [INSTANCE]: instance,
  [PROJECT]: spec.project,
  [ROLE]: spec.role,
  [SPEC]: specHash(spec),
})

const ROLES: Record<Role, true> = {
  db: true,
  runtime: true,
  edge: true,
  redis: true,
  meta: true,
  pooler: true,
  control: true,
}

export const isRole = (text: string | undefined): text is Role => text !== undefined && text in ROLES
