/** The environment as the two commands see it, read here once. docs/operate/install.md explains each name. */
import { readFileSync } from 'node:fs'
import { homedir, networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bindOf } from './bind.mjs'

const env = process.env
const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
/** As control makes it: below `sslip.io` every address is a name. Without one control says what is missing. */
const address = env.CASCATA_PUBLIC_ADDRESS?.split(',')
  .map((each) => each.trim())
  .find((each) => /^[0-9.]+$/.test(each))
const given = env.CASCATA_DOMAIN || 'localhost'
const domain = given === 'sslip.io' && address ? `${address.replaceAll('.', '-')}.${given}` : given
const local = domain === 'localhost'
const tools = join(root, '.tools')

/** What control alone makes something of. */
const PASSED = [
  'CASCATA_ACME_CA',
  'CASCATA_ACME_DIRECTORY',
  'CASCATA_ACME_EMAIL',
  'CASCATA_DNS_SERVERS',
  'CASCATA_HTTP3',
  'CASCATA_PUBLIC_ADDRESS',
  'CASCATA_SLEEP_AFTER_MINUTES',
  'CASCATA_TRUSTED_PROXIES',
]

export const config = Object.freeze({
  root,
  /** Node and pnpm of this checkout. */
  tools,
  /** What the set-up remembers, and the log of an engine it started. */
  state: join(root, '.cascata'),
  home: env.CASCATA_HOME || '/var/lib/cascata',
  instance: env.CASCATA_INSTANCE || 'cascata',
  domain,
  httpPort: Number(env.CASCATA_HTTP_PORT || (local ? 8080 : 80)),
  httpsPort: Number(env.CASCATA_HTTPS_PORT || (local ? 8443 : 443)),
  dbSessionPort: Number(env.CASCATA_DB_SESSION_PORT || (local ? 15432 : 5432)),
  dbTransactionPort: Number(env.CASCATA_DB_TRANSACTION_PORT || (local ? 16543 : 6543)),
  bind: bindOf(
    { named: env.CASCATA_BIND, local, hasProxies: Boolean(env.CASCATA_TRUSTED_PROXIES) },
    networkInterfaces(),
  ),
  tag: env.CASCATA_IMAGE_TAG || version,
  socket: env.CASCATA_DOCKER_SOCKET || '/var/run/docker.sock',
  logLevel: env.CASCATA_LOG_LEVEL || 'info',
  passed: Object.fromEntries(PASSED.flatMap((name) => (env[name] ? [[name, env[name]]] : []))),
  profile:
    env.CASCATA_PROFILE || join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'cascata/profile.json'),
  /** Files of the site's own certificate authorities, for downloads made while the base images are. */
  caFiles: [...new Set([env.SSL_CERT_FILE, env.NODE_EXTRA_CA_CERTS].filter(Boolean))],
  proxy: { http: env.http_proxy || env.HTTP_PROXY, https: env.https_proxy || env.HTTPS_PROXY },
})

/**
 * The environment for programs of the set-up: the checkout's Node and pnpm first, the configured engine, the
 * builder that every engine has, and nothing that npm told its script and another npm would take for its own.
 */
export const childEnv = Object.freeze({
  ...Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^npm_(config_|package_|lifecycle_)/i.test(name)),
  ),
  PATH: [join(tools, 'node_modules/.bin'), env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin'].join(':'),
  DOCKER_HOST: `unix://${config.socket}`,
  DOCKER_BUILDKIT: '0',
  TURBO_TELEMETRY_DISABLED: '1',
  DO_NOT_TRACK: '1',
})
