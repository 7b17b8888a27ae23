/** A file system in memory: what is written stays when control dies. */
import type { Directory, Files, Ownership } from '@cascata/control/adapters/files'
import type { Life, Trouble } from './simulated-faults.ts'

type Node = { kind: 'directory' | 'file' | 'link'; text: string; ownership: Ownership | null }

export class SimulatedFiles {
  readonly nodes = new Map<string, Node>()
  readonly trouble: Trouble

  constructor(trouble: Trouble) {
    this.trouble = trouble
  }

  text(path: string): string | null {
    return this.nodes.get(this.#followed(path))?.text ?? null
  }

  files(life: Life): Files {
    const { trouble } = this
    const change = (what: string, work: () => void) =>
      trouble.call(life, what, () => {
        work()
        trouble.mutations.push(what)
      })
    return {
      unsound: (directories) =>
        trouble.call(life, 'stat', () => directories.filter((directory) => !this.#isSound(directory))),
      ensureDirectory: ({ path, ...ownership }) =>
        change(`mkdir ${path}`, () => this.nodes.set(path, { kind: 'directory', text: '', ownership })),
      read: (path) => trouble.call(life, 'read', () => this.text(path)),
      look: (path) =>
        trouble.call(life, 'read', () => {
          const node = this.nodes.get(path)
          return node?.ownership ? { ...node.ownership, text: node.kind === 'file' ? node.text : null } : null
        }),
      stamp: (path) =>
        trouble.call(life, 'stat', () => {
          const node = this.nodes.get(path)
          return node ? JSON.stringify(node) : null
        }),
      write: (path, text, ownership) =>
        change(`write ${path}`, () => this.nodes.set(path, { kind: 'file', text, ownership })),
      list: (path) => trouble.call(life, 'readdir', () => this.#namesIn(path)),
      exists: (path) =>
        trouble.call(life, 'exists', () => this.nodes.has(path) || this.#namesIn(path).length > 0),
      groupOf: (path) => trouble.call(life, 'stat', () => this.nodes.get(path)?.ownership?.gid ?? null),
      setGroup: (path, gid) =>
        change(`chgrp ${path}`, () => {
          const node = this.nodes.get(path)
          if (node?.ownership) node.ownership = { ...node.ownership, gid }
        }),
      remove: (path) =>
        change(`rm ${path}`, () => {
          for (const each of this.nodes.keys()) {
            if (each === path || each.startsWith(`${path}/`)) this.nodes.delete(each)
          }
        }),
      readLink: (path) =>
        trouble.call(life, 'readlink', () => {
          const node = this.nodes.get(path)
          return node?.kind === 'link' ? node.text : null
        }),
      switchLink: (path, target) =>
        change(`link ${path}`, () => this.nodes.set(path, { kind: 'link', text: target, ownership: null })),
    }
  }

  #isSound({ path, uid, gid, mode }: Directory): boolean {
    const node = this.nodes.get(path)
    const { ownership } = node ?? {}
    return (
      node?.kind === 'directory' && ownership?.uid === uid && ownership.gid === gid && ownership.mode === mode
    )
  }

  #namesIn(path: string): string[] {
    const under = [...this.nodes.keys()].filter((each) => each.startsWith(`${path}/`))
    return [...new Set(under.map((each) => each.slice(path.length + 1).split('/')[0] ?? ''))].toSorted()
  }

  /** Through a link in the middle of the path. */
  #followed(path: string): string {
    for (const [link, node] of this.nodes) {
      if (node.kind !== 'link' || !path.startsWith(`${link}/`)) continue
      return `${link.slice(0, link.lastIndexOf('/'))}/${node.text}${path.slice(link.length)}`
    }
    return path
  }
}
