/**
 * Runs other programs: argv arrays, never a shell. What is still running when this process is told to stop is
 * told to stop too; what must outlive it (the Docker engine) is not started here.
 */
import { spawn } from 'node:child_process'

const running = new Set()

/** A program that ended badly. `output` is the end of what it said. */
export class CommandFailed extends Error {
  name = 'CommandFailed'

  constructor(argv, reason, output) {
    super(`${argv.slice(0, 4).join(' ')}${argv.length > 4 ? ' ...' : ''}: ${reason}`)
    this.output = output
  }
}

const OUTPUT_CHARS_MAX = 4 * 1024 * 1024

const killAfter = (child, ms) => (ms ? setTimeout(() => child.kill('SIGKILL'), ms) : undefined)

/**
 * Resolves to `{stdout, stderr}`; rejects with `CommandFailed`.
 *
 * `input` is text for its stdin, or a child process whose stdout becomes it. `onLine` sees each line as it comes.
 * `idleMs` ends a program that has said nothing for so long, `timeoutMs` one that takes longer altogether.
 */
export function run(argv, options = {}) {
  const { cwd, env, input, onLine, timeoutMs, idleMs, inherit = false } = options
  const [command, ...args] = argv
  const child = spawn(command, args, {
    cwd,
    env: env ?? process.env,
    stdio: [
      input === undefined ? 'ignore' : 'pipe',
      inherit ? 'inherit' : 'pipe',
      inherit ? 'inherit' : 'pipe',
    ],
  })
  running.add(child)
  const said = { stdout: '', stderr: '' }
  const whole = killAfter(child, timeoutMs)
  let idle = killAfter(child, idleMs)
  for (const name of inherit ? [] : ['stdout', 'stderr']) {
    let rest = ''
    child[name].setEncoding('utf8').on('data', (text) => {
      clearTimeout(idle)
      idle = killAfter(child, idleMs)
      said[name] = (said[name] + text).slice(-OUTPUT_CHARS_MAX)
      const lines = (rest + text).split(/[\r\n]+/)
      rest = lines.pop() ?? ''
      for (const line of lines) if (line !== '') onLine?.(line)
    })
  }
  if (typeof input === 'string') child.stdin.end(input)
  else if (input) input.stdout.pipe(child.stdin)
  // The reader may end before the writer: its exit code tells, not a broken pipe.
  child.stdin?.on('error', () => {})

  return new Promise((resolve, reject) => {
    const settle = (finish) => {
      clearTimeout(whole)
      clearTimeout(idle)
      running.delete(child)
      finish()
    }
    const output = () => `${said.stdout}\n${said.stderr}`.trim().slice(-4000)
    child.once('error', (error) => settle(() => reject(new CommandFailed(argv, error.message, ''))))
    child.once('close', (code, signal) =>
      settle(() => {
        if (code === 0) resolve(said)
        else reject(new CommandFailed(argv, signal ? `ended by ${signal}` : `exit code ${code}`, output()))
      }),
    )
  })
}

/** The same, but a failure is `undefined`: for questions whose answer may be no. */
export const attempt = (argv, options) => run(argv, options).catch(() => undefined)

/** Starts `producer` and feeds what it writes to `consumer`; both must end well. */
export async function pipe(producer, consumer, options = {}) {
  const [command, ...args] = producer
  const source = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(source)
  let complaint = ''
  source.stderr.setEncoding('utf8').on('data', (text) => {
    complaint = (complaint + text).slice(-4000)
  })
  const ended = new Promise((resolve, reject) => {
    source.once('error', (error) => reject(new CommandFailed(producer, error.message, '')))
    source.once('close', (code) =>
      code === 0 ? resolve() : reject(new CommandFailed(producer, `exit code ${code}`, complaint)),
    )
  }).finally(() => running.delete(source))
  const consumed = run(consumer, { ...options, input: source })
  const [first, second] = await Promise.allSettled([consumed, ended])
  for (const part of [first, second]) if (part.status === 'rejected') throw part.reason
  return first.value
}

/** Whether a program of this name can be run. */
export const has = async (command) =>
  (await attempt([command, '--version'], { timeoutMs: 20_000 })) !== undefined

export function stopChildren() {
  for (const child of running) child.kill('SIGTERM')
}
