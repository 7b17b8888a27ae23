/**
 * Debian's pebble (a certificate authority for tests), its DNS, BIND, and a curl that speaks HTTP/3, in an image made
 * when it is missing.
 */
import { output, run } from './run.ts'

export const AUTHORITY_IMAGE = 'cascata-test-authority:trixie-2'

const DOCKERFILE = `FROM debian:trixie-slim
RUN apt-get update \\
 && apt-get install -y --no-install-recommends pebble bind9 bind9-dnsutils curl \\
 && rm -rf /var/lib/apt/lists/*
`

export async function ensureAuthorityImage(): Promise<void> {
  if ((await run('docker', ['image', 'inspect', AUTHORITY_IMAGE])).code === 0) return
  const stdin = Buffer.from(DOCKERFILE)
  await output('docker', ['build', '--force-rm', '-t', AUTHORITY_IMAGE, '-'], {
    stdin,
    env: { DOCKER_BUILDKIT: '0' },
    timeoutMs: 600_000,
  })
}
