/** Which of a name's certificates serves it, and until when that needs nobody's care. Pure. */
import type { CertificateSource } from './port.ts'
import { dueByLife } from './renewal.ts'

export type Held = {
  name: string
  source: CertificateSource
  notBefore: Date
  notAfter: Date
  renewAt: Date | null
}

const lifeOf = ({ notBefore, notAfter }: Held) => ({
  notBefore: notBefore.getTime(),
  notAfter: notAfter.getTime(),
})

/** When the one to take its place is to be asked for. */
export const dueOf = (held: Held): number => held.renewAt?.getTime() ?? dueByLife(lifeOf(held))

/** An uploaded one serves until it is near its end; then the authority's takes over, if there is one. */
export function inCharge<Row extends Held>(rows: readonly Row[], now: number): Row | undefined {
  const of = (source: CertificateSource) => rows.find((row) => row.source === source)
  const [upload, acme] = [of('upload'), of('acme')]
  const lives = (row: Row | undefined) => row !== undefined && row.notAfter.getTime() > now
  if (upload && now < dueOf(upload)) return upload
  if (lives(acme)) return acme
  if (lives(upload)) return upload
  return acme ?? upload
}
