/**
 * Makes sure a Docker engine answers at the configured socket: one that runs is used as it is, one that is
 * installed is started, and where there is none the distribution's is installed. It is never stopped from here.
 */
import { spawn } from 'node:child_process'
import { mkdir, open, readdir, readFile, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { aptInstall } from './apt.mjs'
import { childEnv, config } from './config.mjs'
import { has, run } from './process.mjs'

const START_TIMEOUT_MS = 60_000
const PING_TIMEOUT_MS = 5_000
const DEFAULT_SOCKETS = ['/var/run/docker.sock', '/run/docker.sock']

/** Resolves to `false` when the engine was running and its client is there, else to what was done. */
export async function ensureEngine(report, { socket = config.socket } = {}) {
  const done = []
  if (!(await answers(socket))) {
    mayInstall(socket)
    if (!(await has('dockerd'))) {
      report('installing docker.io')
      await installEngine()
      done.push('installed')
    }
    if (!(await answers(socket))) {
      report('starting')
      await startEngine(socket)
      done.push('started')
    }
  }
  if (!(await has('docker'))) {
    report('installing the docker client')
    await installClient()
    done.push('client installed')
  }
  return done.length === 0 ? false : done.join(', ')
}

/** Whether an engine answers `GET /_ping` at this socket. */
export const answers = (socket) =>
  new Promise((resolve) => {
    const asked = request({ socketPath: socket, path: '/_ping', timeout: PING_TIMEOUT_MS }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode === 200))
    })
    asked
      .on('timeout', () => asked.destroy())
      .on('error', () => resolve(false))
      .end()
  })

function mayInstall(socket) {
  if (!DEFAULT_SOCKETS.includes(socket)) {
    throw new Error(
      `No Docker engine answers at ${socket} (CASCATA_DOCKER_SOCKET). Start it, or leave the name unset.`,
    )
  }
  if (process.getuid?.() !== 0) {
    throw new Error(
      `No Docker engine answers at ${socket}, and only root may install or start one. ` +
        'Run this as root, or start Docker and let this user into its group.',
    )
  }
}

async function installEngine() {
  if (!(await has('apt-get'))) {
    throw new Error(
      'No Docker engine is installed, and there is no apt to install one with. Install Docker, then run this again.',
    )
  }
  await aptInstall(['docker.io', 'iptables', 'ca-certificates'])
}

/** Debian keeps the client in a package of its own from trixie on. */
async function installClient() {
  if (!(await has('apt-get')))
    throw new Error('The `docker` command is missing. Install the Docker client, then run this again.')
  await aptInstall(['docker-cli']).catch(() => aptInstall(['docker.io']))
}

async function startEngine(socket) {
  if (await exists('/run/systemd/system')) {
    await run(['systemctl', 'enable', '--now', 'docker'], { env: childEnv, timeoutMs: START_TIMEOUT_MS })
    return untilAnswers(socket, { hint: 'See `journalctl -u docker`.', died: () => false })
  }
  await mountCgroups()
  return startByHand(socket)
}

/** Without a service manager: a process of its own session, which outlives this one and its terminal. */
async function startByHand(socket) {
  const log = join(config.state, 'dockerd.log')
  await mkdir(config.state, { recursive: true })
  const file = await open(log, 'a')
  const { DOCKER_HOST: _client, ...env } = childEnv
  const engine = spawn('dockerd', ['--host', `unix://${socket}`], {
    detached: true,
    stdio: ['ignore', file.fd, file.fd],
    cwd: '/',
    env,
  })
  let ended
  engine.once('error', (error) => {
    ended = error.message
  })
  engine.once('exit', (code) => {
    ended = `exit code ${code}`
  })
  engine.unref()
  await file.close()
  await untilAnswers(socket, {
    hint: `See ${log}.`,
    died: () => ended,
    last: async () => (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-5).join('\n'),
  })
}

async function untilAnswers(socket, { hint, died, last = async () => '' }) {
  const until = performance.now() + START_TIMEOUT_MS
  while (!(await answers(socket))) {
    // Installing the package may have started one already, and two exclude each other: that one counts as well.
    const end = !(await anotherRuns()) && died()
    if (end || performance.now() > until) {
      const what = end ? `ended at once (${end})` : `did not answer within ${START_TIMEOUT_MS / 1000} s`
      throw new Error(`The Docker engine ${what}. ${hint}\n${await last()}`.trim())
    }
    await wait(100)
  }
}

const anotherRuns = async () => {
  const pid = (await readFile('/var/run/docker.pid', 'utf8').catch(() => '')).trim()
  return pid !== '' && exists(`/proc/${pid}`)
}

/** A bare container-like machine may have no cgroups mounted, without which no engine starts. */
async function mountCgroups() {
  const there = await readdir('/sys/fs/cgroup').catch(() => [])
  if (there.length > 0) return
  if ((await readFile('/proc/filesystems', 'utf8')).includes('cgroup2')) {
    await run(['mount', '-t', 'cgroup2', 'cgroup2', '/sys/fs/cgroup'])
  }
}

const exists = (path) =>
  stat(path).then(
    () => true,
    () => false,
  )
