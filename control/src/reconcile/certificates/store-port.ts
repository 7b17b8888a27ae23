/** What of the store this reconciler uses: its own tables, and whose names there are. */
import type { Queries } from '../../store/queries.ts'

type Certificates = Queries['certificates']

export type CertificateTables = Omit<Certificates, 'listNames'>

export type CertificateStore = {
  certificates: Certificates
  projects: { list(): Promise<readonly { ref: string; desired: string }[]> }
  transaction<Result>(
    work: (queries: { certificates: CertificateTables }) => Promise<Result>,
  ): Promise<Result>
}
