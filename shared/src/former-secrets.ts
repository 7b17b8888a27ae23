/** What was sealed under a project's secret is still to be opened once it has another: second factors outlive keys. */
import type { ProjectSecrets } from './contract/projects.ts'
import { FORMER_SECRETS_MAX } from './project-document.ts'

type Keys = Pick<ProjectSecrets, 'jwtSecret' | 'anonKey' | 'serviceRoleKey'>

export const renewed = (
  before: ProjectSecrets,
  { jwtSecret, anonKey, serviceRoleKey }: Keys,
): ProjectSecrets => ({
  ...before,
  ...{ jwtSecret, anonKey, serviceRoleKey },
  formerJwtSecrets: [before.jwtSecret, ...(before.formerJwtSecrets ?? [])].slice(0, FORMER_SECRETS_MAX),
})
