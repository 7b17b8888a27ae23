/**
 * Opens an archive as a person without Cascata would: `age -d | zstd -d | tar x`. The commands are this machine's,
 * or those in control's image where it has none.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, createReadStream } from 'node:fs'
import { join } from 'node:path'

const FOLDERS = ['/usr/local/bin', '/usr/bin', '/bin']

function isHere(name: string): boolean {
  return FOLDERS.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** argv of the command; in a container it sees `folder` under the same name. */
export function command(
  name: 'age' | 'age-keygen' | 'zstd' | 'tar',
  folder: string,
  image: string,
): string[] {
  if (isHere(name)) return [name]
  const shared = [`--volume=${folder}:${folder}`, `--entrypoint=${name}`]
  return ['docker', 'run', '--rm', '--interactive', '--network=none', ...shared, image]
}

export type OpenByHand = { path: string; keyFile: string; into: string; image?: string }

/** Unpacks into the folder `into`, which also holds the key file. */
export async function openByHand({
  path,
  keyFile,
  into,
  image = 'cascata-control:0.1.0',
}: OpenByHand): Promise<void> {
  const argvs = [
    [...command('age', into, image), '--decrypt', '--identity', keyFile],
    [...command('zstd', into, image), '--decompress', '--stdout', '--quiet'],
    [...command('tar', into, image), '-x', '-f', '-', '-C', into],
  ]
  const children = argvs.map(([program = '', ...rest]) =>
    spawn(program, rest, { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  const ends = children.map((child) => once(child, 'exit'))
  children
    .reduce<NodeJS.ReadableStream>((source, child) => {
      source.pipe(child.stdin)
      return child.stdout
    }, createReadStream(path))
    .resume()
  const codes = (await Promise.all(ends)).map(([code]) => code)
  if (codes.some((code) => code !== 0)) throw new Error(`age, zstd and tar ended with ${codes.join(', ')}`)
}

/** Seals a file with the age command for that recipient. */
export function sealByHand(bytes: Buffer, recipient: string, folder: string): Buffer {
  const [program = '', ...rest] = command('age', folder, 'cascata-control:0.1.0')
  return execFileSync(program, [...rest, '--recipient', recipient], { input: bytes, maxBuffer: 1 << 28 })
}
