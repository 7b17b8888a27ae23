/** Flat or not. Pure. */

export type Sample = {
  /** Requests done before it. */
  at: number
  /** Resident memory of the runtime. */
  rssMb: number
  /** Its JavaScript heap, and buffers beside it, after a full collection. */
  heapMb: number
  externalMb: number
  /** Memory of the database's processes that is not files. */
  dbMb: number
}

export type Growth = {
  what: Exclude<keyof Sample, 'at'>
  /** Means of the second and the last tenth: in the first, caches fill. */
  secondMb: number
  lastMb: number
  bytesEach: number
  flat: boolean
}

/** What may lie between two means by chance: a share of the first, or so many MB, whichever is more. */
const TOLERANCE: Record<Growth['what'], { share: number; mb: number }> = {
  rssMb: { share: 0.1, mb: 8 },
  heapMb: { share: 0.05, mb: 1 },
  externalMb: { share: 0.05, mb: 1 },
  // Postgres never gives back what a connection has cached of the catalog, and takes it in steps of MBs.
  dbMb: { share: 0.15, mb: 16 },
}

/** @throws when a tenth holds no sample. */
export function judge(samples: readonly Sample[], requests: number): Growth[] {
  const tenth = (from: number) => {
    const of = samples.filter(({ at }) => at > from * requests && at <= (from + 0.1) * requests)
    if (of.length === 0) throw new Error('too few samples to judge')
    return (what: Growth['what']) => of.reduce((sum, sample) => sum + sample[what], 0) / of.length
  }
  const [second, last] = [tenth(0.1), tenth(0.9)]
  return (Object.keys(TOLERANCE) as Growth['what'][]).map((what) => {
    const [secondMb, lastMb] = [second(what), last(what)]
    const { share, mb } = TOLERANCE[what]
    const bytesEach = ((lastMb - secondMb) * 2 ** 20) / (0.8 * requests)
    return { what, secondMb, lastMb, bytesEach, flat: lastMb - secondMb <= Math.max(secondMb * share, mb) }
  })
}
