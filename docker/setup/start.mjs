/** `npm start`: brings an instance up on this machine, shows that it works, and changes nothing when run again. */
import { randomUUID } from 'node:crypto'
import { controlApi } from './api.mjs'
import { command } from './command.mjs'
import { config } from './config.mjs'
import { ensureControl, waitReady } from './control.mjs'
import { demonstrate, ensureHello } from './hello.mjs'
import { pruneImages } from './images.mjs'
import { prepare } from './prepare.mjs'
import { ensureOwner } from './profile.mjs'
import { Steps } from './steps.mjs'

await command(async () => {
  const steps = new Steps()
  steps.say(`Cascata: instance ${config.instance} in ${config.home}`)
  await prepare(steps)
  await steps.run('control', ensureControl)
  await steps.run('ready', async (report) => {
    await waitReady(report)
    return false
  })
  let token
  await steps.run('admin', async (report) => {
    const owner = await ensureOwner(report)
    token = owner.token
    return owner.changed && `profile ${config.profile}`
  })
  if (steps.changed) await pruneImages()
  const api = controlApi(token)
  let project
  await steps.run('project hello', async (report) => {
    const hello = await ensureHello(api, report)
    project = hello.project
    return hello.changed
  })
  await show(steps, api, project)
  return 0
})

async function show(steps, api, project) {
  steps.say()
  if (project.status === 'running') for (const line of await demonstrate(api)) steps.say(line)
  else steps.say(`Project hello is ${project.status}; it is left so.`)
  const { control_url } = await api.status()
  steps.say()
  steps.say(`Console   ${control_url}/`)
  steps.say(`API       ${control_url}/v1   reference: ${control_url}/reference`)
  if (steps.changed) {
    steps.say(`Admin link (15 minutes, once): ${await api.newClaim(randomUUID())}`)
    steps.say(`Ready after ${steps.seconds}. Next: npx cascata projects create shop --wait`)
  } else {
    steps.say(`Nothing changed: everything was already there (${steps.seconds}).`)
  }
}
