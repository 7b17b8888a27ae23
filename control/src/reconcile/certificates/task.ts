/**
 * Keeps a certificate for each name that is served: asks for it, renews it, and lays it where the edge reads it.
 *
 * Which name may be served, and by whom, is decided elsewhere; what the edge does with the files, too.
 */
import { join } from 'node:path'
import { z } from 'zod'
import { LEDGER_MS } from '../../acme/limits.ts'
import { EDGE_UID } from '../../paths.ts'
import { pairsNamedIn } from '../edge/whole.ts'
import { type Pass, problemAt, type Task } from '../task.ts'
import { saidIn } from '../written.ts'
import { type Advance, type Advanced, advanceOrder } from './advance.ts'
import { applyCertificateStep, forgetOldEntries, ownerOf } from './apply.ts'
import { type CertificateStep, type CertificatesObserved, planCertificates } from './plan.ts'
import { wantedCertificates } from './wanted.ts'
import type { CertificatesWorld } from './world.ts'

export type CertificatesDeps = CertificatesWorld & {
  domain: string
  /** Digest of what the edge serves, as it says itself; null when it does not answer. */
  serving(): Promise<string | null>
  /** There are other files for the edge. */
  changed(): void
}

const EVERY_MS = 60_000
/** Orders that are brought on side by side. */
const AT_ONCE = 4
/** What failed has a pause of its own, kept in its row: this is for what stands beside it. */
const AFTER_FAILURE_MS = 5_000
const PRUNE_EVERY_MS = 24 * 3_600_000

export function certificatesTask(deps: CertificatesDeps): Task {
  let prunedAt = 0
  return {
    name: 'certificates',
    everyMs: EVERY_MS,
    async run(signal) {
      const { clock } = deps
      const { steps, wakeAt } = planCertificates(await observe(deps))
      const pass = new Passing(deps)
      for (const step of steps) {
        signal.throwIfAborted()
        if (step.do !== 'acme.advance') await pass.apply(step)
      }
      const waits = await pass.advance(
        steps.filter((step) => step.do === 'acme.advance'),
        signal,
      )
      if (clock.now() - prunedAt > PRUNE_EVERY_MS) {
        await forgetOldEntries(deps)
        prunedAt = clock.now()
      }
      return pass.result(Math.min(wakeAt - clock.now(), ...waits))
    },
  }
}

/** What one pass does. */
class Passing {
  readonly #deps: CertificatesDeps
  readonly #applied: string[] = []
  readonly #failed: { what: string; error: unknown }[] = []
  #isMoreDue = false

  constructor(deps: CertificatesDeps) {
    this.#deps = deps
  }

  async apply(step: Exclude<CertificateStep, Advance>): Promise<void> {
    const name = `${ownerOf(step)}.${step.do}` as const
    try {
      await this.#deps.effects.run(name, () => applyCertificateStep(this.#deps, step))
    } catch (error) {
      this.#failed.push({ what: name, error: problemAt(step.do, error) })
      return
    }
    // A look at the window, and another moment in it, is no change of anything.
    if (step.do !== 'acme.window') this.#applied.push(name)
    if (step.do === 'certificate.write' || step.do === 'certificate.forget') this.#deps.changed()
    this.#isMoreDue ||= step.do !== 'acme.postpone'
  }

