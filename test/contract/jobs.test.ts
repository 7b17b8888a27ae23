/** Backups, imports and restores as jobs, and what comes of those that fail. */
import { createReadStream } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openSecrets } from '@cascata/control/adapters/project-secrets'
import { verifyArchive, verifyStream } from '@cascata/control/archive/verify'
import { putBack } from '@cascata/shared/auth/secrets'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auth, JobsPlace, seal } from '../harness/jobs-place.ts'

let place: JobsPlace

beforeAll(async () => {
  place = await JobsPlace.open()
  await place.start()
})
afterAll(() => place?.close())

describe('backup and import', () => {
  test('a backup is a file that verifies, and its row says what is in it', async () => {
    const { id, path } = await place.backUp()
    const summary = await verifyArchive({ path, identities: [place.keys.identity] })
    expect(await place.store.backups.get(id)).toMatchObject({
      status: 'ready',
      bytes: summary.bytes,
      sha256: summary.sha256,
      summary: { tables: summary.tables, rows: summary.rows, signed_by: place.keys.signer.fingerprint },
    })
  })

  test.each(['fresh', 'same'])('an import makes a project with %s keys', async (wish) => {
    const ref = `copy-${wish}`
    await place.addCluster(ref)
    const { path } = await place.backUp()
    const operation = await place.finished(await place.upload(path, ref, { keys: wish }))
    expect(operation).toMatchObject({ status: 'succeeded', result: { ref, name: 'shop' } })
    const [made, origin] = [await place.store.projects.get(ref), await place.store.projects.get('shop')]
    expect(made).toMatchObject({ importing: null, desired: 'running', name: 'shop' })
    const [own, old] = [openSecrets(seal, made), openSecrets(seal, origin)]
    expect(own.jwtSecret === old.jwtSecret).toBe(wish === 'same')
    // What the data holds sealed under the old secret opens with either.
    expect(own.formerJwtSecrets).toEqual(wish === 'same' ? [] : [old.jwtSecret])
    expect(own.passwords).not.toEqual(old.passwords)
    const { 'jwt.keys': signing, ...others } = auth.secrets
    expect(own.auth).toEqual(wish === 'same' ? { 'jwt.keys': signing, ...others } : others)
    expect(putBack(made.settings.auth, own.auth ?? {})).toMatchObject({ smtp: { password: 'p' } })
    expect(await place.albums(ref)).toBe(3000)
    expect(await readdir(join(place.home, 'imports'))).toEqual([])
  })

  test('an archive with a passphrase is imported with it, and not without', async () => {
    const { path } = await place.backUp({ passphrase: 'a dozen characters' })
    const refused = await place.finished(await place.upload(path, 'no-key'))
    expect(refused).toMatchObject({ status: 'failed', problem: { code: 'archive-wrong-key' } })
    await place.addCluster('by-phrase')
    const operation = await place.upload(path, 'by-phrase', { passphrase: 'a dozen characters' })
    expect(await place.finished(operation)).toMatchObject({ status: 'succeeded' })
  })

  test('a damaged archive makes nothing', async () => {
    const { path } = await place.backUp()
    const bytes = await readFile(path)
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1
    const damaged = join(place.home, 'damaged.caf')
    await writeFile(damaged, bytes)
    const operation = await place.finished(await place.upload(damaged, 'damaged'))
    expect(operation).toMatchObject({
      status: 'failed',
      problem: { code: expect.stringMatching(/^archive-(damaged|truncated)$/) },
    })
    expect(await place.store.projects.find('damaged')).toBeUndefined()
    expect(await readdir(join(place.home, 'imports'))).toEqual([])
  })

  test('an import whose database refuses is taken back at once', async () => {
    const { path } = await place.backUp()
    const operation = await place.finished(await place.upload(path, 'nowhere'))
    expect(operation.status).toBe('failed')
    const row = await place.store.projects.find('nowhere')
    expect(row).toMatchObject({ desired: 'deleted' })
    expect(Date.parse(row?.purgeAfter ?? '')).toBeLessThanOrEqual(Date.now())
  })

  test('a restore puts the backup in the place of what is there', async () => {
    const { id } = await place.backUp()
    await place.clusterOf('shop').fresh().unsafe('delete from public.album where id > 10')
    const operation = await place.finished(await place.ask('backup.restore', 'shop', { backup: id }))
    expect(operation).toMatchObject({ status: 'succeeded' })
    expect(await place.albums('shop')).toBe(3000)
    expect((await place.store.projects.get('shop')).importing).toBeNull()
  })

  test('what arrives as a stream is verified without being kept', async () => {
    const { path } = await place.backUp()
    expect(await verifyStream(createReadStream(path), { identities: [place.keys.identity] })).toMatchObject({
      tables: expect.any(Number),
    })
  })

  test('an operation that Redis forgot is found again', async () => {
    await place.stop()
    const { operation } = await place.askForBackup()
    await place.start()
    expect(await place.finished(operation)).toMatchObject({ status: 'succeeded' })
  })
})
