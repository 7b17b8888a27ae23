/**
 * Describes the service for a document that another one answers with. The same question has the same answer, one
 * object: whoever keeps documents finds by it that nothing changed.
 */
import { type Described, type Dialect, writeOperations } from './write.ts'

/** Of one project there are two roles and two versions, and few addresses. */
const KEPT_MAX = 8

export type Asked = {
  dialect: Dialect
  server: string
  /** Whose view it is; null sees all. */
  role: string | null
}

type Service = {
  /** `/auth/v1` */
  prefix: string
  adminRoles(): readonly string[]
}

export function createAuthDescriber({ prefix, adminRoles }: Service): (asked: Asked) => Described {
  const kept = new Map<string, Described>()
  return ({ dialect, server, role }) => {
    const admin = role === null || adminRoles().includes(role)
    const key = JSON.stringify([dialect, server, admin])
    const known = kept.get(key) ?? writeOperations({ dialect, server, prefix, admin })
    kept.delete(key)
    kept.set(key, known)
    const oldest = kept.size > KEPT_MAX ? kept.keys().next().value : undefined
    if (oldest !== undefined) kept.delete(oldest)
    return known
  }
}
