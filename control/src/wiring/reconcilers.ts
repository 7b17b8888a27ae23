/** The reconcilers over the real world, and what wakes them: the API, one another, and the engine's events. */
import { holds as isWithin } from '@cascata/shared/cidr'
import { StoreUnavailable } from '@cascata/shared/problems/request'
import { projectActivity } from '../adapters/activity.ts'
import { diskUsage } from '../adapters/disk-usage.ts'
import { edgeProbe } from '../adapters/edge-probe.ts'
import { nodeFiles } from '../adapters/files.ts'
import { machineTimes } from '../adapters/machine.ts'
import { nameProof } from '../adapters/name-proof.ts'
import { isPublicAddress } from '../adapters/public-address.ts'
import { openSecrets } from '../adapters/project-secrets.ts'
import { isReady, loadOf, lookAt, waitUntilReady } from '../adapters/readiness.ts'
import { redisUsers } from '../adapters/redis-users.ts'
import { tenantDatabase } from '../adapters/tenant-database.ts'
import { selfSigned } from '../edge/certificate.ts'
import type { EngineEvent } from '../engine/engine.ts'
import { mendCertificates } from '../reconcile/certificates/mend.ts'
import { servedOf } from '../reconcile/certificates/served.ts'
import { countersTask } from '../reconcile/counters/task.ts'
import { controlLogin } from '../reconcile/counters/users.ts'
import { diskTask } from '../reconcile/disk/task.ts'
import { isFull } from '../reconcile/disk/usages.ts'
import { domainsTask } from '../reconcile/domains/task.ts'
import { type Driver, startDriver } from '../reconcile/driver.ts'
import { edgeTask, servedNow } from '../reconcile/edge/task.ts'
import { fairnessTask } from '../reconcile/fairness/task.ts'
import { type Charge, whileInCharge } from '../reconcile/in-charge.ts'
import { projectsTask } from '../reconcile/projects/task.ts'
import type { Waker } from '../reconcile/projects/waking.ts'
import { pulseTask } from '../reconcile/pulse/task.ts'
import { scaleTask } from '../reconcile/scale/task.ts'
import { type Holds, openHolds } from '../reconcile/sleep/holds.ts'
import { sleepTask } from '../reconcile/sleep/task.ts'
import { systemTask } from '../reconcile/system/task.ts'
import type { Store } from '../store/open.ts'
import { instanceCertificates } from './certificates.ts'
import type { Parts } from './parts.ts'
import { openPooler } from './pooler.ts'

export type Reconcilers = Driver & Waker & Pick<Holds, 'hold'>

type Given = { store: Store; charge: Charge }

