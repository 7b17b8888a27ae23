/** Whether the time of a refusal tells if there is somebody: sign-ins by turns of a user and of nobody, each with a wrong password. */
import { median, percentile } from '../figures.ts'
import { createAsker, PASSWORD, type Place, signUp } from './ask.ts'

export type TimingFigures = {
  signIns: number
  existing: { p50: number; p95: number }
  missing: { p50: number; p95: number }
  /** Of the medians, ms. */
  difference: number
  /** Distinct answers of both: one is what is wanted. */
  answers: string[]
}

const WARM_UP = 20

export async function benchTiming(place: Place, signIns: number): Promise<TimingFigures> {
  const asker = createAsker(place, 1)
  const email = `timed-${Date.now()}@example.com`
  await signUp(asker, email)
  const [existing, missing]: [number[], number[]] = [[], []]
  const answers = new Set<string>()
  for (let at = -WARM_UP; at < signIns; at += 1) {
    // In pairs, each in an order of its own: what comes and goes on the machine meets both.
    const isThere = (at & 1) === 0 ? Math.random() < 0.5 : existing.length < missing.length
    const who = isThere ? email : `nobody-${at}-${Date.now()}@example.com`
    const { status, ms, text } = await asker.post('/token?grant_type=password', {
      ...{ email: who, password: `${PASSWORD} but another` },
    })
    if (at < 0) continue
    answers.add(`${status} ${text}`)
    ;(isThere ? existing : missing).push(ms)
  }
  asker.close()
  const of = (each: number[]) => {
    const sorted = each.toSorted((a, b) => a - b)
    return { p50: median(sorted), p95: percentile(sorted, 0.95) }
  }
  const figures = { existing: of(existing), missing: of(missing) }
  return {
    ...{ signIns, ...figures, answers: [...answers] },
    difference: Math.abs(figures.existing.p50 - figures.missing.p50),
  }
}
