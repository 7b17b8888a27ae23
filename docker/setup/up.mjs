/** Brings an instance up with what `npm start` made before (images, tools) and signs its owner in. For the tests. */
import { command } from './command.mjs'
import { config } from './config.mjs'
import { ensureControl, waitReady } from './control.mjs'
import { ensureOwner } from './profile.mjs'
import { Steps } from './steps.mjs'

await command(async () => {
  const steps = new Steps()
  await steps.run('control', ensureControl)
  await steps.run('ready', async (report) => {
    await waitReady(report)
    return false
  })
  await steps.run('admin', async (report) => {
    const owner = await ensureOwner(report)
    return owner.changed && `profile ${config.profile}`
  })
  return 0
})