export function startReconcilers(parts: Parts, { store, charge }: Given): Reconcilers {
  const { engine, site, effects, clock, log, seal, urls, config, templates, targets, pulses, usages, pairs } =
    parts
  const wake: { driver?: Driver } = {}
  const changed = () => wake.driver?.kick('projects', 'edge', 'pooler')
  const control = controlLogin(seal)
  const common = { engine, files: nodeFiles, effects, site, control }
  const activity = projectActivity((ref) => site.paths.project(ref).http)
  // What control did with it counts as its last use.
  const holds = openHolds((ref) => void activity.touch(ref))
  const edge = {
    ...common,
    probe: edgeProbe(site.paths.edgeProbe),
    domain: config.domain,
    controlUrl: urls.controlUrl,
    trustedProxies: config.trustedProxies,
    makeCertificate: selfSigned,
    pairs,
  }
  const paced = {
    store,
    targets,
    pulses,
    readiness: { isReady, waitUntilReady },
    changed,
    holds,
    clock,
    random: Math.random,
  }
  // What it no longer serves with may be taken away.
  const edgeChanged = () => wake.driver?.kick('projects', 'edge', 'certificates')
  const edgeReconciler = edgeTask({ ...edge, ...paced, changed: edgeChanged })
  const openSecretsOf = (row: { ref: string; secrets: string }) => openSecrets(seal, row)
  const wakeInCharge: Waker['wake'] = async (ref) => {
    if (!charge.held()) throw StoreUnavailable()
    return projects.wake(ref)
  }
  const pooler = openPooler(parts, {
    ...paced,
    ...common,
    async certificates() {
      const { checked, looked } = await mendCertificates({ store, pairs, effects })
      return servedOf(checked, looked, clock.now())
    },
    openSecrets: openSecretsOf,
    touch: activity.touch,
    wakeProject: wakeInCharge,
    kick: (...names) => wake.driver?.kick(...names),
  })
  const database = tenantDatabase(templates, engine)
  const projects = projectsTask({
    ...common,
    ...paced,
    database,
    isFull: (ref) => isFull(usages.of(ref)),
    openSecrets: openSecretsOf,
    pooler: pooler.task,
    urlOf: urls.projectUrl,
    served: () => servedNow(edge),
    edgeTrouble: edgeReconciler.trouble,
    log,
  })
  // A proxy of one's own may stand in one's own network.
  const isAsked = (address: string) =>
    isPublicAddress(address) || config.trustedProxies.some((range) => isWithin(range, address))
  const domains = domainsTask({
    ...{ domains: store.domains, names: parts.names, place: parts.place.now, clock },
    ...{ answers: nameProof({ isAsked }), proven: edgeChanged },
  })
  const pulse = pulseTask({ ...common, ...paced, activity, lookAt })
  const scale = scaleTask({ ...common, ...paced, loadOf })
  const disk = diskTask({
    ...{ ...common, ...paced, disk: diskUsage, usages },
    endSessions: (ref) => database.endSessions(site.paths.project(ref).dbSocketDir),
  })
  const sleep = sleepTask({ ...paced, activity, usual: config.sleepAfterMinutes, effects, log })
  const certificates = instanceCertificates(parts, store, { probe: edge.probe, changed })
  const counters = countersTask({
    ...{ ...common, ...paced, log, openSecrets: openSecretsOf },
    redisUsers: redisUsers({ path: site.paths.redisSocket, ...control }),
  })
  const own = [edgeReconciler, pooler.task, domains, certificates, counters]
  const fairness = fairnessTask({ engine, machine: machineTimes, clock })
  const charged = [...own, projects, pulse, scale, disk, sleep, fairness].map((task) =>
    whileInCharge(task, charge),
  )
  // Without charge, too: it brings the database back in which the lock is.
  const driver = startDriver([systemTask(common), ...charged], log)
  wake.driver = driver

  const watching = new AbortController()
  const watched = watch(engine.events(watching.signal), driver)
  return {
    kick: driver.kick,
    hold: holds.hold,
    wake: wakeInCharge,
    async stop() {
      watching.abort()
      pooler.close()
      await driver.stop()
      await projects.idle()
      await watched
    },
  }
}

const TASKS: Record<EngineEvent['role'], readonly string[]> = {
  db: ['projects', 'pooler'],
  runtime: ['projects'],
  edge: ['edge'],
  pooler: ['pooler'],
  redis: ['system', 'counters'],
  meta: ['system'],
  control: [],
}

/** Docker tells that a container died before its own list shows it (20.10 does), the later the busier it is. */
const LOOK_AGAIN_MS = [200, 1_000]

/** A container that ends or goes away is looked at soon, not at the next turn of the timer. */
async function watch(events: AsyncIterable<EngineEvent>, driver: Driver): Promise<void> {
  for await (const { role, action } of events) {
    const tasks = TASKS[role]
    if (tasks.length === 0 || (action !== 'die' && action !== 'destroy')) continue
    driver.kick(...tasks)
    if (action === 'die') for (const ms of LOOK_AGAIN_MS) setTimeout(() => driver.kick(...tasks), ms).unref()
  }
}
