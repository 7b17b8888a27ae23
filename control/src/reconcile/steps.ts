/**
 * Runs steps as soon as those they come after have ended well. A failed step keeps back what depends on it and
 * nothing else.
 */
export type Ordered = { id: string; after: readonly string[] }

export type Outcome<Step> = { done: Step[]; failed: { step: Step; error: unknown }[]; skipped: Step[] }

export async function runInOrder<Step extends Ordered>(
  steps: readonly Step[],
  apply: (step: Step) => Promise<void>,
): Promise<Outcome<Step>> {
  const outcome: Outcome<Step> = { done: [], failed: [], skipped: [] }
  const ends = new Map<string, Promise<boolean>>()
  for (const step of steps) {
    // What a step comes after stands before it in the list; a name that is not in the list has nothing to do.
    const before = step.after.flatMap((id) => ends.get(id) ?? [])
    ends.set(step.id, run(step, before))
  }
  await Promise.all(ends.values())
  return outcome

  async function run(step: Step, before: readonly Promise<boolean>[]): Promise<boolean> {
    const ready = (await Promise.all(before)).every(Boolean)
    if (!ready) {
      outcome.skipped.push(step)
      return false
    }
    try {
      await apply(step)
      outcome.done.push(step)
      return true
    } catch (error) {
      outcome.failed.push({ step, error })
      return false
    }
  }
}
