/**
 * Removes an instance: its containers and its networks; with `--data` also its home and its profile. Control goes
 * first, or it would make the others again.
 */
import { rm } from 'node:fs/promises'
import { command } from './command.mjs'
import { childEnv, config } from './config.mjs'
import { attempt, run } from './process.mjs'
import { Steps } from './steps.mjs'

const withData = process.argv.includes('--data')

await command(async () => {
  const steps = new Steps()
  await steps.run('control', () =>
    attempt(['docker', 'rm', '--force', `${config.instance}-control`], { env: childEnv }),
  )
  await steps.run('containers', removeContainers)
  await steps.run('networks', removeNetworks)
  if (withData) {
    await steps.run('data', async () => {
      await rm(config.home, { recursive: true, force: true })
      await rm(config.profile, { force: true })
      return config.home
    })
  } else steps.say(`${config.home} is kept; --data removes it too.`)
  return 0
})

async function removeContainers() {
  const filter = `label=dev.cascata.instance=${config.instance}`
  const { stdout } = await run(['docker', 'ps', '--all', '--quiet', '--filter', filter], { env: childEnv })
  const ids = stdout.split('\n').filter((id) => id !== '')
  if (ids.length > 0) await run(['docker', 'rm', '--force', ...ids], { env: childEnv })
  return ids.length > 0 && `${ids.length} removed`
}

async function removeNetworks() {
  const names = ['egress', 'edge', 'pooler'].map((purpose) => `${config.instance}-${purpose}`)
  const removed = await Promise.all(
    names.map((name) => attempt(['docker', 'network', 'rm', name], { env: childEnv })),
  )
  return removed.some(Boolean) && names.filter((_, at) => removed[at]).join(', ')
}
