/**
 * Writes the files of certificates anew that are not what the store has. Done before a configuration is made, so that
 * a damage that can be mended costs no name its certificate; what cannot be mended costs its own names theirs.
 */
import type { CertificateRow } from '../../store/tables/certificates.ts'
import type { EffectName, Effects } from '../effects.ts'
import { type Failure, problemAt } from '../task.ts'
import type { CertificatePairs, CheckedRow, LookedPairs } from './pairs.ts'

type Given = {
  store: { certificates: { list(): Promise<CertificateRow[]> } }
  pairs: Pick<CertificatePairs, 'look' | 'check' | 'write'>
  effects: Effects
}

/** How they are after it. */
export type Mended = { checked: CheckedRow[]; looked: LookedPairs; applied: string[]; failed: Failure[] }

export async function mendCertificates({ store, pairs, effects }: Given): Promise<Mended> {
  const [rows, looked] = await Promise.all([store.certificates.list(), pairs.look()])
  const checked = pairs.check(rows, looked)
  const [applied, failed]: [string[], Failure[]] = [[], []]
  for (const { row, fault, isKept } of checked) {
    if (fault === null || !isKept) continue
    const name: EffectName = `${row.ref ?? '_system'}.certificate.write`
    try {
      await effects.run(name, () => pairs.write(row))
      applied.push(name)
    } catch (error) {
      failed.push({ what: name, error: problemAt('certificate.write', error) })
    }
  }
  if (applied.length === 0) return { checked, looked, applied, failed }
  const after = await pairs.look()
  return { checked: pairs.check(rows, after), looked: after, applied, failed }
}