  /** @returns after how long to look at each that is still under way */
  async advance(steps: readonly Advance[], signal: AbortSignal): Promise<number[]> {
    const { authority } = this.#deps
    if (!authority) return []
    const waits: number[] = []
    const queue = [...steps]
    const worker = async () => {
      for (let step = queue.shift(); step && !signal.aborted; step = queue.shift()) {
        const advanced = await this.#advanceOne({ ...this.#deps, authority }, step, signal)
        if (typeof advanced?.waitMs === 'number') waits.push(advanced.waitMs)
        this.#isMoreDue ||= advanced === undefined || advanced.stored
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    signal.throwIfAborted()
    return waits
  }

  async #advanceOne(
    world: Parameters<typeof advanceOrder>[0],
    step: Advance,
    signal: AbortSignal,
  ): Promise<Advanced | undefined> {
    const what = `${ownerOf(step)}.acme.advance ${step.wanted.name}`
    try {
      const advanced = await advanceOrder(world, step, signal)
      if (advanced.stored) this.#applied.push(what)
      return advanced
    } catch (error) {
      signal.throwIfAborted()
      this.#failed.push({ what, error })
      return undefined
    }
  }

  /** What was changed here may have made something else due: files to write, proofs to take down. */
  result(waitMs: number): Pass {
    const isMoreDue = this.#isMoreDue && this.#failed.length === 0
    const soonest = isMoreDue ? 0 : this.#failed.length > 0 ? Math.min(waitMs, AFTER_FAILURE_MS) : waitMs
    const again = Number.isFinite(soonest) ? { againInMs: Math.max(soonest, 0) } : {}
    return { applied: this.#applied, failed: this.#failed, ...again }
  }
}

async function observe(deps: CertificatesDeps): Promise<CertificatesObserved> {
  const { store, files, paths, pairs, authority, clock, domain } = deps
  const now = clock.now()
  const directory = authority?.directory ?? null
  const readable = { uid: 0, gid: EDGE_UID, mode: 0o750 }
  const [projects, attached, held, orders, ledger, provider] = await Promise.all([
    store.projects.list(),
    store.certificates.listNames(),
    store.certificates.list(),
    store.certificates.orders.list(),
    directory === null ? [] : store.certificates.ledger.list(directory, new Date(now - LEDGER_MS)),
    deps.dnsProvider(),
  ])
  const [unsound, there, looked, challenges, inUse] = await Promise.all([
    files.unsound([
      { path: paths.edgeCertificates, ...readable },
      { path: paths.edgeChallenges, ...readable },
    ]),
    files.list(paths.edgeCertificates),
    pairs.look(),
    files.list(paths.edgeChallenges),
    filesInUse(deps),
  ])
  const refs = projects.filter(({ desired }) => desired !== 'deleted').map(({ ref }) => ref)
  // A deleted project may be brought back for a while, and is then served at once.
  const known = new Set(projects.map(({ ref }) => ref))
  const isAttached = (of: { name: string; ref: string }) =>
    attached.some(({ name, ref }) => name === of.name && ref === of.ref)
  const names = { domain, attached, refs, hasDnsProvider: provider !== null }
  const wanted = wantedCertificates(directory === null ? { ...names, domain: 'localhost' } : names)
  const damaged = pairs.check(held, looked).filter(({ fault }) => fault !== null)
  const rowsOf = (isKept: boolean) =>
    new Set(damaged.filter((each) => each.isKept === isKept).map(({ row }) => row))
  return {
    ...{ now, directory, wanted, held, orders, ledger, unsound, challenges, inUse },
    ...{ unwritten: rowsOf(true), lost: rowsOf(false) },
    files: there,
    mayOutlive: ({ name, ref }) =>
      ref === null
        ? name === domain || name === `*.${domain}`
        : known.has(ref) && (name === `${ref}.${domain}` || isAttached({ name, ref })),
  }
}

const Manifest = z.object({ digest: z.string() })

/** Null while the edge serves something else than the configuration that is its current one. */
async function filesInUse({ files, paths, serving }: CertificatesDeps): Promise<Set<string> | null> {
  const [manifest, text, digest] = await Promise.all([
    files.read(join(paths.edge, 'current', 'manifest.json')),
    files.read(join(paths.edge, 'current', 'nginx.conf')),
    serving(),
  ])
  if (text === null || digest === null || saidIn(Manifest, manifest)?.digest !== digest) return null
  return new Set(pairsNamedIn(text))
}
