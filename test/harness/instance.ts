/**
 * One Cascata instance for the tests on Docker: its own name, home and ports, so that an instance a person uses on
 * the same machine is neither seen nor touched. Made by the same set-up as `npm start`, removed afterwards.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'
import { testConfig } from './config.ts'
import { run } from './run.ts'

export type Instance = {
  name: string
  home: string
  httpPort: number
  httpsPort: number
  /** Of Postgres, while a project of the instance is open. */
  dbSessionPort: number
  dbTransactionPort: number
  /** Path of the CLI's profile, signed in as owner. */
  profile: string
}

declare module 'vitest' {
  export interface ProvidedContext {
    instance: Instance
  }
}

const setup = (file: string) => fileURLToPath(new URL(`../../docker/setup/${file}`, import.meta.url))

/** What the set-up and control take from their environment for this instance. */
export const environmentOf = (instance: Instance): Record<string, string> => ({
  CASCATA_INSTANCE: instance.name,
  CASCATA_HOME: instance.home,
  CASCATA_HTTP_PORT: String(instance.httpPort),
  CASCATA_HTTPS_PORT: String(instance.httpsPort),
  CASCATA_DB_SESSION_PORT: String(instance.dbSessionPort),
  CASCATA_DB_TRANSACTION_PORT: String(instance.dbTransactionPort),
  CASCATA_PROFILE: instance.profile,
  // What a test does not touch for a while must still run; tests of sleep say so themselves.
  CASCATA_SLEEP_AFTER_MINUTES: 'never',
})

const PORTS_A_SLOT = 1_000

/** @param prepare makes what the instance starts with, and says what is set beside the usual. */
export async function startInstance(
  usualName: string,
  usualPort: number,
  prepare: (instance: Instance) => Promise<Record<string, string>> = async () => ({}),
): Promise<Instance> {
  // Short: the path of a unix socket ends at 107 bytes.
  const home = await mkdtemp('/var/tmp/cascata-')
  const { slot } = testConfig
  const name = slot === 0 ? usualName : `${usualName}-${slot}`
  const httpPort = usualPort + slot * PORTS_A_SLOT
  const ports = { httpPort, httpsPort: httpPort + 443 }
  const dbPorts = { dbSessionPort: httpPort + 5432, dbTransactionPort: httpPort + 6543 }
  const instance = { name, home, ...ports, ...dbPorts, profile: join(home, 'profile.json') }
  await script(instance, ['down.mjs'])
  await script(instance, ['up.mjs'], await prepare(instance))
  return instance
}

export async function stopInstance(instance: Instance): Promise<void> {
  await script(instance, ['down.mjs', '--data'])
  await rm(instance.home, { recursive: true, force: true })
}

async function script(
  instance: Instance,
  [file = '', ...argv]: readonly string[],
  more: Record<string, string> = {},
): Promise<void> {
  const ran = await run(process.execPath, [setup(file), ...argv], {
    env: { ...environmentOf(instance), ...more },
    timeoutMs: 240_000,
  })
  if (ran.code !== 0) throw new Error(`${file} ended with ${ran.code}: ${ran.stdout.toString()}${ran.stderr}`)
}

/** vitest's global set-up of the acceptance tests. */
export default async function (project: TestProject): Promise<() => Promise<void>> {
  const instance = await startInstance('cascata-test', 18_080)
  project.provide('instance', instance)
  return () => stopInstance(instance)
}
