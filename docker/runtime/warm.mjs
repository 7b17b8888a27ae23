/**
 * Runs once while the image is made: starts the runtime for a project that does not exist, lets it answer, and
 * ends it, so that Node writes down the code it compiled (functions that ran included).
 */
import { spawn } from 'node:child_process'
import { createHmac, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'

const KEPT = '/app/compiled'
const ANSWER_TIMEOUT_MS = 10_000
const work = '/tmp/warm'
const socketPath = `${work}/1.sock`
const secret = randomBytes(32).toString('hex')

/** A key of the project that does not exist, so that the code which checks keys runs too. */
function sign(role) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const exp = Math.floor(Date.now() / 1000) + 3600
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss: 'supabase', ref: 'warm', role, exp })}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}
const anon = sign('anon')

mkdirSync(work, { recursive: true })
writeFileSync(
  `${work}/project.json`,
  JSON.stringify({
    version: 1,
    ref: 'warm',
    generation: 1,
    url: 'http://warm.localhost',
    database: { host: work, password: 'none' },
    jwtSecret: secret,
    keys: { anon, serviceRole: sign('service_role') },
  }),
)

// The flags are part of the folder's name: they must be those of the image's command.
const child = spawn(process.execPath, [...process.execArgv, '/app/main.js'], {
  env: {
    ...process.env,
    NODE_COMPILE_CACHE: KEPT,
    CASCATA_PROJECT_FILE: `${work}/project.json`,
    CASCATA_SOCKET: socketPath,
  },
  stdio: 'inherit',
})
const ended = new Promise((resolve) => child.once('exit', resolve))

const answer = (path) =>
  new Promise((resolve) => {
    const asked = request(
      { socketPath, path, headers: { apikey: anon, authorization: `Bearer ${anon}` }, timeout: 2000 },
      (response) => {
        response.resume().on('end', () => resolve(true))
      },
    )
    asked
      .on('timeout', () => asked.destroy())
      .on('error', () => resolve(false))
      .end()
  })

const until = performance.now() + ANSWER_TIMEOUT_MS
while (!(await answer('/health/live')) && child.exitCode === null && performance.now() < until) await wait(50)
await answer('/rest/v1/warm?select=*')
await answer('/auth/v1/settings')
child.kill('SIGTERM')
const code = await Promise.race([ended, wait(ANSWER_TIMEOUT_MS)])
child.kill('SIGKILL')
rmSync(work, { recursive: true, force: true })
const kept = readdirSync(KEPT)
process.stdout.write(`runtime ended with ${code}; compiled code kept in ${kept.join(', ')}\n`)
if (kept.length === 0) process.exit(1)
