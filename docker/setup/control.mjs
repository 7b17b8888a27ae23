/**
 * The one container that the set-up starts itself; control makes all others. Its labels say from which image and
 * configuration it was made: the same again is left alone, anything else is replaced. What it keeps is in the home.
 */
import { mkdir } from 'node:fs/promises'
import { request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { findImage } from '../base/base.mjs'
import { hostAt } from './bind.mjs'
import { childEnv, config } from './config.mjs'
import { digest } from './digest.mjs'
import { imageTag } from './images.mjs'
import { attempt, run } from './process.mjs'

const READY_TIMEOUT_MS = 180_000
const STOP_TIMEOUT_S = 30
/** Where it sees the machine's control groups: what each container uses, at no cost, and who is to give way. */
const CGROUPS = '/run/cgroup'
const name = `${config.instance}-control`

const environment = () => ({
  CASCATA_HOME: config.home,
  CASCATA_DOMAIN: config.domain,
  CASCATA_INSTANCE: config.instance,
  CASCATA_HTTP_PORT: String(config.httpPort),
  CASCATA_HTTPS_PORT: String(config.httpsPort),
  CASCATA_DB_SESSION_PORT: String(config.dbSessionPort),
  CASCATA_DB_TRANSACTION_PORT: String(config.dbTransactionPort),
  CASCATA_BIND: config.bind.join(','),
  CASCATA_IMAGE_TAG: config.tag,
  CASCATA_DOCKER_SOCKET: '/var/run/docker.sock',
  CASCATA_CGROUPS: CGROUPS,
  CASCATA_LOG_LEVEL: config.logLevel,
  ...config.passed,
})

/** `docker run` arguments. Control is root: it owns the projects' files and has the engine's socket anyway. */
const createArguments = () => [
  ...['--detach', '--name', name, '--hostname', name, '--restart', 'unless-stopped', '--init'],
  ...['--label', `dev.cascata.instance=${config.instance}`, '--label', 'dev.cascata.project=_system'],
  ...['--label', 'dev.cascata.role=control'],
  ...['--mount', `type=bind,source=${config.socket},target=/var/run/docker.sock`],
  ...['--mount', `type=bind,source=${config.home},target=${config.home}`],
  ...['--mount', `type=bind,source=/sys/fs/cgroup,target=${CGROUPS}`],
  ...['--read-only', '--tmpfs', '/tmp:rw,nosuid,nodev,size=256m'],
  ...['--security-opt', 'no-new-privileges', '--cap-drop', 'ALL'],
  // Files of many owners: it makes them, hands them over and reads them again.
  ...['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'].flatMap((capability) => ['--cap-add', capability]),
  // Twice that of a project's container, where processors are short.
  ...['--cpu-shares', '2048'],
  ...['--memory', '1g', '--pids-limit', '512', '--stop-timeout', String(STOP_TIMEOUT_S)],
  ...['--log-driver', 'json-file', '--log-opt', 'max-size=10m', '--log-opt', 'max-file=3'],
  ...Object.entries(environment()).flatMap(([key, value]) => ['--env', `${key}=${value}`]),
]

/** Resolves to whether the container had to be made or started. */
export async function ensureControl(report) {
  const image = await findImage(imageTag('control'))
  if (!image) throw new Error(`There is no image ${imageTag('control')}.`)
  await mkdir(config.home, { recursive: true, mode: 0o755 })
  const wanted = digest([image.id, ...createArguments()])
  const present = await findContainer()
  if (present?.spec === wanted && present.state === 'running') return false
  if (present?.spec === wanted && present.state === 'exited') {
    report('starting')
    await run(['docker', 'start', name], { env: childEnv })
    return 'started'
  }
  if (present) {
    report('replacing the running one')
    await attempt(['docker', 'stop', '--time', String(STOP_TIMEOUT_S), name], { env: childEnv })
    await run(['docker', 'rm', '--force', name], { env: childEnv })
  }
  const create = [
    'docker',
    'run',
    ...createArguments(),
    '--label',
    `dev.cascata.spec=${wanted}`,
    imageTag('control'),
  ]
  await run(create, { env: childEnv })
  return present ? 'replaced' : 'created'
}

async function findContainer() {
  const found = await attempt(['docker', 'container', 'inspect', name], { env: childEnv })
  if (!found) return undefined
  const [container] = JSON.parse(found.stdout)
  return { spec: container.Config.Labels?.['dev.cascata.spec'], state: container.State.Status }
}

/** Waits until control says, through the edge, that it is ready; a container that ended says why. */
export async function waitReady(report) {
  const until = performance.now() + READY_TIMEOUT_MS
  for (;;) {
    if (await answersReady()) return
    const state = (await findContainer())?.state
    if (state !== 'running' && state !== 'created' && state !== 'restarting') {
      throw new Error(`Control is ${state ?? 'gone'}.\n${await lastLogs()}`)
    }
    if (performance.now() > until) {
      throw new Error(`Control was not ready within ${READY_TIMEOUT_MS / 1000} s.\n${await lastLogs()}`)
    }
    report(state === 'restarting' ? 'it ended and starts again' : 'waiting for control and the edge')
    await wait(100)
  }
}

const answersReady = () =>
  new Promise((resolve) => {
    const host = hostAt(config.bind)
    const headers = { host: config.domain }
    const asked = request(
      { host, port: config.httpPort, path: '/health/ready', headers, timeout: 2000 },
      (response) => {
        response.resume().on('end', () => resolve(response.statusCode === 200))
      },
    )
    asked
      .on('timeout', () => asked.destroy())
      .on('error', () => resolve(false))
      .end()
  })

const lastLogs = async () => {
  const logs = await attempt(['docker', 'logs', '--tail', '20', name], { env: childEnv })
  return logs ? `${logs.stdout}${logs.stderr}`.trim() : ''
}

/** The one-time token that control printed last, undefined when it printed none. */
export async function readClaim() {
  const logs = await run(['docker', 'logs', name], { env: childEnv })
  return lastClaim(`${logs.stdout}${logs.stderr}`)
}

/** A fresh one, which root of the machine may always ask for; the audit has it. */
export async function newClaim() {
  const argv = ['docker', 'exec', name, 'node', '/app/main.js', 'admin-link']
  const { stdout } = await run(argv, { env: childEnv, timeoutMs: 60_000 })
  return lastClaim(stdout)
}

const lastClaim = (text) =>
  [...text.matchAll(/Admin link \([^)]*\): \S*\/claim#(?:token=)?([\w.~+/-]+)/g)].at(-1)?.[1]
