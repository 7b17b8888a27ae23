/** Who asks, and what they may see. The access table (http/access.ts) has judged the scope before a use case runs. */
import type { TokenScope } from '@cascata/shared/contract/tokens'
import { ProjectNotFound } from '@cascata/shared/problems/projects'
import type { Queries } from '../store/queries.ts'
import type { ProjectRow } from '../store/tables/projects.ts'

export type Caller = {
  tokenId: string
  scope: TokenScope
  /** Not null: the token is tied to this project, and nothing else exists for it. */
  projectRef: string | null
  requestId: string
}

export const actorOf = (caller: Caller): string => `token:${caller.tokenId}`

/** Throws the same problem for a project that is foreign as for one that is not there. */
export function assertSees(caller: Caller, ref: string): void {
  if (caller.projectRef !== null && caller.projectRef !== ref) throw ProjectNotFound()
}

export async function getProject(queries: Queries, caller: Caller, ref: string): Promise<ProjectRow> {
  assertSees(caller, ref)
  return queries.projects.get(ref)
}

/**
 * Whether an operation or backup of `ref` belongs to what the caller may see. A tied token sees nothing of an earlier
 * project that had the same ref.
 */
export async function seesPast(
  queries: Queries,
  caller: Caller,
  row: { ref: string; createdAt: string },
): Promise<boolean> {
  if (caller.projectRef === null) return true
  if (caller.projectRef !== row.ref) return false
  const project = await queries.projects.find(row.ref)
  return project !== undefined && Date.parse(row.createdAt) >= Date.parse(project.createdAt)
}
