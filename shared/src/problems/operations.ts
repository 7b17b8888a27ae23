/** What can go wrong with an operation. */
import { problem } from '../problem.ts'

export const OperationNotFound = problem('operation-not-found', {
  status: 404,
  title: 'Operation not found',
  detail: () => 'There is no such operation, or this token may not see it.',
})

export const OperationUnderWay = problem('operation-under-way', {
  status: 409,
  title: 'Another operation is under way',
  detail: (ref: string, kind: string) => `The project ${ref} is still busy with ${kind}.`,
  hint: 'Wait until it has finished: GET /v1/operations?ref={ref}.',
})
