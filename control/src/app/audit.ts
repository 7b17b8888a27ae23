/** The audit trail, as owners read it. */
import type { AuditVerdict } from '@cascata/shared/contract/audit'
import type { PageRequest } from '../store/cursor.ts'
import type { AppDeps } from './ports.ts'
import { viewAudit, viewPage } from './view.ts'

export const auditCases = ({ store }: AppDeps) => ({
  list: async (request: PageRequest & { target?: string | undefined }) =>
    viewPage(await store.audit.page(request), viewAudit),

  async verify(): Promise<AuditVerdict> {
    const verdict = await store.audit.verify()
    return {
      intact: verdict.intact,
      entries: verdict.rows,
      broken_at: verdict.intact ? null : verdict.brokenAt,
      last_hash: verdict.intact ? verdict.lastHash : null,
    }
  },
})
