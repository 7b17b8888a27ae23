/** The machine's own apt: what it is set to, and installing with it. */
import { childEnv, config } from './config.mjs'
import { attempt, run } from './process.mjs'

/** `apt-config dump` text, empty where there is no apt. */
export const aptDump = async () => (await attempt(['apt-config', 'dump']))?.stdout ?? ''

/** `apt-config dump` text -> the value of one item, undefined when not set. */
export function aptSetting(dump, name) {
  const line = dump
    .split('\n')
    .find((candidate) => candidate.toLowerCase().startsWith(`${name.toLowerCase()} "`))
  return line === undefined ? undefined : line.slice(name.length + 2, line.lastIndexOf('"'))
}

/** Installs packages, looking for new lists only when the known ones do not do. */
export async function aptInstall(packages) {
  const env = { ...childEnv, DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...packages]
  if (await attempt(install, { env })) return
  await run(['apt-get', 'update', '-q'], { env })
  await run(install, { env })
}

/** The proxy the machine's apt uses, for programs that read the environment instead (`docker build` among them). */
export const aptProxy = async () => proxyEnv(await aptDump())

export function proxyEnv(apt) {
  const set = {
    http_proxy: aptSetting(apt, 'Acquire::http::Proxy') ?? config.proxy.http,
    https_proxy: aptSetting(apt, 'Acquire::https::Proxy') ?? config.proxy.https,
  }
  return Object.fromEntries(Object.entries(set).filter(([, value]) => value && value !== 'DIRECT'))
}
