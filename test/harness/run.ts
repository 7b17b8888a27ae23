/** Runs a program with an argv, never through a shell, and hands back what it said. */
import { spawn } from 'node:child_process'
import { testConfig } from './config.ts'

export type Ran = { code: number; stdout: Buffer; stderr: string }

export type RunOptions = {
  env?: Record<string, string>
  cwd?: string
  stdin?: Buffer
  timeoutMs?: number
}

export function run(program: string, argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, {
      env: { ...testConfig.environment, ...options.env },
      cwd: options.cwd,
      timeout: options.timeoutMs ?? 180_000,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const stdout: Buffer[] = []
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? -1, stdout: Buffer.concat(stdout), stderr }))
    // A program that ends before it read all of its input is no failure of ours.
    child.stdin.on('error', () => undefined)
    child.stdin.end(options.stdin)
  })
}

/** The program's output as text. @throws with its stderr when it failed. */
export async function output(
  program: string,
  argv: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const ran = await run(program, argv, options)
  if (ran.code !== 0) throw new Error(`${program} ${argv.join(' ')} ended with ${ran.code}: ${ran.stderr}`)
  return ran.stdout.toString()
}
