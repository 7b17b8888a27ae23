/** What the edge may serve with: the certificates there are, as far as their files lie where it reads them. */
import type { Clock } from '@cascata/shared/clock'
import { CertificateFile, fileNameOf } from '../../acme/file.ts'
import { inCharge } from '../../acme/held.ts'
import type { Files } from '../../adapters/files.ts'
import type { ServedCertificate } from '../../edge/certificates.ts'
import type { Paths } from '../../paths.ts'
import type { CertificateRow } from '../../store/tables/certificates.ts'

type Given = {
  store: { certificates: { list(): Promise<readonly CertificateRow[]> } }
  files: Pick<Files, 'list'>
  paths: Pick<Paths, 'edgeCertificates'>
  clock: Clock
}

export async function servedCertificates({
  store,
  files,
  paths,
  clock,
}: Given): Promise<ServedCertificate[]> {
  const [rows, names] = await Promise.all([store.certificates.list(), files.list(paths.edgeCertificates)])
  return servedOf(rows, new Set(names), clock.now())
}

/** Pure. */
export function servedOf(
  rows: readonly CertificateRow[],
  there: ReadonlySet<string>,
  now: number,
): ServedCertificate[] {
  return [...Map.groupBy(rows, ({ name }) => name)].flatMap(([name, own]) => {
    const row = inCharge(own, now)
    if (!row) return []
    const file = isWhole(there, row.file) ? row.file : fallback(name, there)
    if (file === undefined) return []
    const isOwn = file === row.file
    return [
      {
        names: row.names,
        file: CertificateFile.parse(file),
        trusted: isOwn,
        notAfter: row.notAfter.getTime(),
      },
    ]
  })
}

const isWhole = (there: ReadonlySet<string>, file: string) =>
  there.has(`${file}.crt`) && there.has(`${file}.key`)

/** A new one is known a moment before its files are written: until then the name keeps the one it had. */
function fallback(name: string, there: ReadonlySet<string>): string | undefined {
  const base = fileNameOf(name, '00000000').slice(0, -'00000000'.length)
  return [...there]
    .filter((each) => each.startsWith(base) && each.endsWith('.crt'))
    .map((each) => each.slice(0, -'.crt'.length))
    .find((file) => /^[0-9a-f]{8}$/.test(file.slice(base.length)) && isWhole(there, file))
}
