/** The two files of a certificate in `edge/certs`: how they are read with distrust, and written. */
import { join } from 'node:path'
import type { Pair, PairFault } from '../../acme/pair.ts'
import type { Files } from '../../adapters/files.ts'
import { EDGE_UID, type Paths } from '../../paths.ts'
import { mayRead } from '../written.ts'

export type PairPaths = { certificate: string; key: string }

/** No upload is larger, and no authority's chain. */
const FILE_BYTES_MAX = 256 * 1024

/** @param file of both, without the ending */
export const pairPaths = (
  { edgeCertificates }: Pick<Paths, 'edgeCertificates'>,
  file: string,
): PairPaths => ({
  certificate: join(edgeCertificates, `${file}.crt`),
  key: join(edgeCertificates, `${file}.key`),
})

/** What is wrong with the files as such; what is in them is judged elsewhere. */
export async function readPair(files: Pick<Files, 'look'>, at: PairPaths): Promise<Pair | PairFault> {
  const [certificate, key] = await lookAtBoth(files, at)
  if (certificate === null) return key === null ? 'missing' : 'certificate-missing'
  if (key === null) return 'key-missing'
  if (certificate.text === null || key.text === null) return 'no-file'
  if (!mayRead(certificate, EDGE_UID) || !mayRead(key, EDGE_UID)) return 'shut'
  return { certificate: certificate.text, key: key.text }
}

/** @param willReplace asked before anything that is there is touched */
export async function writePair(
  files: Pick<Files, 'look' | 'write' | 'remove'>,
  at: PairPaths,
  pair: Pair,
  willReplace: () => Promise<void>,
): Promise<void> {
  const [certificate, key] = await lookAtBoth(files, at)
  if (certificate !== null || key !== null) await willReplace()
  if (certificate?.text === null) await files.remove(at.certificate)
  if (key?.text === null) await files.remove(at.key)
  const readable = { uid: 0, gid: EDGE_UID, mode: 0o640 }
  // The certificate last: without it nobody takes the pair to be there.
  await files.write(at.key, pair.key, readable)
  await files.write(at.certificate, pair.certificate, readable)
}

const lookAtBoth = (files: Pick<Files, 'look'>, { certificate, key }: PairPaths) =>
  Promise.all([files.look(certificate, FILE_BYTES_MAX), files.look(key, FILE_BYTES_MAX)])
