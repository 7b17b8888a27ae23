/** Reads from a Dockerfile what its image is made of: the images it starts from and the files it copies. Pure. */

/** `{images, paths}`; `paths` are relative to the build context, which is the repository. */
export function inputsOf(text) {
  const instructions = text
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\s*\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
  const stages = new Set()
  const images = new Set()
  const paths = new Set()
  for (const instruction of instructions) {
    const [word, ...rest] = instruction.split(/\s+/)
    const flags = rest.filter((part) => part.startsWith('--'))
    const values = rest.filter((part) => !part.startsWith('--'))
    if (/^from$/i.test(word)) {
      if (!stages.has(values[0])) images.add(values[0])
      if (values[2]) stages.add(values[2])
    }
    if (/^(copy|add)$/i.test(word) && !flags.some((flag) => flag.startsWith('--from='))) {
      for (const path of values.slice(0, -1)) paths.add(path.replace(/\/$/, ''))
    }
  }
  return { images: [...images], paths: [...paths] }
}
