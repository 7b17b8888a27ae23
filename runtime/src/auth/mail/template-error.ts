/** What is wrong with a template, and where: lines and columns count from 1. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'

  constructor(source: string, at: number, why: string) {
    const before = source.slice(0, at)
    const line = before.split('\n').length
    super(`line ${line}, column ${at - before.lastIndexOf('\n')}: ${why}`)
  }
}
