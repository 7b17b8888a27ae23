/** `cascata completion SHELL`: a script made from the commands themselves, so that it cannot fall behind them. */
import { Argument, type Command } from 'commander'

export function completionCommand(program: Command): void {
  program
    .command('completion')
    .description('print a completion script')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .action((dialect: string) => {
      const words = wordsOf(program)
      const render = { bash, zsh, fish }[dialect as 'bash' | 'zsh' | 'fish']
      process.stdout.write(render(words))
    })
}

/** What may follow each command: `''` is the top, `projects create` a leaf. */
export function wordsOf(program: Command): Map<string, string[]> {
  const words = new Map<string, string[]>()
  const visit = (command: Command, path: string) => {
    const options = [...command.options, ...program.options]
      .map((option) => option.long)
      .filter((long) => long !== undefined && long !== null)
    words.set(path, [...command.commands.map((child) => child.name()), ...new Set(options)])
    for (const child of command.commands) visit(child, `${path} ${child.name()}`.trim())
  }
  visit(program, '')
  return words
}

const cases = (words: Map<string, string[]>) =>
  [...words].map(([path, next]) => `    '${path}') words='${next.join(' ')}' ;;`).join('\n')

const bash = (words: Map<string, string[]>) => `_cascata() {
  local path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in -*) ;; *) path="\${path:+$path }$word" ;; esac
  done
  while :; do
  case "$path" in
${cases(words)}
    *' '*) path="\${path% *}"; continue ;;
    *) path=''; continue ;;
  esac
  break
  done
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _cascata cascata
`

const zsh = (words: Map<string, string[]>) => `#compdef cascata
autoload -U +X bashcompinit && bashcompinit
${bash(words)}`

const fish = (words: Map<string, string[]>) =>
  `${[...words]
    .map(([path, next]) => {
      const condition =
        path === ''
          ? '__fish_use_subcommand'
          : path
              .split(' ')
              .map((word) => `__fish_seen_subcommand_from ${word}`)
              .join('; and ')
      return `complete -c cascata -n '${condition}' -a '${next.join(' ')}'`
    })
    .join('\n')}\n`
