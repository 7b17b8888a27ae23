/** A project's secrets: how they are made and how they are kept. In clear they exist only in memory and in its document. */
import { randomBytes } from 'node:crypto'
import type { ProjectSecrets } from '@cascata/shared/contract/projects'
import { signApiKey } from '@cascata/shared/jwt'
import type { Seal } from './seal.ts'

const purpose = (ref: string) => `project:${ref}`
const random = (bytes: number) => randomBytes(bytes).toString('base64url')

/** Of a login role. Its characters mean nothing in a URL, and nothing in a configuration. */
export const newPassword = (): string => random(32)

/** A new JWT secret and the two keys signed with it. */
export async function newKeys(
  ref: string,
  issuedAtS: number,
): Promise<Pick<ProjectSecrets, 'jwtSecret' | 'anonKey' | 'serviceRoleKey'>> {
  const jwtSecret = random(48)
  const [anonKey, serviceRoleKey] = await Promise.all([
    signApiKey(jwtSecret, { role: 'anon', ref, issuedAtS }),
    signApiKey(jwtSecret, { role: 'service_role', ref, issuedAtS }),
  ])
  return { jwtSecret, anonKey, serviceRoleKey }
}

export async function newSecrets(ref: string, issuedAtS: number): Promise<ProjectSecrets> {
  const passwords = {
    supabase_admin: newPassword(),
    authenticator: newPassword(),
    postgres: newPassword(),
  }
  return { ...(await newKeys(ref, issuedAtS)), passwords }
}

export const sealSecrets = (seal: Seal, ref: string, secrets: ProjectSecrets): string =>
  seal.seal(purpose(ref), JSON.stringify(secrets))

export const openSecrets = (seal: Seal, project: { ref: string; secrets: string }): ProjectSecrets =>
  JSON.parse(seal.open(purpose(project.ref), project.secrets)) as ProjectSecrets
