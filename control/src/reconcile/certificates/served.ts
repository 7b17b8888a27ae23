/** What the edge may serve with: the certificates there are, as far as their files lie where it reads them, and are whole. Pure. */
import { covers } from '../../acme/chain.ts'
import { CertificateFile, isFileOf } from '../../acme/file.ts'
import { inCharge } from '../../acme/held.ts'
import type { ServedCertificate } from '../../edge/certificates.ts'
import type { CertificateRow } from '../../store/tables/certificates.ts'
import type { CheckedRow, LookedPairs } from './pairs.ts'

export function servedOf(
  checked: readonly CheckedRow[],
  looked: LookedPairs,
  now: number,
): ServedCertificate[] {
  // A name that has changed hands has rows of both for a moment: neither stands in for the other.
  const byOwner = Map.groupBy(checked, ({ row: { name, ref } }) => `${name} ${ref ?? ''}`)
  return [...byOwner.values()].flatMap((own) => {
    const sound = own.filter(({ fault, isKept }) => fault === null || isKept)
    const row = inCharge(rowsOf(sound), now) ?? inCharge(rowsOf(own), now)
    if (!row) return []
    const { name } = row
    const isFree = (file: string) =>
      !checked.some((each) => each.row.file === file && each.row.ref !== row.ref)
    const isWhole = own.some((each) => each.row === row && each.fault === null)
    const file = isWhole ? row.file : fallback(row, looked, isFree)
    if (file === undefined) return []
    return [
      {
        ...{ name, names: row.names, owner: row.ref },
        file: CertificateFile.parse(file),
        trusted: isWhole && row.trusted,
        notAfter: row.notAfter.getTime(),
      },
    ]
  })
}

const rowsOf = (checked: readonly CheckedRow[]) => checked.map(({ row }) => row)

/**
 * A new one is known a moment before its files are written: until then the name keeps the one it had.
 *
 * @param isFree no other owner's row is about this file
 */
function fallback(
  { name, file: own }: CertificateRow,
  looked: LookedPairs,
  isFree: (file: string) => boolean,
): string | undefined {
  const found = [...looked].find(
    ([file, pair]) =>
      file !== own && isFileOf(name, file) && pair.fault === null && covers(pair.names, name) && isFree(file),
  )
  return found?.[0]
}
