/** Backups and imports, as the control API promises them; the archive itself has tests of its own. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { BackupChanged, ImportStarted } from '@cascata/shared/contract/backups'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestControl, type TestControl } from './control.ts'

let on: TestControl
let owner: string
beforeAll(async () => {
  on = await openTestControl()
  owner = await on.claim()
})
afterAll(() => on?.stop())

const post = (path: string, body?: unknown, headers = {}) =>
  on.call('POST', path, { as: owner, body: body ?? {}, headers })
const get = (path: string, as = owner) => on.call('GET', path, { as })

describe('backups and imports', () => {
  test('a backup is asked for, downloaded in ranges once ready, and deleted with its file', async () => {
    await post('/v1/projects', { name: 'kept' })
    const { body } = await post('/v1/projects/kept/backups', { passphrase: 'correct horse battery' })
    const { id, operation } = BackupChanged.parse(body)
    expect((await post('/v1/projects/kept/backups')).body.code).toBe('operation-under-way')
    expect((await get(`/v1/backups/${id}/file`)).body.code).toBe('backup-not-ready')

    const directory = join(on.home, 'backups', 'kept')
    await mkdir(directory, { recursive: true })
    await writeFile(join(directory, `${id}.caf`), '0123456789')
    await on.store.backups.ready(id, { bytes: 10, sha256: 'abc', summary: {} })
    await on.store.operations.succeed(operation.id)

    const whole = await get(`/v1/backups/${id}/file`)
    expect([whole.status, whole.text, whole.headers.get('etag')]).toEqual([200, '0123456789', '"abc"'])
    const ranged = (range: string, more = {}) =>
      on.call('GET', `/v1/backups/${id}/file`, { as: owner, headers: { range, ...more } })
    const part = await ranged('bytes=4-6')
    expect([part.status, part.text, part.headers.get('content-range')]).toEqual([206, '456', 'bytes 4-6/10'])
    expect((await ranged('bytes=10-')).body.code).toBe('range-invalid')
    expect((await ranged('bytes=4-6', { 'if-range': '"other"' })).text).toBe('0123456789')

    expect((await post(`/v1/backups/${id}/restore`)).status).toBe(202)
    expect((await post('/v1/projects/kept/pause')).body.code).toBe('operation-under-way')
    const open = (await on.store.operations.listOpenOf('kept')).find(({ kind }) => kind === 'backup.restore')
    await on.store.operations.succeed(open?.id ?? '')

    expect((await on.call('DELETE', `/v1/backups/${id}`, { as: owner })).status).toBe(204)
    expect(await readdir(directory)).toEqual([])
    expect((await get(`/v1/backups/${id}`)).body.code).toBe('backup-not-found')
  })

  test('a secret of a job stands in no table in clear, and opens for its operation alone', async () => {
    const [operation] = await on.store.operations.listOpenOf('sealed')
    expect(operation).toBeUndefined()
    await post('/v1/projects', { name: 'sealed' })
    await post('/v1/projects/sealed/backups', { passphrase: 'correct horse battery' })
    const made = (await on.store.operations.listOpenOf('sealed')).find(({ kind }) => kind === 'backup.create')
    expect(made?.input.sealedPassphrase).toMatch(/^v1\./)
    expect(JSON.stringify(made)).not.toContain('horse')
  })

  const upload = (query: string, bytes: string, headers: Record<string, string> = {}) =>
    on.call('POST', `/v1/projects/import?${query}`, {
      as: owner,
      body: bytes,
      headers: { 'content-type': 'application/octet-stream', ...headers },
    })

  test('an upload becomes a file and an operation; its passphrase is sealed', async () => {
    const { status, body } = await upload('ref=brought&name=Brought', 'bytes of an archive', {
      'x-cascata-passphrase': Buffer.from('open sesame please').toString('base64'),
    })
    const { operation } = ImportStarted.parse(body)
    expect(status).toBe(202)
    expect(await readFile(join(on.home, 'imports', `${operation.id}.caf`), 'utf8')).toBe(
      'bytes of an archive',
    )
    const row = await on.store.operations.get(operation.id)
    expect(row.input).toMatchObject({ name: 'Brought', keys: 'fresh', bytes: 19 })
    expect(JSON.stringify(row)).not.toContain('sesame')
    expect((await upload('ref=brought', 'again')).body.code).toBe('operation-under-way')
    expect((await post('/v1/projects', { name: 'x', ref: 'brought' })).body.code).toBe('operation-under-way')
    expect(await readdir(join(on.home, 'imports'))).toEqual([`${operation.id}.caf`])
  })

  test('one that is cut off, or for a ref that is taken, leaves nothing', async () => {
    const before = await readdir(join(on.home, 'imports'))
    expect((await upload('ref=cut', 'short', { 'content-length': '99' })).body.code).toBe('upload-incomplete')
    expect((await upload('ref=kept', 'bytes')).body.code).toBe('project-ref-taken')
    expect((await upload('ref=UPPER', 'bytes')).status).toBe(422)
    expect(await readdir(join(on.home, 'imports'))).toEqual(before)
  })

  test('one may only be verified: its summary or its fault is told, and nothing of it is kept', async () => {
    const before = await readdir(join(on.home, 'imports'))
    const verify = (passphrase: string) =>
      on.call('POST', '/v1/backups/verify', {
        as: owner,
        body: 'bytes',
        headers: {
          'content-type': 'application/octet-stream',
          'x-cascata-passphrase': Buffer.from(passphrase).toString('base64'),
        },
      })
    expect((await verify('größe')).body).toEqual({ bytes: 5 })
    expect((await verify('other')).body.code).toBe('archive-wrong-key')
    expect(await readdir(join(on.home, 'imports'))).toEqual(before)
  })

  test('at start, uploads that no open operation needs are swept away', async () => {
    await writeFile(join(on.home, 'imports', 'left.caf.part'), 'x')
    await writeFile(join(on.home, 'imports', `${crypto.randomUUID()}.caf`), 'x')
    expect(await on.app.imports.sweep()).toBe(2)
    expect(await readdir(join(on.home, 'imports'))).toHaveLength(1)
  })
})
